"""The reader with the shipped model, on real picture files."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from mnistnet.data.mnist import load_sample
from mnistnet.errors import ModelError, PictureError
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import load_model
from mnistnet.nn.network import new_params
from mnistnet.places import shipped
from mnistnet.reader import Reader, Reading
from tests.models import small_model

READER = Reader(load_model(shipped("mnist.npz")))
TEST = load_sample().test


def page(size: tuple[int, int], place: tuple[int, int], side: int, *, index: int = 3) -> Image.Image:
    """A white page with one digit, dark, enlarged to side pixels at place."""
    ink = Image.fromarray(np.uint8(255 * TEST.images[index].reshape(28, 28))).resize(
        (side, side), Image.Resampling.NEAREST
    )
    paper = Image.new("L", size, 255)
    paper.paste(ImageOps.invert(ink), place)
    return paper


def png(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def read(image: Image.Image, **options: object) -> Reading:
    return READER.read(png(image, **options), name="page")


def ink_of(image: Image.Image) -> np.ndarray:
    """The box of what is darker than paper, found by Pillow."""
    return np.array(ImageOps.invert(image).point(lambda value: 255 * (value > 128)).getbbox())


@pytest.mark.parametrize(
    ("size", "place", "side"),
    [((300, 200), (20, 30), 112), ((4100, 3000), (1000, 500), 1120), ((200, 5000), (50, 3000), 84)],
)
def test_the_box_is_in_pixels_of_the_picture_however_large(
    size: tuple[int, int], place: tuple[int, int], side: int
) -> None:
    image = page(size, place, side)
    (part,) = read(image).parts
    assert part.digit == TEST.labels[3]
    np.testing.assert_allclose(part.box, ink_of(image), atol=side / 28)


def test_the_box_is_that_of_the_upright_picture() -> None:
    image = page((300, 200), (20, 30), 112)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: shown by a quarter turn clockwise
    (part,) = read(image.transpose(Image.Transpose.ROTATE_90), exif=exif).parts
    assert part.digit == TEST.labels[3]
    np.testing.assert_allclose(part.box, ink_of(image), atol=4)


def test_a_reading_is_sure_from_the_threshold_on() -> None:
    calibration = READER.model.calibration
    for index in range(200):
        inspection = READER.inspect(png(page((280, 280), (0, 0), 280, index=index)), name="page")
        reading = inspection.reading
        likeness = judge(READER.model, inspection.images).likeness[0]
        assert reading.sure == (reading.confidence >= calibration.sure_from and likeness >= calibration.digit_from)
        assert reading.confidence == max(reading.parts[0].probabilities)


def test_a_network_that_knows_nothing_is_not_sure() -> None:
    blank = replace(READER.model, params=new_params(READER.model.network))
    reading = Reader(blank).read(png(page((280, 280), (0, 0), 280)), name="page")
    assert reading.confidence == pytest.approx(0.1)
    assert not reading.sure


def test_no_ink_is_no_digit_and_no_error() -> None:
    reading = read(Image.new("L", (30, 30), 255))
    assert (reading.digits, reading.confidence, reading.sure, reading.parts) == ("", 0, False, [])
    assert reading.warnings == ["no ink: the picture is all one colour"]
    assert "error" not in reading.as_json()


def test_what_cannot_be_read_is_an_error_in_the_reading(tmp_path: Path) -> None:
    with pytest.raises(PictureError):
        READER.read(tmp_path / "none.png", name="none.png")
    reading = READER.try_read(tmp_path / "none.png", name="none.png")
    assert "none.png" in reading.error
    assert reading.as_json()["error"] == reading.error


def test_a_model_that_overflows_has_no_answer() -> None:
    model = small_model()
    model.params.flat[:] = 3e38
    picture = io.BytesIO()
    Image.fromarray(np.pad(np.full((10, 4), 255, np.uint8), 9)).save(picture, "PNG")
    with pytest.raises(ModelError, match="so large that it answers with no numbers"):
        Reader(model).read(picture.getvalue(), name="one.png")

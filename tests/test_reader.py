"""The reader with the shipped model, on real picture files."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from mnistnet.data.glyphs import print_glyph
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
    model, calibration = READER.model, READER.model.calibration
    for index in range(200):
        inspection = READER.inspect(png(page((280, 280), (0, 0), 280, index=index)), name="page")
        reading = inspection.reading
        likeness = judge(model.network, model.params, calibration, inspection.images).likeness[0]
        assert reading.sure == (reading.confidence >= calibration.sure_from and likeness >= calibration.digit_from)
        assert reading.confidence == max(reading.parts[0].probabilities)


def test_a_network_that_knows_nothing_is_not_sure() -> None:
    blank = replace(READER.model, params=new_params(READER.model.network))
    picture = png(page((280, 280), (0, 0), 280))
    assert not Reader(blank).read(picture, name="page").sure
    reading = Reader(blank, single=True).read(picture, name="page")
    assert reading.confidence == pytest.approx(0.1)
    assert not reading.sure
    assert reading.warnings


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


def number(indices: list[int], *, gap: int = 12, comma_after: int | None = None) -> Image.Image:
    """A white page with these test digits in a row."""
    page = Image.new("L", (60 + len(indices) * (84 + gap), 160), 255)
    for place, index in enumerate(indices):
        ink = Image.fromarray(np.uint8(255 * TEST.images[index].reshape(28, 28))).resize((84, 84))
        page.paste(0, (30 + place * (84 + gap), 38), ink)
        if place == comma_after:
            page.paste(0, (30 + place * (84 + gap) + 84, 108, 30 + place * (84 + gap) + 91, 124))
    return page


def test_several_digits_are_read_in_order_with_their_boxes() -> None:
    indices = [3, 5, 8, 13, 21, 34]
    image = number(indices, comma_after=2)
    reading = read(image)
    assert reading.digits == "".join(str(TEST.labels[index]) for index in indices)
    assert reading.confidence == pytest.approx(np.prod([max(part.probabilities) for part in reading.parts]))
    for place, part in enumerate(reading.parts):
        left = 30 + place * 96
        expected = ink_of(image.crop((left, 38, left + 84, 122)))
        np.testing.assert_allclose(np.subtract(part.box, (left, 38, left, 38)), expected, atol=4)


def test_two_lines_are_read_from_top_to_bottom() -> None:
    upper, lower = number([3, 5, 8]), number([13, 21])
    page = Image.new("L", (upper.width, 400), 255)
    page.paste(upper, (0, 10))
    page.paste(lower, (0, 200))
    assert read(page).digits == "".join(str(TEST.labels[index]) for index in (3, 5, 8, 13, 21))


def test_all_is_one_digit_where_that_is_asked_for() -> None:
    image = number([3, 5])
    assert len(read(image).parts) == 2
    reading = replace(READER, single=True).read(png(image), name="page")
    (part,) = reading.parts
    np.testing.assert_allclose(part.box, ink_of(image), atol=4)
    assert not reading.sure


def test_signs_before_a_number_are_left_out_or_make_unsure() -> None:
    right, surely_wrong = 0, 0
    for place, sign in enumerate("$£#€" * 5):
        page = Image.new("L", (560, 160), 255)
        glyph = print_glyph(sign, font="DejaVuSerif")
        glyph = glyph.resize((round(70 * glyph.width / glyph.height), 70), Image.Resampling.BICUBIC)
        page.paste(0, (20, 45), glyph)
        indices = range(8 * place, 8 * place + 4)
        page.paste(number([*indices]), (glyph.width, 0))
        page.paste(0, (20, 45), glyph)
        reading = read(page)
        is_right = reading.digits == "".join(str(TEST.labels[index]) for index in indices)
        right += is_right
        surely_wrong += reading.sure and not is_right
    print(f"{right} of 20 right, {surely_wrong} surely wrong")
    assert right >= 8
    assert surely_wrong <= 2

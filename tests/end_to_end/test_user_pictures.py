"""MNIST's test digits as users would have them: rendered to real picture files, and read by the shipped model."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.mnist import load_folder
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from mnistnet.reader import Reader

pytestmark = pytest.mark.slow
COUNT = 300

Render = Callable[[Image.Image, np.random.Generator], bytes]


def encode(image: Image.Image, kind: str = "PNG", **options: int) -> bytes:
    """The bytes of a picture file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def enlarge(digit: Image.Image) -> Image.Image:
    """digit, 28 x 28 ink on black, at 280 x 280."""
    return digit.resize((280, 280), Image.Resampling.BICUBIC)


def invert(ink: Image.Image) -> Image.Image:
    """Dark ink on white paper."""
    return ink.point(lambda value: 255 - value)


def black_on_white(digit: Image.Image, _: np.random.Generator) -> bytes:
    return encode(invert(enlarge(digit)))


def small_and_off_centre(digit: Image.Image, rng: np.random.Generator) -> bytes:
    page = Image.new("L", (400, 300), 255)
    place = int(rng.integers(0, 370)), int(rng.integers(0, 270))
    page.paste(invert(digit.resize((30, 30), Image.Resampling.BICUBIC)), place)
    return encode(page)


def tight_crop(digit: Image.Image, _: np.random.Generator) -> bytes:
    large = enlarge(digit)
    return encode(invert(large.crop(large.point(lambda value: 255 * (value > 128)).getbbox())))


def transparent(digit: Image.Image, rng: np.random.Generator) -> bytes:
    ink = enlarge(digit)
    colour = 0 if rng.random() < 0.5 else 255
    return encode(Image.merge("LA", (Image.new("L", ink.size, colour), ink)))


def sixteen_bit(digit: Image.Image, _: np.random.Generator) -> bytes:
    return encode(Image.fromarray(np.asarray(invert(enlarge(digit)), np.uint16) * 257))


def noisy_jpeg(digit: Image.Image, rng: np.random.Generator) -> bytes:
    noisy = np.asarray(invert(enlarge(digit)), float) + rng.normal(0, 15, (280, 280))
    return encode(Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)), "JPEG", quality=60)


@pytest.mark.parametrize(
    ("render", "bar"),
    [
        (black_on_white, 0.95),
        (small_and_off_centre, 0.95),
        (tight_crop, 0.90),
        (transparent, 0.95),
        (sixteen_bit, 0.95),
        (noisy_jpeg, 0.95),
    ],
)
def test_digits_are_read_however_they_are_rendered(render: Render, bar: float, mnist_dir: Path) -> None:
    rng = np.random.default_rng(7)
    test = load_folder(mnist_dir).test
    reader = Reader(load_model(shipped("mnist.npz")))
    right = 0
    for index in rng.choice(len(test.labels), COUNT, replace=False):
        digit = Image.fromarray(np.uint8(np.round(255 * test.images[index].reshape(28, 28))))
        right += reader.read(render(digit, rng), name="digit").digits == str(test.labels[index])
    print(f"{render.__name__}: {right} of {COUNT}")
    assert right >= bar * COUNT

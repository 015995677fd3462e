"""Pictures: how long a picture file takes in a running process, from its bytes to the answer."""

import io
import time
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from PIL import Image

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from mnistnet.arrays import SIDE
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from mnistnet.reader import Reader

TITLE = "Reading: picture files"
NOTE = "The shipped model in a running process, the median over ten pictures, from a file's bytes to the answer."
COUNT = 10


def measure(job: Job) -> Iterator[Comparison]:
    """Drawings and photos of one digit, and of eight."""
    reader, test, rng = Reader(load_model(shipped("mnist.npz"))), load_sample().test, np.random.default_rng(0)
    files = {
        "drawing, 280 x 280": [drawing(test, [n], side=280) for n in range(COUNT)],
        "drawing of 8 digits, 960 x 120": [drawing(test, range(8 * n, 8 * n + 8), side=120) for n in range(COUNT)],
        "photo, 1 megapixel": [photo(test, [n], (1152, 864), rng=rng) for n in range(COUNT)],
        "photo of 8 digits, 1 megapixel": [
            photo(test, range(8 * n, 8 * n + 8), (1152, 864), rng=rng) for n in range(COUNT)
        ],
        "photo, 12 megapixels": [photo(test, [n], (4000, 3000), rng=rng) for n in range(COUNT)],
    }
    for case, pictures in files.items():
        yield job.compare(case, "ms", {"mnistnet": partial(median_of, reader, pictures)})


def drawing(test: Examples, numbers: Sequence[int], *, side: int) -> bytes:
    """Digits in a row, black on white, each side x side pixels, as a PNG."""
    row = np.hstack([np.asarray(digit(test, number, side=side)) for number in numbers])
    return encoded(Image.fromarray(255 - row).convert("RGB"), "PNG")


def photo(test: Examples, numbers: Sequence[int], size: tuple[int, int], *, rng: np.random.Generator) -> bytes:
    """Digits in a row on unevenly lit, noisy paper, as a JPEG."""
    width, height = size
    side = min(height // 2, int(0.8 * width / len(numbers)))
    ink = Image.new("L", size)
    for place, number in enumerate(numbers):
        ink.paste(digit(test, number, side=side), (width // 10 + place * side, (height - side) // 2))
    light = np.linspace(235, 195, width)
    pixels = light * (1 - 0.8 / 255 * np.asarray(ink)) + rng.normal(0, 4, (height, width))
    return encoded(Image.fromarray(np.uint8(np.clip(pixels, 0, 255))).convert("RGB"), "JPEG")


def digit(test: Examples, number: int, *, side: int) -> Image.Image:
    """A test digit, ink 255 on 0."""
    pixels = np.uint8(255 * test.images[number].reshape(SIDE, SIDE))
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str) -> bytes:
    """A file of this kind."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def median_of(reader: Reader, pictures: Sequence[bytes]) -> float:
    """Milliseconds a picture."""
    clock = [time.perf_counter()]
    for picture in pictures:
        reader.read(picture, name="picture")
        clock.append(time.perf_counter())
    return 1e3 * float(np.median(np.diff(clock)))

"""What is no digit, as picture files: the shipped model is never sure of it, and takes neither long nor much memory."""

import io
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.glyphs import HELD_OUT_FONTS, LETTERS, print_glyph
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from mnistnet.reader import Reader

READER = Reader(load_model(shipped("mnist.npz")))
MOST_SECONDS, MOST_MEGABYTES = 2.0, 500


def picture(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def share_refused(pictures: Iterator[bytes]) -> float:
    return float(np.mean([not READER.read(picture, name="picture").sure for picture in pictures]))


def letters() -> Iterator[bytes]:
    for font in HELD_OUT_FONTS:
        for letter in LETTERS:
            page = Image.new("L", (200, 200), 255)
            page.paste(0, (70, 60), print_glyph(letter, font=font))
            yield picture(page)


def photos() -> Iterator[bytes]:
    """Parts of the photo that comes with matplotlib, of a person in uniform before a flag."""
    (package,) = find_spec("matplotlib").submodule_search_locations
    photo = Image.open(Path(package, "mpl-data", "sample_data", "grace_hopper.jpg"))
    rng = np.random.default_rng(0)
    for _ in range(100):
        side = int(rng.integers(90, min(photo.size)))
        left, top = (int(rng.integers(length - side + 1)) for length in photo.size)
        yield picture(photo.crop((left, top, left + side, top + side)), "JPEG")


def surfaces() -> Iterator[bytes]:
    """Blank, noisy and shaded pages."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        size = tuple(rng.integers(20, 400, 2))
        slope = np.add.outer(*(rng.uniform(-1, 1) * np.linspace(0, 1, length) for length in size))
        for grey in (
            np.full(size, rng.integers(256)),
            rng.integers(0, 256, size),
            rng.normal(200, rng.uniform(2, 40), size),
            128 + 60 * slope,
            128 + 60 * slope + rng.normal(0, 10, size),
        ):
            yield picture(Image.fromarray(np.uint8(np.clip(grey, 0, 255))))


@pytest.mark.parametrize(("pictures", "bar"), [(letters, 0.85), (photos, 0.98), (surfaces, 0.98)])
def test_what_is_no_digit_is_refused(pictures, bar) -> None:
    refused = share_refused(pictures())
    print(f"{pictures.__name__}: {refused:.1%} refused")
    assert refused >= bar


def specks() -> Image.Image:
    page = np.full((1000, 1000), 255, np.uint8)
    rows, columns = np.random.default_rng(0).integers(1000, size=(2, 10_000))
    page[rows, columns] = 0
    return Image.fromarray(page)


WORST = {
    "one pixel": lambda: Image.new("L", (1, 1)),
    "one row": lambda: Image.new("L", (5000, 1), 255),
    "one column": lambda: Image.fromarray(np.random.default_rng(0).integers(0, 256, (5000, 1), np.uint8)),
    "one colour": lambda: Image.new("RGB", (4000, 3000), (30, 60, 90)),
    "noise": lambda: Image.fromarray(np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8)),
    "black and white noise": lambda: Image.fromarray(np.random.default_rng(0).integers(0, 2, (1000, 1000), bool)),
    "10,000 specks": specks,
    "100 megapixels": lambda: Image.linear_gradient("L").resize((10_000, 10_000)),
}
MEASURE = """
import sys, time
from pathlib import Path
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from mnistnet.reader import Reader
reader = Reader(load_model(shipped("mnist.npz")))
start = time.process_time()
reading = reader.read(Path(sys.argv[1]), name="picture")
status = Path("/proc/self/status").read_text()  # what getrusage tells includes the process that started this one
print(time.process_time() - start, int(status.split("VmHWM:")[1].split()[0]) / 1024, reading.sure)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.parametrize("name", WORST)
def test_the_worst_pictures_take_neither_long_nor_much_memory(name, tmp_path) -> None:
    path = tmp_path / "worst.png"
    WORST[name]().save(path)
    done = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True, timeout=60)
    seconds, megabytes, sure = done.stdout.split()
    print(f"{name}: {float(seconds):.2f} s, {float(megabytes):.0f} MB")
    assert float(seconds) < MOST_SECONDS
    assert float(megabytes) < MOST_MEGABYTES
    assert sure == "False"

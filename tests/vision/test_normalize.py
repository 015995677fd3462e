import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from mnistnet.vision.box import Box
from mnistnet.vision.image_file import open_picture
from mnistnet.vision.ink import find_ink
from mnistnet.vision.normalize import ink_box, stroke_width, to_mnist


def centre_of_mass(picture):
    """(row, column), by a direct sum over pixels."""
    total = sum(picture[y, x] for y in range(28) for x in range(28))
    row = sum(y * picture[y, x] for y in range(28) for x in range(28)) / total
    column = sum(x * picture[y, x] for y in range(28) for x in range(28)) / total
    return row, column


def walk(image, format_="PNG", **options):
    """A picture saved as a real file and brought back to 28 x 28."""
    file = io.BytesIO()
    image.save(file, format_, **options)
    ink = find_ink(open_picture(file.getvalue(), name="test").grey).pixels
    return to_mnist(ink, ink_box(ink))


@pytest.mark.parametrize("factor", [1, 2, 3, 17, 60])
def test_the_longer_side_is_20_and_the_centre_of_mass_in_the_middle(seven, factor):
    ink = np.pad(np.kron(seven, np.ones((factor, factor), np.float32)), ((9, 3), (2, 30)))
    box = ink_box(ink)
    assert box == (2, 9, 2 + 10 * factor, 9 + 14 * factor)
    picture = to_mnist(ink, box)
    assert (ink_box(picture).height, ink_box(picture).width) == (20, pytest.approx(20 * 10 / 14, abs=1))
    assert centre_of_mass(picture) == pytest.approx((14, 14), abs=0.51)  # whole pixels, as in MNIST


def test_a_solid_bar_becomes_a_solid_bar():
    picture = to_mnist(np.ones((200, 100), np.float32), Box(0, 0, 100, 200))
    box = ink_box(picture)
    assert (box.width, box.height) == (10, 20)
    assert box.cut(picture).min() == pytest.approx(1)
    assert centre_of_mass(picture) == pytest.approx((14, 14), abs=0.51)


def test_a_picture_in_mnist_format_stays_as_it_is(seven):
    ink = np.zeros((28, 28), np.float32)
    ink[4:24, 9:19] = np.concatenate([seven, seven[-6:]])
    ink = np.maximum(ink, np.roll(ink, 1, axis=1))  # no pen so thin that its strokes would be broadened
    row, column = centre_of_mass(ink)
    ink = np.roll(ink, (14 - round(row), 14 - round(column)), (0, 1))
    assert np.array_equal(to_mnist(ink, ink_box(ink)), ink)


def test_reduction_averages_areas():
    ink = np.zeros((200, 200), np.float32)
    ink[:, ::2] = 1  # finer than a pixel of the result: everywhere half, raised to full strokes
    assert to_mnist(ink, Box(0, 0, 200, 200))[5:23, 5:23].min() > 0.9


def test_thin_strokes_reach_full_ink():
    ink = np.zeros((400, 400), np.float32)
    ink[50:350, 200] = ink[50, 100:200] = 1
    assert to_mnist(ink, ink_box(ink)).max() == 1


@pytest.mark.parametrize("width", [20, 24, 28, 60, 61, 100])
def test_what_is_symmetric_goes_to_the_even_one_of_two_pixels_that_are_as_near(width):
    ink = np.zeros((280, 280), np.float32)
    ink[40:240, 100 : 100 + width] = 1
    for picture in (to_mnist(ink, ink_box(ink)), to_mnist(ink.T, ink_box(ink.T)).T):
        centre = centre_of_mass(picture)
        assert centre[0] == pytest.approx(13.5, abs=1e-4)
        assert centre[1] == pytest.approx(14, abs=0.501)
        half = 14 - (np.count_nonzero(picture.any(axis=0)) - 1) / 2
        left = int(np.flatnonzero(picture.any(axis=0))[0])
        assert left == 2 * round(half / 2) if half % 1 else left == half


def ring(width, *, outer=150):
    """As geometry has it; outer is half its side."""
    y, x = np.mgrid[:320, :320] - 159.5
    return np.float32((np.hypot(x, y) < outer) & (np.hypot(x, y) >= outer - width))


@pytest.mark.parametrize("width", [10, 20, 40])
def test_the_width_of_a_ring_is_what_was_drawn(width):
    assert stroke_width(ring(width)) == pytest.approx(width, rel=0.05)


@pytest.mark.parametrize(("width", "expected"), [(15, 2.2), (22, 2.2), (30, 2.2), (45, 3), (75, 5)])
def test_strokes_thinner_than_those_of_mnist_are_broadened_and_no_others(width, expected):
    picture = to_mnist(ring(width), ink_box(ring(width)))  # 300 pixels become 20: 15 become 1
    assert stroke_width(picture) == pytest.approx(expected, rel=0.15)
    assert centre_of_mass(picture) == pytest.approx((14, 14), abs=0.51)


def test_what_is_broadened_does_not_come_out_at_the_other_side():
    ink = np.zeros((200, 200), np.float32)
    ink[:, :6] = ink[194:] = 1
    picture = to_mnist(ink, ink_box(ink))
    assert stroke_width(picture) > 1
    assert np.count_nonzero(picture[:, 14:].any(axis=1)) <= 4
    assert np.count_nonzero(picture[:14].any(axis=0)) <= 4


def test_half_tones_keep_their_share():
    ink = np.ones((200, 200), np.float32)
    ink[:100, :100] = 0.5
    picture = to_mnist(ink, Box(0, 0, 200, 200))
    assert np.isclose(picture, 0.5, atol=0.01).sum() == pytest.approx(100, abs=25)
    assert np.isclose(picture, 1).sum() == pytest.approx(300, abs=25)


@pytest.mark.parametrize("box", [Box(0, 0, 0, 0), Box(2, 2, 5, 5)])
def test_a_box_without_ink_gives_an_empty_picture(box):
    assert not to_mnist(np.zeros((9, 9), np.float32), box).any()


def test_only_ink_inside_the_box_counts(seven):
    ink = np.zeros((40, 40), np.float32)
    ink[5:19, 5:15] = seven
    alone = to_mnist(ink, Box(5, 5, 15, 19))
    ink[25:30, 25:30] = 1
    assert np.array_equal(to_mnist(ink, Box(5, 5, 15, 19)), alone)


def test_a_faint_halo_does_not_widen_the_box(drawing):
    assert ink_box(np.maximum(drawing, np.float32(0.1))) == (40, 20, 140, 160)


def test_a_digit_whose_mass_is_in_a_corner_stays_inside():
    ink = np.zeros((100, 100), np.float32)
    ink[:20, :20] = 1
    ink[99] = ink[:, 99] = 0.3
    picture = to_mnist(ink, Box(0, 0, 100, 100))
    assert picture[8:11, 8:11].min() == pytest.approx(1)


@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=90), elements=st.floats(0, 1, width=32)),
    st.data(),
)
def test_any_ink_and_box_give_a_picture_in_range(ink, data):
    height, width = ink.shape
    x0, x1 = sorted(data.draw(st.tuples(*[st.integers(0, width)] * 2)))
    y0, y1 = sorted(data.draw(st.tuples(*[st.integers(0, height)] * 2)))
    picture = to_mnist(ink, Box(x0, y0, x1, y1))
    assert picture.shape == (28, 28)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (3, 2000)])
def test_extreme_shapes(shape):
    picture = to_mnist(np.ones(shape, np.float32), Box(0, 0, shape[1], shape[0]))
    assert picture.max() == 1


def test_the_same_digit_in_every_guise_gives_the_same_picture(drawing):
    dark = Image.fromarray(np.uint8(255 - 255 * drawing))
    light = Image.fromarray(np.uint8(255 * drawing))
    turned = Image.Exif()
    turned[0x0112] = 6  # stored a quarter turn to the left
    on_nothing = [Image.merge("LA", (Image.new("L", light.size, level), light)) for level in (0, 255)]
    expected = walk(dark)
    assert ink_box(expected).height == 20
    for guise in (
        walk(light),
        walk(dark.convert("RGB")),
        walk(dark.convert("1")),
        walk(dark.convert("P"), "GIF"),
        walk(Image.fromarray(np.uint16(65535 - 65535 * drawing))),
        walk(Image.fromarray(1000 * drawing), "TIFF"),
        walk(dark.convert("RGB"), "WEBP", lossless=True),
        walk(dark.transpose(Image.Transpose.ROTATE_90), exif=turned),
        walk(dark.convert("CMYK"), "TIFF"),
        walk(dark.crop((40, 20, 140, 160))),
        walk(light.crop((40, 20, 140, 160))),
        *map(walk, on_nothing),
        *(walk(image.convert("RGBA").crop((40, 20, 140, 160))) for image in on_nothing),
    ):
        assert np.abs(guise - expected).max() < 0.02
    for guise in (walk(dark, "JPEG", quality=50), walk(dark.point(lambda level: 160 + level // 10))):
        assert np.abs(guise - expected).mean() < 0.02


def test_the_walk_from_a_png_imports_little(drawing, tmp_path):
    path = tmp_path / "digit.png"
    Image.fromarray(np.uint8(255 - 255 * drawing)).save(path)
    script = (
        "import pathlib, sys\n"
        "from mnistnet.vision import image_file, ink, normalize\n"
        "pixels = ink.find_ink(image_file.open_picture(pathlib.Path(sys.argv[1]), name='digit').grey).pixels\n"
        "print(normalize.to_mnist(pixels, normalize.ink_box(pixels)).any(), *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    found, *loaded = done.stdout.split()
    assert found == "True"
    assert [name for name in loaded if name.startswith("PIL.") and name.endswith("Plugin")] == ["PIL.PngImagePlugin"]
    slow = {"PIL.ImageOps", "PIL.ImageFilter", "PIL.ImageDraw", "numpy.ma", "matplotlib", "requests", "rich"}
    assert not slow & set(loaded)

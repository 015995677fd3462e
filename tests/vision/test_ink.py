import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from mnistnet.vision.ink import find_ink
from mnistnet.vision.normalize import ink_box

BOX = (40, 20, 140, 160)


def as_jpeg(grey, quality):
    file = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(grey, 0, 1) * 255)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32) / 255


def noisy(grey, deviation):
    noise = np.random.default_rng(0).normal(0, deviation, grey.shape)
    return np.clip(grey + noise, 0, 1).astype(np.float32)


def assert_ink_is(drawing, grey, *, within=0.05):
    ink = find_ink(np.float32(grey))
    assert ink.none_because == ""
    assert np.abs(ink.pixels - drawing).mean() < within


@pytest.mark.parametrize(("paper", "pen"), [(1, 0), (0, 1), (0.8, 0.7), (0.2, 0.3), (0.55, 0.1), (0.45, 0.9)])
def test_levels_are_measured(drawing, paper, pen):
    assert_ink_is(drawing, paper + (pen - paper) * drawing, within=1e-3)


def test_half_tones_keep_their_share(drawing):
    ink = drawing.copy()
    ink[20:40] *= 0.7
    assert_ink_is(ink, 0.9 - 0.6 * ink, within=1e-3)


@pytest.mark.parametrize(("paper", "pen"), [(1, 0), (0, 1)])
@pytest.mark.parametrize("margin", [0, 1, 500])
def test_polarity_from_tight_crops_to_wide_frames(seven, paper, pen, margin):
    ink = np.pad(np.kron(seven, np.ones((3, 3), np.float32)), margin)
    assert_ink_is(ink, paper + (pen - paper) * ink, within=1e-3)


def test_digits_that_touch_the_border(drawing):
    assert_ink_is(drawing[20:, 40:], 1 - drawing[20:, 40:], within=1e-3)
    assert_ink_is(drawing[:160, 60:], 0.2 + 0.5 * drawing[:160, 60:], within=1e-3)


def test_in_doubt_dark_is_the_ink():
    halves = np.repeat(np.float32([[0, 1]]), 10, axis=0)
    assert find_ink(halves).pixels.tolist() == [[1, 0]] * 10


@pytest.mark.parametrize("polarity", [1, -1])
def test_polarity_where_ink_covers_most_of_the_picture_or_most_of_its_rim(polarity):
    y, x = np.mgrid[-1:1:99j, -1:1:99j]
    disc = np.float32(x**2 + y**2 < 1)
    cup = np.float32((abs(x) > 0.9) | (y > 0.9))
    for ink in (disc, cup):
        assert_ink_is(ink, 0.5 - polarity * 0.5 * (2 * ink - 1), within=1e-3)


@pytest.mark.parametrize("polarity", [1, -1])
def test_noise_is_no_ink_and_does_not_widen_the_box(drawing, polarity):
    ink = find_ink(noisy(0.5 - polarity * 0.4 * drawing, 0.06)).pixels
    assert np.mean(ink[drawing == 0] > 0) < 0.01
    assert ink_box(ink) == pytest.approx(BOX, abs=1)


@pytest.mark.parametrize("quality", [10, 30, 75])
def test_jpeg_ringing_does_not_widen_the_box(drawing, quality):
    ink = find_ink(as_jpeg(1 - drawing, quality)).pixels
    assert ink_box(ink) == pytest.approx(BOX, abs=1)


@pytest.mark.parametrize("slope", [(0.3, 0), (0, -0.3), (0.2, 0.2), (-0.25, 0.1)])
def test_uneven_light(drawing, slope):
    y, x = np.mgrid[-1:1:200j, -1:1:160j]
    light = 0.6 + slope[0] * x + slope[1] * y - 0.05 * (x**2 + y**2)
    grey = noisy(light * (1 - 0.5 * drawing), 0.01)
    assert_ink_is(drawing, grey)
    assert ink_box(find_ink(grey).pixels) == pytest.approx(BOX, abs=1)


def test_thick_ink_in_uneven_light():
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    ring = np.float32(abs(np.hypot(x, y) - 0.45) < 0.25)
    assert_ink_is(ring, (0.7 + 0.25 * x) * (1 - 0.4 * ring))


def test_specks_are_dropped_and_broken_strokes_kept(drawing):
    ink = drawing.copy()
    ink[75:80] = 0
    spotted = ink.copy()
    for y, x in [(5, 5), (190, 150), (100, 10)]:
        spotted[y : y + 3, x : x + 3] = 1
    assert np.array_equal(find_ink(1 - spotted).pixels, ink)


def test_pencil(drawing):
    grey = as_jpeg(noisy(0.8 - 0.12 * drawing, 0.01), 80)
    assert_ink_is(drawing, grey)


def test_a_stroke_of_one_pixel_in_a_large_frame():
    ink = np.zeros((1500, 1200), np.float32)
    ink[400:1000, 600] = ink[400, 300:600] = 1
    assert_ink_is(ink, 1 - ink, within=1e-6)


y, x = np.mgrid[0:1:200j, 0:1:160j]
BLANK = {
    "black": (0 * x, "one colour"),
    "white": (0 * x + 1, "one colour"),
    "grey": (0 * x + 0.4, "one colour"),
    "faint steps": (0.5 + 0.02 * (x > 0.5), "contrast"),
    "three lone pixels": (1.0 * np.isin(np.arange(x.size), [99, 9_999, 30_000]).reshape(x.shape), "contrast"),
    "noise": (noisy(0.5 + 0 * x, 0.1), "noise"),
    "paper": (noisy(0.8 + 0 * x, 0.005), "contrast"),
    "gradient": (noisy(0.3 + 0.5 * x, 0.02), "noise"),
    "vignette": (noisy(0.9 - (x - 0.5) ** 2 - (y - 0.5) ** 2, 0.01), "noise"),
}


@pytest.mark.parametrize("period", [(1, 0), (0, 1), (1, 1)])
def test_a_fine_pattern_all_over_is_no_ink(period):
    rows, columns = np.indices((1600, 1600))
    ink = find_ink(np.float32((period[0] * rows + period[1] * columns) % 2))
    assert "noise" in ink.none_because
    assert not ink.pixels.any()


@pytest.mark.parametrize("polarity", [1, -1])
def test_hatched_paper_of_two_levels(drawing, polarity):
    ink = np.pad(drawing[::3, ::3], ((10, 5), (50, 50)))
    y, x = np.indices(ink.shape)
    paper = 0.15 * (y < 40) + 0.08 * ((x + y) % 6 < 3)
    grey = 0.5 + polarity * (paper - 0.3 * ink)
    assert_ink_is(ink, grey)
    assert ink_box(find_ink(np.float32(grey)).pixels) == ink_box(ink)


def test_levels_of_a_large_picture_are_those_of_the_small_one(drawing):
    ink = np.pad(drawing, ((0, 1000), (0, 1440)))
    assert_ink_is(ink, 0.8 - 0.5 * ink, within=1e-3)


@pytest.mark.parametrize("name", BLANK)
def test_no_ink_has_a_reason(name):
    grey, reason = BLANK[name]
    ink = find_ink(np.float32(grey))
    assert not ink.pixels.any()
    assert ink.none_because.startswith("no ink: ")
    assert reason in ink.none_because


@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(0, 1, width=32)))
def test_any_picture_gives_ink_in_range_or_a_reason(grey):
    ink = find_ink(grey)
    assert ink.pixels.shape == grey.shape
    assert ink.pixels.dtype == np.float32
    assert ink.pixels.min() >= 0
    assert ink.pixels.max() <= 1
    assert bool(ink.none_because) != bool(ink.pixels.any())


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes(shape):
    assert find_ink(np.random.default_rng(0).random(shape, np.float32)).pixels.shape == shape


def test_the_picture_is_left_unchanged(drawing):
    grey = np.float32((1 - 0.5 * drawing) * np.linspace(0.5, 1, 160))
    before = grey.copy()
    find_ink(grey)
    assert np.array_equal(grey, before)

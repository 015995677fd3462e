"""Ruled lines and frames, drawn by Pillow around digits of the sample."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnistnet.arrays import Floats
from mnistnet.vision.lines import find_lines, without_lines
from mnistnet.vision.pieces import find_pieces, sum_by_piece, without_specks
from tests.vision.pictures import alike, pasted


def drawn(size: tuple[int, int], *strokes: tuple[tuple[float, float], ...], width: int, tilt: float = 0) -> Floats:
    """Straight strokes in an empty picture, turned by tilt degrees."""
    picture = Image.new("L", (2 * size[0], 2 * size[1]))
    for stroke in strokes:
        ImageDraw.Draw(picture).line([(2 * x, 2 * y) for x, y in stroke], fill=255, width=2 * width)
    turned = picture.rotate(tilt, Image.Resampling.BICUBIC).resize(size, Image.Resampling.BOX)
    return np.asarray(turned, np.float32) / 255


def largest_share(ink: Floats) -> float:
    """Of the pixels of ink, how many are in its largest piece."""
    runs = find_pieces(ink > 0.3)
    pixels = sum_by_piece(runs, runs.ends - runs.starts)
    return float(pixels.max() / pixels.sum())


@pytest.mark.parametrize("tilt", [-4, 0, 3])
@pytest.mark.parametrize("width", [2, 6])
def test_frames_go_and_digits_stay_whole(tilt: float, width: int) -> None:
    corners = ((16, 12), (144, 12), (144, 148), (16, 148), (16, 12))
    frame = drawn((160, 160), corners, width=width, tilt=tilt)
    for number in range(0, 1000, 20):
        digit = pasted(number, (160, 160), (24, 24))
        left = without_specks(without_lines(np.maximum(digit, frame)))
        assert alike(left, digit) > 0.98


def test_a_frame_with_one_side_missing_goes_too() -> None:
    frame = drawn((160, 160), ((16, 148), (16, 12), (144, 12), (144, 148)), width=4, tilt=1)
    digit = pasted(3, (160, 160), (24, 24))
    assert alike(without_specks(without_lines(np.maximum(digit, frame))), digit) > 0.98


@pytest.mark.parametrize("tilt", [-2, 0, 1])
def test_ruled_lines_go_without_tearing_what_crosses_them(tilt: float) -> None:
    rules = [((0, y), (420, y)) for y in (50, 100, 150)]
    lines = drawn((420, 200), *rules, width=2, tilt=tilt)
    for number in range(0, 1000, 20):
        digit = pasted(number, (420, 200), (150, 45))
        left = without_specks(without_lines(np.maximum(digit, lines)))
        assert alike(left, digit) > 0.9
        assert largest_share(left) > largest_share(digit) - 0.15


@pytest.mark.parametrize("thickness", [1, 2])
@pytest.mark.parametrize("bottom", [39, 40, 41, 42])
def test_rings_that_stand_on_a_ruled_line_keep_their_bottoms(thickness: int, bottom: int) -> None:
    large = Image.new("L", (560, 240))
    for left in (60, 200, 340):
        ImageDraw.Draw(large).ellipse((left, 60, left + 110, 4 * bottom + 3), outline=255, width=12)
    rings = np.asarray(large.reduce(4), np.float32) / 255
    line = drawn((140, 60), ((0, 39.5), (140, 39.5)), width=thickness)
    assert alike(without_specks(without_lines(np.maximum(rings, line))), rings) > 0.94


def test_digits_without_lines_are_left_as_they_are() -> None:
    for number in range(0, 1000, 5):
        digit = pasted(number, (140, 140), (0, 0), side=140)
        rows, columns = np.flatnonzero(digit.max(axis=1)), np.flatnonzero(digit.max(axis=0))
        tight = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        for picture in (digit, tight):
            assert without_lines(picture) is picture


def test_a_row_of_digits_is_left_as_it_is() -> None:
    for first in range(0, 1000, 50):
        row = np.hstack([pasted(number, (100, 140), (0, 0), side=100) for number in range(first, first + 50, 10)])
        assert without_lines(row) is row


@pytest.mark.parametrize("strokes", [(((10, 50), (190, 50)),), (((20, 10), (180, 10), (180, 90), (20, 90), (20, 10)),)])
def test_a_line_or_frame_alone_is_all_there_is(strokes: tuple[tuple[tuple[float, float], ...], ...]) -> None:
    alone = drawn((200, 100), *strokes, width=4)
    assert without_lines(alone) is alone


@pytest.mark.parametrize("tilt", [0, 3])
def test_ink_far_from_the_lines_is_left_bit_by_bit(tilt: float) -> None:
    lines = drawn((420, 200), *[((0, y), (420, y)) for y in (150, 190)], width=2, tilt=tilt)
    digit = pasted(7, (420, 200), (150, 5))
    left = without_lines(np.maximum(digit, lines))
    assert np.array_equal(left[:110], np.maximum(digit, lines)[:110])
    assert not left[120:180, 150:260].any()


def test_a_line_is_found_where_it_is() -> None:
    (line,) = find_lines(drawn((300, 80), ((20, 30), (280, 30)), width=4) > 0.5)
    assert (line.row, line.slope, line.thickness) == pytest.approx((30.5, 0, 4.5), abs=0.6)
    assert (line.first, line.last) == pytest.approx((20, 281), abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (60, 60)])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_extreme_pictures(shape: tuple[int, int], level: float) -> None:
    assert without_lines(np.full(shape, level, np.float32)).shape == shape

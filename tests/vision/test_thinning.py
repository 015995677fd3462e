"""Thinning: peeled strokes hold together, and keep their parts and holes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistnet.data.glyphs import print_glyph
from mnistnet.vision.normalize import stroke_width
from mnistnet.vision.pieces import find_pieces
from mnistnet.vision.thinning import thinned


def pieces(mask: NDArray[np.bool_]) -> int:
    return int(find_pieces(mask).piece.max()) + 1


def test_a_ring_is_thinned_to_half_and_to_a_line_but_never_torn() -> None:
    y, x = np.mgrid[:280, :280] - 139.5
    ring = np.asarray((np.hypot(x, y) >= 80) & (np.hypot(x, y) < 100))
    half, line = (thinned(ring, passes=passes) for passes in (4, None))
    assert stroke_width(np.float32(half)) == pytest.approx(20 - 2 * 4 * 4 / np.pi, rel=0.05)
    assert 0.9 * 2 * np.pi * 90 / np.sqrt(2) < line.sum() < 1.1 * 2 * np.pi * 90
    for thin in (half, line):
        assert (pieces(thin), pieces(~_grown(thin))) == (1, 2)  # inside and outside stay apart
        assert not (thin & ~ring).any()
    assert (thinned(ring, passes=0) == ring).all()


def test_a_thick_bar_becomes_its_middle_line() -> None:
    bar = np.zeros((40, 30), bool)
    bar[5:35, 10:17] = True
    line = thinned(bar)
    assert not (line & ~bar).any()
    assert line.sum(axis=1).max() == 1
    assert set(np.argwhere(line)[5:-5, 1]) <= {12, 13, 14}
    assert line.sum() >= 22  # the ends lose at most the bar's half width


@pytest.mark.parametrize(("character", "parts", "holes"), [("H", 1, 0), ("A", 1, 1), ("%", 3, 2), ("j", 2, 0)])
def test_thinning_keeps_parts_and_holes(character: str, parts: int, holes: int) -> None:
    mask = np.pad(np.asarray(print_glyph(character, font="DejaVuSans")) > 127, 2)
    line = thinned(mask)
    assert pieces(line) == pieces(mask) == parts
    thick_outside = np.pad(~line, 1, constant_values=True).repeat(2, 0).repeat(2, 1)  # so that corners do not leak
    assert pieces(thick_outside & ~_grown(line)) == holes + 1
    squares = line[:-1, :-1] & line[1:, :-1] & line[:-1, 1:] & line[1:, 1:]
    assert squares.sum() <= 2


def _grown(line: np.ndarray) -> np.ndarray:
    """line at twice the size, 8-connected steps filled, so that what is beside it is cut apart."""
    large = np.pad(line, 1).repeat(2, 0).repeat(2, 1)
    padded = np.pad(large, 1)
    height, width = large.shape
    return np.any([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)

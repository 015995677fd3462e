"""Surroundings: the desk beside the page, the thumb or the telephone on it."""

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.vision.box import bounding_box
from mnistnet.vision.pieces import count_by_piece, fill_runs, find_pieces, select_pieces

_BLOCKS = 64  # on the longer side, of a picture that has as many pixels; in a smaller one a stroke may be broad
_BROAD = 14  # blocks: no stroke at the picture's rim is so broad
_BEYOND = 4  # of these may be outside of the picture
_CONTACT = 20  # blocks of the rim: no stroke touches so many
_MOSTLY = 0.7  # of the part is so broad: a digit, written with a brush, may be here and there
_MARGIN = 16  # blocks: a page has such a square free of writing,
_PAGE = 24  # is as wide and high,
_FULL = 0.85  # and most of the rectangle around it
_MARK = 0.2  # of the way from the darkest to the lightest: without such a mark neither is paper
_EDGE = 2  # blocks: the blurred edge belongs to neither

Mask = NDArray[np.bool_]


def find_surroundings(grey: Floats, ink: Floats) -> Mask:
    """Where, (h, w), there is no paper, in a picture whose seeming ink has a part broader than any stroke.

    Such a part and what is around it are paper and something else. Paper is what has fine marks on it.
    """
    side = max(grey.shape) // _BLOCKS
    if not side:
        return np.zeros(grey.shape, bool)
    outside = _outside(_blocks(ink, side).mean(axis=1).mean(axis=2) > 0.5)
    if outside.all():
        return np.zeros(grey.shape, bool)
    marks = np.ptp(_blocks(grey, side), axis=(1, 3))
    outer, inner = (np.where(_grown(other), 0, marks).max() for other in (~outside, outside))
    if max(outer, inner) < _MARK * np.ptp(grey):
        return np.zeros(grey.shape, bool)
    empty = _grown(~outside if outer >= inner else outside)
    height, width = grey.shape
    return np.repeat(np.repeat(empty, side, axis=0), side, axis=1)[:height, :width]


def _outside(mask: Mask) -> Mask:
    """What is around a broad thing along the rim, else around a page; everything, where there is neither."""
    rim = _rim(mask.shape)
    filled = _count_around(np.pad(mask, _BEYOND, mode="edge"), _BROAD) == _BROAD**2
    if not filled.any():
        return np.ones_like(mask)
    broad = (_count_around(filled, _BROAD) > 0)[_BEYOND:-_BEYOND, _BEYOND:-_BEYOND]
    thing = _pieces_with(mask, broad)
    if (thing & rim).sum() >= _CONTACT and (thing & broad).sum() >= _MOSTLY * thing.sum():
        return _pieces_with(~thing, rim)
    outside = _pieces_with(~_pieces_with(mask, _count_around(mask, _MARGIN) == _MARGIN**2), rim)
    return outside if _is_page(~outside) else np.ones_like(mask)


def _blocks(picture: Floats, side: int) -> Floats:
    """(rows, side, columns, side) of picture, whose last row and column stand for what is beyond."""
    padded = np.pad(picture, [(0, -length % side) for length in picture.shape], mode="edge")
    return padded.reshape(padded.shape[0] // side, side, -1, side)


def _is_page(mask: Mask) -> bool:
    box = bounding_box(mask)
    return min(box.width, box.height) >= _PAGE and bool(box.cut(mask).mean() >= _FULL)


def _rim(shape: tuple[int, ...]) -> Mask:
    rim = np.ones(shape, bool)
    rim[1:-1, 1:-1] = False
    return rim


def _pieces_with(mask: Mask, marked: Mask) -> Mask:
    """The connected pieces of mask in which anything is marked."""
    runs = find_pieces(mask)
    if not len(runs.piece):
        return mask
    chosen = select_pieces(runs, count_by_piece(runs, marked) > 0)
    return fill_runs(chosen.starts, chosen.ends, mask.shape)


def _grown(mask: Mask) -> Mask:
    """With the edge around it."""
    return _count_around(mask, 2 * _EDGE + 1) > 0


def _count_around(mask: Mask, side: int) -> NDArray[np.intp]:
    """How much is True in the square of so many pixels around each; nothing is outside."""
    padded = np.pad(mask, (side // 2, side - side // 2 - 1)).astype(np.intp)
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside: NDArray[np.intp] = sums[side:, side:] - sums[side:, :-side] - sums[:-side, side:] + sums[:-side, :-side]
    return inside

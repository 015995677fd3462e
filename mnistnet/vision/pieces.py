"""Connected pieces of ink, as runs of pixels within rows."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats

_SPECK_SHARE = 0.03  # of the largest piece


class Runs(NamedTuple):
    """Maximal runs of pixels along rows: from starts to ends (exclusive) in a picture's flat pixels, (n,) each.

    piece is each run's connected piece, numbered from 0. Pixels that touch at a corner are connected.
    """

    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    piece: NDArray[np.intp]


def find_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The runs of True along the rows of mask, (h, w): row, first column and last column (exclusive), (n,) each."""
    height, width = mask.shape
    stride = width + 2  # a False column on either side keeps the runs of different rows apart
    padded = np.zeros((height, stride), bool)
    padded[:, 1:-1] = mask
    flat = padded.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts, ends = changes[::2], changes[1::2]
    row = starts // stride
    return row, starts - row * stride - 1, ends - row * stride - 1


def find_pieces(mask: NDArray[np.bool_]) -> Runs:
    """The runs of True in mask, (h, w), each with the connected piece that it belongs to."""
    width = mask.shape[1]
    row, first, last = find_runs(mask)
    apart = row * (width + 2)  # with an empty column on either side, the end of a row touches no beginning
    piece = _join(len(row), *_touching(apart + first, apart + last, width + 2))
    return Runs(row * width + first, row * width + last, piece)


def _touching(
    starts: NDArray[np.intp], ends: NDArray[np.intp], stride: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of runs that touch across two rows: (upper, lower)."""
    first = np.searchsorted(ends, starts - stride, side="left")
    last = np.searchsorted(starts, ends - stride, side="right")
    counts = last - first
    lower = np.repeat(np.arange(len(starts)), counts)
    upper = np.arange(len(lower)) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return upper, lower


def _join(count: int, left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number the connected components of a graph of count nodes with edges left - right."""
    root = np.arange(count)
    while len(left):
        low, high = np.minimum(root[left], root[right]), np.maximum(root[left], root[right])
        apart = low != high
        left, right = left[apart], right[apart]
        np.minimum.at(root, high[apart], low[apart])
        while (root != root[root]).any():
            root = root[root]
    return (np.cumsum(root == np.arange(count)) - 1)[root]


def fill_runs(starts: NDArray[np.intp], ends: NDArray[np.intp], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The mask, of this shape, that is True in runs of its flat pixels and False elsewhere."""
    edges = np.stack([starts, ends], axis=1).ravel()
    inside = np.arange(len(edges) + 1) % 2 == 1
    return np.repeat(inside, np.diff(edges, prepend=0, append=math.prod(shape))).reshape(shape)


def sum_by_piece(runs: Runs, values: NDArray[Any]) -> NDArray[np.float64]:
    """Each piece's sum over values, which holds one number a run."""
    return np.asarray(np.bincount(runs.piece, weights=values), np.float64)


def count_by_piece(runs: Runs, marked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many pixels of each piece are marked, (h, w)."""
    places = np.flatnonzero(marked)
    return sum_by_piece(runs, np.searchsorted(places, runs.ends) - np.searchsorted(places, runs.starts))


def select_pieces(runs: Runs, chosen: NDArray[np.bool_]) -> Runs:
    """The runs of the pieces for which chosen, one truth value a piece, is True."""
    return Runs(*(column[chosen[runs.piece]] for column in runs))


def without_specks(ink: Floats) -> Floats:
    """ink, (h, w) in [0, 1], without the pieces that have few dark pixels beside the piece that has most."""
    runs = find_pieces(ink > 0)
    if not len(runs.piece):
        return ink
    dark = count_by_piece(runs, ink > 0.5)
    large = dark >= _SPECK_SHARE * dark.max()
    if large.all():
        return ink
    kept = select_pieces(runs, large)
    return ink * fill_runs(kept.starts, kept.ends, ink.shape)

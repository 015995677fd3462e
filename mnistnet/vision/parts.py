"""Parts: rows of writing, and in each the connected pieces of ink, cut wherever two digits may touch."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from mnistnet.arrays import Floats
from mnistnet.vision.box import INK, Box, bounding_box
from mnistnet.vision.pieces import find_pieces

_LARGE, _FINE = 700, 48  # pixels: a larger picture, and higher writing, is reduced to that, or to twice as much at most
_MOST_PIECES = 120  # the highest ones: what has more is no number

# Lengths from here on are shares of the writing's height.
_LOW = 0.4  # what is lower makes no row of its own: a dot, a dash, a fragment
_SHARED = 0.45  # of the lower one's height: neighbours in a row have so much in common
_APART = 2.5  # at most, between neighbours in a row
_NEAR_ROW = 0.6  # at most, between a row and the dots, dashes and fragments that belong to it
_HIGHER_HALF = 0.5  # of the highest: a row's height is the median over what is so high
_SLANTS = np.linspace(-0.3, 1, 27)  # to the left for each step down
_USUAL_SLANT, _UNUSUAL = 0.15, 0.5  # what is farther away must gather the ink more clearly, by this times the square

_LOOSE = 0.25  # what is lower is no part: it goes with a digit that it is near to, or is left out
_NARROW, _LONG = 0.45, 12  # what is narrower is not cut, nor what is longer: a line
_STEP = 0.12  # between two cuts
_SMOOTH = 0.03
_THIN = 0.45  # a cut goes where there is least ink, and less than this;
_WAIST, _AROUND = 0.92, 0.3  # where a piece is so much lower than on either side, not farther away than this;
_WALL, _WIDE_PIECE = 0.3, 1.1  # or, in a piece as wide, along a stroke as high, which two digits may share
_MOST_CUTS = 6.25  # for each height of width


class Piece(NamedTuple):
    """Rows y and columns x of some ink's pixels, (n,) each."""

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    box: Box


class Part(NamedTuple):
    """A piece, or what is cut out of it; left and right are along the row, slant taken off."""

    ink: Piece
    left: float
    right: float
    piece: int
    crossed: float
    """Ink, by the cut at the left end."""


class Row(NamedTuple):
    """Parts from left to right, what is loose beside them, and the writing's height."""

    parts: list[Part]
    loose: list[Part]
    height: float


class Writing(NamedTuple):
    """Rows from top to bottom, in pixels of ink, which is reduced: one stands for scale x scale."""

    rows: list[Row]
    ink: Floats
    scale: int
    is_all: bool
    """There were not more pieces than are looked at."""


def find_writing(ink: Floats) -> Writing:
    """What is written in ink, (h, w) in [0, 1]."""
    mask = (ink > INK).astype(np.float32)
    box = bounding_box(mask)
    scale = max(1, max(box.width, box.height) // _LARGE)
    pieces = _pieces(_reduced(mask, scale) > 0)  # ink anywhere in the square, or fine strokes would break
    if pieces and (finer := int(_usual_height(pieces, _LOW)) // _FINE) > 1:
        scale *= finer
        pieces = _pieces(_reduced(mask, scale) > 0)
    rows = [_row(members) for members in _rows(pieces)]
    return Writing(rows, _reduced(ink, scale), scale, len(pieces) < _MOST_PIECES)


def _reduced(ink: Floats, scale: int) -> Floats:
    return np.asarray(Image.fromarray(ink).reduce(scale))


def _pieces(mask: NDArray[np.bool_]) -> list[Piece]:
    """The connected pieces of mask; the highest, where there are very many."""
    runs = find_pieces(mask)
    if not len(runs.piece):
        return []
    order = np.argsort(np.repeat(runs.piece, runs.ends - runs.starts), kind="stable")
    y, x = (places[order] for places in np.nonzero(mask))
    ends = np.cumsum(np.bincount(runs.piece, runs.ends - runs.starts)).astype(np.intp)
    starts = np.append(0, ends[:-1])
    heights = y[ends - 1] - y[starts]  # pixels are in the order of their rows
    highest = np.sort(np.argsort(-heights, kind="stable")[:_MOST_PIECES])
    return [_piece(y[start:end], x[start:end]) for start, end in zip(starts[highest], ends[highest], strict=True)]


def _piece(y: NDArray[np.intp], x: NDArray[np.intp]) -> Piece:
    return Piece(y, x, Box(int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1))


def _usual_height(pieces: Sequence[Piece], least: float) -> float:
    """The median over those that have at least this share of the highest one's."""
    heights = np.sort([piece.box.height for piece in pieces])
    return float(np.median(heights[heights >= least * heights[-1]]))


def _rows(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces of each row of writing, rows from top to bottom."""
    if not pieces:
        return []
    height = _usual_height(pieces, _LOW)
    high = [piece for piece in pieces if piece.box.height >= _LOW * height]
    number = _connected(_are_neighbours(np.array([piece.box for piece in high]), height))
    rows = [[high[n] for n in np.flatnonzero(number == row)] for row in np.unique(number)]
    low = [piece for piece in pieces if piece.box.height < _LOW * height]
    beside = [min((_distance(piece.box, row), n) for n, row in enumerate(rows)) for piece in low]
    for piece, (distance, n) in zip(low, beside, strict=True):
        if distance <= _NEAR_ROW * height:
            rows[n].append(piece)
    return sorted(rows, key=lambda row: sum(piece.box.y0 + piece.box.y1 for piece in row) / len(row))


def _are_neighbours(boxes: NDArray[np.intp], height: float) -> NDArray[np.bool_]:
    """(n, n): which boxes, (n, 4), stand side by side."""
    x0, y0, x1, y1 = boxes.T
    shared = np.minimum.outer(y1, y1) - np.maximum.outer(y0, y0)
    apart = np.maximum.outer(x0, x0) - np.minimum.outer(x1, x1)
    level = shared >= _SHARED * np.minimum.outer(y1 - y0, y1 - y0)
    neighbours: NDArray[np.bool_] = level & (apart < _APART * height)
    return neighbours


def _connected(edges: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each node of a graph, edges (n, n) with all loops, the lowest node that it is connected to."""
    lowest = np.arange(len(edges))
    while True:
        lower = np.where(edges, lowest, len(edges)).min(axis=1)
        if (lower == lowest).all():
            return lowest
        lowest = lower


def _distance(box: Box, row: list[Piece]) -> int:
    """How far box is above or below what the row has there."""
    there = min((piece.box for piece in row), key=lambda other: abs(other.x0 + other.x1 - box.x0 - box.x1))
    return max(0, there.y0 - box.y1, box.y0 - there.y1)


def _row(pieces: list[Piece]) -> Row:
    height = _usual_height(pieces, _HIGHER_HALF)
    high = [piece for piece in pieces if piece.box.height >= _LOOSE * height]
    slant = _slant(high)
    parts = [part for number, piece in enumerate(high) for part in _cut(piece, number, slant, height)]
    loose = [_part(piece, slant) for piece in pieces if piece.box.height < _LOOSE * height]
    return Row(sorted(parts, key=lambda part: part.left + part.right), loose, height)


def _part(ink: Piece, slant: float, *, piece: int = -1, crossed: float = 0.0) -> Part:
    along = ink.x + slant * ink.y
    return Part(ink, float(along.min()), float(along.max()) + 1, piece, crossed)


def _slant(pieces: list[Piece]) -> float:
    """How far upright strokes lean to the right: taken off, they gather the ink in few columns."""
    y, x = (np.concatenate(places) for places in ([piece.y for piece in pieces], [piece.x for piece in pieces]))
    gathered = []
    for slant in _SLANTS:
        along = (x + slant * y).astype(np.intp)
        counts = np.bincount(along - along.min()).astype(float)
        gathered.append(counts @ counts * (1 - _UNUSUAL * (slant - _USUAL_SLANT) ** 2))
    return float(_SLANTS[np.argmax(gathered)])


def _cut(piece: Piece, number: int, slant: float, height: float) -> Iterator[Part]:
    along = piece.x + slant * piece.y
    cuts = _cuts(along, piece.y, height)
    edges = [-np.inf, *cuts, np.inf]
    for (left, right), crossed in zip(pairwise(edges), [0.0, *cuts.values()], strict=True):
        inside = (left <= along) & (along < right)
        if inside.any():
            yield _part(_piece(piece.y[inside], piece.x[inside]), slant, piece=number, crossed=crossed)


def _cuts(along: Floats, y: NDArray[np.intp], height: float) -> dict[float, float]:
    """Places along the row, in order, where digits may touch in a piece, and the ink there, as a share of height."""
    start = np.floor(along.min())
    column = (along - start).astype(np.intp)
    width = int(column.max()) + 1
    if not _NARROW * height <= width <= _LONG * height:
        return {}
    top, bottom = np.full(width, y.max()), np.full(width, y.min() - 1)
    np.minimum.at(top, column, y)
    np.maximum.at(bottom, column, y)
    reach, step = max(1, int(_SMOOTH * height)), int(_STEP * height) + 1
    ink = _smooth(np.bincount(column) / height, reach)
    tall = _smooth(np.maximum(bottom + 1 - top, 0) / height, reach)
    places = [place for place in _minima(tall, step) if _is_waist(tall, place, int(_AROUND * height))]
    places += [place for place in _minima(ink, step) if ink[place] <= _THIN]
    places += [place for place in _minima(-ink, step) if ink[place] >= _WALL and width > _WIDE_PIECE * height]
    apart = [place for n, place in enumerate(places) if all(abs(place - other) >= 0.7 * step for other in places[:n])]
    thinnest = sorted(apart, key=lambda place: ink[place])[: int(_MOST_CUTS * width / height)]
    return {float(start + place): float(ink[place]) for place in sorted(thinnest)}


def _smooth(values: Floats, reach: int) -> Floats:
    """The means over all places within this reach."""
    means: Floats = sliding_window_view(np.pad(values, reach, mode="edge"), 2 * reach + 1).mean(axis=1)
    return means


def _minima(values: Floats, reach: int) -> list[int]:
    """Where values, (n,), are lowest within this reach, which lies inside."""
    if len(values) <= 2 * reach:
        return []
    lowest = sliding_window_view(values, 2 * reach + 1).min(axis=1)
    places: list[int] = []
    for place in np.flatnonzero(values[reach:-reach] == lowest) + reach:
        if not places or place - places[-1] >= reach:
            places.append(int(place))
    return places


def _is_waist(tall: Floats, place: int, around: int) -> bool:
    before, after = tall[max(0, place - around) : place], tall[place + 1 : place + 1 + around]
    return bool(tall[place] <= _WAIST * min(before.max(initial=0), after.max(initial=0)))

"""Lines: what was on the paper before the digit, ruled lines and the frames of boxes.

A line is found by the short runs of ink across it. Where a stroke crosses it the run is longer, and stays whole.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.vision.box import INK, Box, bounding_box
from mnistnet.vision.pieces import fill_runs, find_runs, without_specks

_SLOPES = np.linspace(-0.12, 0.12, 49)
_COLUMNS = 200  # are looked at, of however many
_MOST_LINES = 10  # either way
_LEAST_RUNS = 8  # that make a line
_LEAST_SIDE = 48  # pixels of ink across: in less, strokes of digits look like lines
_THICK = 0.08  # of the picture's longer side: no line is thicker
_SEEN = 0.5  # of a line's length, at least, nothing runs along it,
_COVERED = 0.75  # and so much is ink
_ACROSS = 0.95  # of the ink's width: a line goes from side to side
_ALONG_RIM = 0.7  # the same at the ink's upper or lower end, where frames are
_RIM = 0.15  # of the ink's height
_RULED = 1.6  # times as long as what remains is high: a ruled line, and no stroke of a digit
_FRAME = 1.1  # times as high as what remains
_DIGIT = 0.2  # of the frame's height: what remains is at least as high


class Runs(NamedTuple):
    """Runs of ink down a picture's columns, (n,) each, from row first to last (exclusive)."""

    column: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]

    @property
    def middle(self) -> Floats:
        return (self.first + self.last) / 2

    @property
    def thickness(self) -> NDArray[np.intp]:
        return self.last - self.first

    @property
    def columns(self) -> int:
        """In how many columns there are any."""
        return len(set(self.column.tolist()))

    def chosen(self, which: NDArray[np.bool_]) -> "Runs":
        """Those for which it is True."""
        return Runs(*(column[which] for column in self))


class Line(NamedTuple):
    """A nearly level line in a picture, ink from column first to last (exclusive).

    Its middle is at row + slope * column.
    """

    row: float
    slope: float
    thickness: float
    first: int
    last: int

    @property
    def length(self) -> int:
        """In columns."""
        return self.last - self.first

    def seen_from(self, box: Box) -> "Line":
        """In the part of the picture inside box."""
        row = self.row + self.slope * box.x0 - box.y0
        return self._replace(row=row, first=self.first - box.x0, last=self.last - box.x0)

    def is_under(self, runs: Runs) -> NDArray[np.bool_]:
        """Whether the runs, each in its column, hold its middle, give or take a pixel."""
        middle = self.row + self.slope * runs.column
        within = (self.first <= runs.column) & (runs.column < self.last)
        return within & (runs.first - 1 <= middle) & (middle <= runs.last)

    def distance(self, runs: Runs) -> Floats:
        """Of the runs' middles from the line, in rows."""
        return np.abs(runs.middle - self.row - self.slope * runs.column)


def without_lines(ink: Floats) -> Floats:
    """ink, (h, w) in [0, 1], without ruled lines and frames; ink itself where there are none.

    A digit may have long straight strokes too: lines of a frame go only where there are three of them or more around
    something smaller, and ruled lines only where they are much longer than what is left is high.
    """
    mask = ink > INK
    box = bounding_box(mask)
    if max(box.width, box.height) < _LEAST_SIDE:
        return ink
    level = [line for line in find_lines(mask) if _is_long(line, box)]
    if not level:
        return ink
    upright = [line for line in find_lines(mask.T) if _is_long(line, _turned(box))]
    ruled = _erase(ink, level)
    bare = _erase(ruled.T, upright).T if upright else ruled
    is_frame = upright and len(level) + len(upright) >= 3
    if is_frame and _DIGIT * box.height <= _height(bare) <= box.height / _FRAME:
        return bare
    if _height(bare) and _height(ruled) <= box.width / _RULED:
        return ruled
    return ink


def _is_long(line: Line, box: Box) -> bool:
    middle = line.row + line.slope * (line.first + line.last) / 2
    along_rim = min(middle - box.y0, box.y1 - middle) <= _RIM * box.height
    return line.length >= (_ALONG_RIM if along_rim else _ACROSS) * box.width


def _turned(box: Box) -> Box:
    return Box(box.y0, box.x0, box.y1, box.x1)


def _height(ink: Floats) -> int:
    return bounding_box(without_specks(ink) > INK).height


def find_lines(mask: NDArray[np.bool_]) -> list[Line]:
    """The nearly level lines in mask, (h, w), the clearest first."""
    step = max(1, mask.shape[1] // _COLUMNS)
    every = Runs(*find_runs(mask[:, ::step].T))
    every = every._replace(column=every.column * step)
    runs = every.chosen(every.thickness <= max(3, _THICK * max(mask.shape)))
    lines = []
    for _ in range(_MOST_LINES):
        near = _best_line(runs)
        if near.sum() < _LEAST_RUNS:
            break
        line = _fit(runs.chosen(near), step)
        near = line.distance(runs) <= max(1, line.thickness / 2)
        near &= runs.thickness <= 2 * line.thickness
        if near.sum() < _LEAST_RUNS:
            break
        line = _fit(runs.chosen(near), step)
        seen, covered = (step * some.columns for some in (runs.chosen(near), every.chosen(line.is_under(every))))
        if seen >= _SEEN * line.length and covered >= _COVERED * line.length and line.length >= 10 * line.thickness:
            lines.append(line)
        runs = runs.chosen(~near)
    return lines


def _best_line(runs: Runs) -> NDArray[np.bool_]:
    """Which runs have their middle within two pixels of the line that most are near to (Hough 1962)."""
    if not len(runs.column):
        return np.zeros(0, bool)
    rows = runs.middle - _SLOPES[:, None] * runs.column
    bins = (rows - rows.min()).astype(np.intp)
    width = int(bins.max()) + 1
    counts = np.bincount((bins + width * np.arange(len(_SLOPES))[:, None]).ravel(), minlength=width * len(_SLOPES))
    counts[1:] += counts[:-1].copy()  # a line may lie across the border of two bins
    slope, place = divmod(int(counts.argmax()), width)
    near: NDArray[np.bool_] = np.abs(rows[slope] - rows.min() - place) <= 2
    return near


def _fit(runs: Runs, step: int) -> Line:
    """The line through the middles of runs in every step-th column, by least squares."""
    column, middle = runs.column - runs.column.mean(), runs.middle
    slope = float(column @ middle / max(column @ column, 1))
    thickness = np.sort(runs.thickness)[len(column) // 2]
    first, last = int(runs.column[0]), int(runs.column[-1]) + step
    return Line(float(middle.mean() - slope * runs.column.mean()), slope, float(thickness), first, last)


def _erase(ink: Floats, lines: Sequence[Line]) -> Floats:
    """ink without these level lines, but with what crosses them."""
    left = ink.copy()
    for line in lines:
        reach = line.thickness + 2  # the ink's soft edges
        near, thin = max(2, reach / 2), 1.4 * line.thickness + 1
        strip = _strip(line, along=reach, across=near + thin)
        runs = Runs(*find_runs(strip.cut(ink).T > 0))
        runs = runs.chosen((line.seen_from(strip).distance(runs) <= near) & (runs.thickness <= thin))
        part = strip.cut(left)
        height = len(part)
        part[fill_runs(runs.column * height + runs.first, runs.column * height + runs.last, part.T.shape).T] = 0
    return left


def _strip(line: Line, *, along: float, across: float) -> Box:
    """The box around line with so much beyond its ends, and on either side."""
    first, last = line.first - along, line.last + along
    upper, lower = sorted((line.row + line.slope * first, line.row + line.slope * last))
    edges = math.ceil(first), math.floor(upper - across), math.ceil(last), math.ceil(lower + across)
    return Box(*(max(0, edge) for edge in edges))

"""Segmentation: ink -> candidates for digits, in reading order.

One part of the ink or a few neighbouring ones make a candidate. Which candidates are digits is not decided here:
whoever can score their images picks the best sequence.
"""

from collections.abc import Iterator
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.vision.box import Box
from mnistnet.vision.normalize import ink_box, to_mnist
from mnistnet.vision.parts import Part, Row, find_writing

_MOST_CANDIDATES = 1000

# Lengths are shares of the writing's height.
_MOST_PARTS, _MOST_PIECES = 6, 4  # in a candidate in one row, and in one in several
_LEAST_HEIGHT, _LEAST_WIDTH, _MOST_WIDTH = 0.3, 0.25, 1.5
MOST_WIDTH = 2.0  # of all ink, if it may be one digit; of MNIST's digits 99 in 100 are below 1.43, and none is above 2
_BESIDE = 0.1  # at most, between a candidate and what is loose

# Costs in nats, as if they were logarithms of likelihoods.
_ONE_MORE = 0.9  # a candidate: of two readings the one with fewer digits
_WIDER, _WIDE = 6.0, 1.0  # one that is wider than this
_GAP = 4.0  # one with a gap between its parts
_CUT, _CROSSED = 0.25, 1.0  # one that ends at a cut, and the ink which the cut crosses
_ALL = 2.0  # gained by one that is all of the ink: most pictures show one digit
_LEFT_OUT, _DOT = 8.0, 0.1  # a part that is left out and is higher than a dot


class Candidate(NamedTuple):
    """What may be one digit: parts first to last (exclusive)."""

    first: int
    last: int
    box: Box
    """In the ink's pixels."""
    image: Floats
    """(28, 28), in MNIST's format."""
    cost: float
    """How unlike a digit its width, its gaps and its cuts are, in nats."""


class Candidates(NamedTuple):
    """The candidates, and what it costs to leave out each part, (parts,) in nats."""

    found: list[Candidate]
    skipping: Floats
    are_all: bool
    """There was not more ink than can be looked at."""


def find_candidates(ink: Floats) -> Candidates:
    """What may be a digit in ink, (h, w) in [0, 1]: rows from top to bottom, each from left to right.

    The last is all of the ink, where that may be one digit.
    """
    rows, small, scale, is_all = find_writing(ink)
    found: list[Candidate] = []
    passed = 0
    for row in rows:
        of_row = islice(_candidates(row, small), _MOST_CANDIDATES - len(found))
        found += [_placed(one, passed, scale, ink.shape) for one in of_row]
        passed += len(row.parts)
    is_all &= len(found) < _MOST_CANDIDATES
    if _can_be_one(rows):
        found = [one for one in found if one.last - one.first < passed or rows[0].loose]
        found.append(_all_of(ink, rows))
    skipping = [_skipping(part.ink.box.height / row.height) for row in rows for part in row.parts]
    return Candidates(found, np.array(skipping, np.float32), is_all)


def _placed(candidate: Candidate, passed: int, scale: int, shape: tuple[int, ...]) -> Candidate:
    """Counted from the first row's first part, and in the pixels of the whole ink of this shape."""
    x0, y0, x1, y1 = (scale * edge for edge in candidate.box)
    box = Box(x0, y0, min(x1, shape[1]), min(y1, shape[0]))
    return candidate._replace(first=passed + candidate.first, last=passed + candidate.last, box=box)


def _candidates(row: Row, ink: Floats) -> Iterator[Candidate]:
    """Those of a row, their places counted within it."""
    for first, last in _spans(row):
        parts = row.parts[first:last]
        left, right = _reach(parts)
        cuts = sum(_CUT + _CROSSED * crossed for crossed in _cuts_beside(row.parts, first, last))
        beside = [loose for loose in row.loose if _gap(loose, left, right) < _BESIDE * row.height]
        for chosen in [parts, parts + beside] if beside else [parts]:
            box = _box(chosen)
            cost = cuts + _unlikeness((right - left) / row.height, _widest_gap(parts) / row.height)
            yield Candidate(first, last, box, _picture(chosen, box, ink), cost)


def _spans(row: Row) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) of neighbouring parts that together have about a digit's size."""
    for first in range(len(row.parts)):
        for last in range(first + 1, min(len(row.parts), first + _MOST_PARTS) + 1):
            left, right = _reach(row.parts[first:last])
            if last > first + 1 and right - left > _MOST_WIDTH * row.height:
                break
            is_narrow = right - left < _LEAST_WIDTH * row.height and _cuts_beside(row.parts, first, last)
            if not is_narrow and _box(row.parts[first:last]).height >= _LEAST_HEIGHT * row.height:
                yield first, last


def _cuts_beside(parts: list[Part], first: int, last: int) -> list[float]:
    """The ink crossed at either end of parts first to last, where that is a cut."""
    inner = [number for number in (first, last) if 0 < number < len(parts)]
    return [parts[number].crossed for number in inner if parts[number - 1].piece == parts[number].piece]


def _reach(parts: list[Part]) -> tuple[float, float]:
    """From where to where parts are along the row."""
    return min(part.left for part in parts), max(part.right for part in parts)


def _gap(part: Part, left: float, right: float) -> float:
    """Between a part and what reaches from left to right; below 0 where they overlap."""
    return max(part.left - right, left - part.right)


def _widest_gap(parts: list[Part]) -> float:
    """The longest way along the row without any part, from the first to the last."""
    reached = accumulate((part.right for part in parts), max)
    return max(0, *(part.left - end for part, end in zip(parts[1:], reached, strict=False)), 0)


def _box(parts: list[Part]) -> Box:
    x0, y0, x1, y1 = zip(*(part.ink.box for part in parts), strict=True)
    return Box(min(x0), min(y0), max(x1), max(y1))


def _picture(parts: list[Part], box: Box, ink: Floats) -> Floats:
    picture = np.zeros((box.height, box.width), np.float32)
    for part in parts:
        picture[part.ink.y - box.y0, part.ink.x - box.x0] = ink[part.ink.y, part.ink.x]
    return to_mnist(picture, Box(0, 0, box.width, box.height))


def _can_be_one(rows: list[Row]) -> bool:
    """Whether all of the ink may be one digit: in one row or, if it is in pieces, in several."""
    if len(rows) == 1:
        left, right = _reach(rows[0].parts)
        return len(rows[0].parts) == 1 or right - left <= MOST_WIDTH * rows[0].height
    return 0 < sum(len({part.piece for part in row.parts}) for row in rows) <= _MOST_PIECES


def _all_of(ink: Floats, rows: list[Row]) -> Candidate:
    """All of the ink as one digit."""
    box = ink_box(ink)
    if len(rows) == 1:
        (left, right), height = _reach(rows[0].parts), rows[0].height
        cost = _unlikeness((right - left) / height, _widest_gap(rows[0].parts) / height)
    else:
        boxes = [_box(row.parts) for row in rows]
        gap = max(0, *(lower.y0 - upper.y1 for upper, lower in pairwise(boxes)))
        cost = _unlikeness(box.width / box.height, gap / (boxes[-1].y1 - boxes[0].y0))
    return Candidate(0, sum(len(row.parts) for row in rows), box, to_mnist(ink, box), cost - _ALL)


def _unlikeness(width: float, gap: float) -> float:
    """What a candidate costs but for its cuts."""
    return _ONE_MORE + _WIDER * max(0, width - _WIDE) + _GAP * gap


def _skipping(height: float) -> float:
    """What leaving out a part costs."""
    return _LEFT_OUT * max(0, height - _DOT)

"""Curves: how accurate a training was after how many seconds."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from mnistnet.data.mnist import Examples

TARGETS = (0.98, 0.99)
"""Shares of the validation images."""


class Point(NamedTuple):
    """Where a training stands after an epoch."""

    seconds: float
    """Of training alone: reading the validation images is not counted."""
    accuracy: float
    """On the validation images."""


Epochs = Iterator[Point]


class Learn(Protocol):
    """A training by some recipe."""

    def __call__(self, train: Examples, validation: Examples, *, seed: int) -> Epochs: ...


def curve(learn: Learn, train: Examples, validation: Examples, *, seed: int, limit: float) -> list[Point]:
    """Every epoch of a training, until the highest target is reached or the limit of seconds is passed."""
    points = []
    for point in learn(train, validation, seed=seed):
        points.append(point)
        if point.accuracy >= max(TARGETS) or point.seconds >= limit:
            break
    return points


def seconds_to(target: float, points: Sequence[Point]) -> float | None:
    """When the first epoch ended that was good enough."""
    return next((point.seconds for point in points if point.accuracy >= target), None)


def best(curves: Sequence[Sequence[Point]]) -> float:
    """The highest accuracy of any epoch."""
    return max(point.accuracy for points in curves for point in points)


def longest(curves: Sequence[Sequence[Point]]) -> float:
    """Seconds of the training that went on for the longest time."""
    return max(points[-1].seconds for points in curves)

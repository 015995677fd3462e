"""Comparison: what several contestants came to, measured in turns, and how many times as fast the first one is."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

PAUSE = 0.1
"""Seconds before each measurement, in which the threads of the contestant before stop waiting busily for more work."""

Measured = TypeVar("Measured")


def alternate(contestants: Mapping[str, Callable[[], Measured]], *, repeats: int) -> dict[str, list[Measured]]:
    """Measure A B C A B C ...: the results of each by name, one a round; a first round is discarded."""
    figures: dict[str, list[Measured]] = {name: [] for name in contestants}
    for number in range(repeats + 1):
        for name, measure in contestants.items():
            time.sleep(PAUSE)
            figure = measure()
            if number > 0:
                figures[name].append(figure)
    return figures


class Summary(NamedTuple):
    """Median and quartiles of some figures."""

    median: float
    lower: float
    upper: float


def summary(figures: Sequence[float]) -> Summary:
    """Of one figure or more; between two figures these are interpolated."""
    return Summary(*np.percentile(figures, (50, 25, 75)).tolist())


@dataclass(frozen=True)
class Comparison:
    """One case of one part of the benchmark."""

    part: str
    threads: int
    """0 where they were left as they are."""
    case: str
    unit: str
    """Of a rate, such as images/s, more is better; of a time less."""
    figures: Mapping[str, Sequence[float | None]]
    """By contestant, the one that the others are compared with first; one a round, None where it did not get there."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """By contestant: what must be known beside the figures."""

    @property
    def reference(self) -> str:
        """The contestant that the others are compared with."""
        return next(iter(self.figures))

    def measured(self, name: str) -> list[float]:
        """The figures of the rounds in which the contestant got there."""
        return [figure for figure in self.figures[name] if figure is not None]

    def speedups(self, name: str) -> list[float]:
        """How many times as fast as this contestant the reference was, in each round in which both got there."""
        pairs = zip(self.figures[self.reference], self.figures[name], strict=True)
        known = [(ours, theirs) for ours, theirs in pairs if ours is not None and theirs is not None]
        return [ours / theirs if self.unit.endswith("/s") else theirs / ours for ours, theirs in known]

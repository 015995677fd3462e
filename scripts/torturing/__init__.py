"""Torturing: what mnistnet promises, one module a kind of trial, and what is common to them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class CannotTryError(Exception):
    """This machine does not have what a trial needs, which the message says."""


class Outcome(NamedTuple):
    """What came of trying to break one promise."""

    promise: str
    """As the README states it."""
    tried: str
    """How, in a few words."""
    cases: int
    failures: list[str]
    """A line each."""
    left_out: Sequence[str] = ()
    """What each of the cases needs that were not tried, as it is not here."""


@dataclass(frozen=True)
class Budget:
    """How much may be tried, and with which random numbers."""

    seed: int
    seconds: float
    started: float = field(default_factory=time.monotonic)

    def share(self, part: float) -> "Budget":
        """A part of it, from now on, with the same random numbers."""
        return Budget(self.seed, part * self.seconds)

    def is_left(self) -> bool:
        """Whether there is time for another case."""
        return time.monotonic() - self.started < self.seconds


class Part(NamedTuple):
    """A kind of trial."""

    name: str
    run: Callable[[Budget], Iterator[Outcome]]
    """Tries at least a few cases of each promise, however little time there is."""

"""Files: hostile ones of every kind that is taken in, by way of a watched process.

A failure's file is kept in KEPT; `take(kind, path)` of takers.py repeats what came of it. For coverage-guided cases see
guided.py.
"""

import os
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from torturing import Budget, Outcome
from torturing.giants import GIANTS, make_giant
from torturing.mutations import (
    chosen,
    mutated,
    mutated_archive,
    mutated_gzip,
    mutated_lines,
    mutated_png,
)
from torturing.specimens import PICTURES, specimens
from torturing.watching import Watched

KEPT = Path(tempfile.gettempdir(), "mnistnet-hostile-files")
KINDS = ("idx", "gzip", "model", "checkpoint", "labels.csv", "run.toml", "onnx", *PICTURES, "api")
NEEDED = {"onnx": "onnx", "api": "fastapi"}
"""Packages that not everybody has."""
MUTATED = {
    "gzip": mutated_gzip,
    "model": mutated_archive,
    "checkpoint": mutated_archive,
    "labels.csv": mutated_lines,
    "run.toml": mutated_lines,
    "png": mutated_png,
}
PROMISE = "A damaged or hostile file is a right answer or one clear error: {}"
SHOWN = {"api": "requests to the API"}
AT_ONCE = 100
LEAST = 30
"""Cases of each kind, however little time there is."""


class Tally(NamedTuple):
    """What came of the cases of a kind."""

    cases: int = 0
    seconds: float = 0.0
    """Of the slowest."""
    megabytes: float = 0.0
    failures: tuple[str, ...] = ()

    def with_others(self, other: "Tally") -> "Tally":
        """Both."""
        return Tally(
            self.cases + other.cases,
            max(self.seconds, other.seconds),
            max(self.megabytes, other.megabytes),
            self.failures + other.failures,
        )


def run(budget: Budget) -> Iterator[Outcome]:
    """Try mutated files of each kind, and the giants."""
    yield giants()
    kinds = [kind for kind in KINDS if is_known(kind)]
    for kind in [kind for kind in KINDS if not is_known(kind)]:
        yield Outcome(PROMISE.format(SHOWN.get(kind, kind)), "mutated", 0, [], [NEEDED[kind]])
    for kind in kinds:
        tally = tried(kind, budget.share(0.95 / len(kinds)))
        yield Outcome(
            PROMISE.format(SHOWN.get(kind, kind)),
            f"mutated; slowest {tally.seconds:.2f} s, most memory {tally.megabytes:.0f} MB",
            tally.cases,
            list(tally.failures),
        )


def giants() -> Outcome:
    """Try what claims to be huge, or becomes it when it is unpacked."""
    failures: list[str] = []
    cases = [name for name in GIANTS if is_known(GIANTS[name].kind)]
    for name in cases:
        with Watched(make_giant) as watched:  # anew: what was taken to make one may not be given back at once
            failures += try_giant(watched, name).failures
    return Outcome(
        "No file takes more than 2 s or 500 MB, whatever size it claims or unpacks to",
        "headers of giant sizes, and bombs",
        len(cases),
        failures,
        [NEEDED[giant.kind] for giant in GIANTS.values() if not is_known(giant.kind)],
    )


def is_known(kind: str) -> bool:
    """Whether what takes in this kind of file is installed."""
    return kind not in NEEDED or find_spec(NEEDED[kind]) is not None


def try_giant(watched: Watched, name: str) -> Tally:
    """One of GIANTS."""
    number = list(GIANTS).index(name)
    return tallied(watched, GIANTS[name].kind, 0, range(number, number + 1))


def tried(kind: str, budget: Budget) -> Tally:
    """Mutated files of a kind, in as many processes as there are processors, while there is time."""
    lanes = os.cpu_count() or 1

    def try_lane(lane: int) -> Tally:
        tally, first = Tally(), 0
        with Watched(make_case) as watched:
            while first < LEAST or budget.is_left():
                numbers = range(lane + first * lanes, lane + (first + AT_ONCE) * lanes, lanes)
                tally = tally.with_others(tallied(watched, kind, budget.seed, numbers))
                first += AT_ONCE
        return tally

    with ThreadPoolExecutor(lanes) as pool:
        total = Tally()
        for tally in pool.map(try_lane, range(lanes)):
            total = total.with_others(tally)
        return total


def tallied(watched: Watched, kind: str, seed: int, numbers: range) -> Tally:
    """What came of these cases; the files of those that failed are kept."""
    cases, seconds, megabytes, failures = 0, 0.0, 0.0, []
    for one in watched.tries(kind, seed, numbers):
        cases, seconds, megabytes = cases + 1, max(seconds, one.seconds), max(megabytes, one.megabytes)
        if one.wrong:
            KEPT.mkdir(exist_ok=True)
            path = KEPT / f"{seed}-{one.number}-{kind}"
            path.write_bytes(watched.content(kind))
            failures.append(f"{path}: {one.wrong}"[:300])
    return Tally(cases, seconds, megabytes, tuple(failures))


def make_case(kind: str, seed: int, number: int) -> bytes:
    """A mutated file; those with the first numbers are as they should be."""
    good = specimens(kind)
    if number < len(good):
        return good[number]
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), number])
    return MUTATED.get(kind, mutated)(chosen(good, rng), good, rng)

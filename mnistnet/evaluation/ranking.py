"""Ranking: alternatives, each measured with several seeds, compared by their means."""

import math
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH = 100
STANDARD_ERRORS = 2
"""Between two means, above which their difference is said to exceed the spread."""


@dataclass(frozen=True)
class Alternative:
    """One combination of values, and what it came to with every seed."""

    values: Mapping[str, str]
    """By name, as a user types them."""
    curves: Sequence[Sequence[float]]
    """One a seed: the accuracy of every epoch; empty where it failed."""
    seconds: float
    """Mean of all seeds."""
    failure: str = ""
    """Of the first seed that failed, which seed and why."""

    @property
    def measured(self) -> list[float]:
        """Of each seed that did not fail, the accuracy of its best epoch."""
        return [max(curve) for curve in self.curves if curve]

    @property
    def mean(self) -> float | None:
        """Over the seeds that did not fail."""
        return statistics.fmean(self.measured) if self.measured else None

    @property
    def spread(self) -> float | None:
        """Sample standard deviation over these seeds; None of less than two."""
        return statistics.stdev(self.measured) if len(self.measured) > 1 else None

    @property
    def squared_error(self) -> float | None:
        """The squared standard error of the mean."""
        return None if self.spread is None else self.spread**2 / len(self.measured)


def rank(alternatives: Sequence[Alternative]) -> list[Alternative]:
    """The best first; those that failed with any seed last."""
    return sorted(alternatives, key=lambda one: (bool(one.failure), -(one.mean or 0)))


def best_of(ranked: Sequence[Alternative]) -> Alternative | None:
    """The first, unless it failed, too."""
    return None if ranked[0].failure else ranked[0]


def exceeds_spread(one: Alternative, other: Alternative) -> bool | None:
    """Whether the means differ by more than 2 sqrt(s1^2 / n1 + s2^2 / n2), twice the difference's standard error.

    s is the spread and n the number of seeds (Welch 1947). None where a mean or a spread is not known.
    """
    if one.mean is None or other.mean is None or one.squared_error is None or other.squared_error is None:
        return None
    return abs(one.mean - other.mean) > STANDARD_ERRORS * math.sqrt(one.squared_error + other.squared_error)


def ranking_json(ranked: Sequence[Alternative]) -> list[dict[str, object]]:
    """All that the table shows, as JSON values."""
    best = best_of(ranked)
    return [
        {
            "values": dict(one.values),
            "mean": one.mean,
            "spread": one.spread,
            "seconds": round(one.seconds, 3),
            "best": one is best,
            "behind": None if best is None or one.mean is None or best.mean is None else best.mean - one.mean,
            "exceeds_spread": None if best is None or one is best or one.failure else exceeds_spread(one, best),
            "accuracies": [max(curve) if curve else None for curve in one.curves],
            "failure": one.failure,
        }
        for one in ranked
    ]


def ranking_text(ranked: Sequence[Alternative]) -> str:
    """The ranking as a table with its footnotes, of at most 100 columns."""
    best = best_of(ranked)
    numbers = [("accuracy", "spread", "behind", "exceeds spread", "s a run")]
    numbers += [figures_of(one, best) for one in ranked]
    widths = [max(map(len, column)) for column in zip(*numbers, strict=True)]
    room = WIDTH - sum(widths) - 2 * len(widths) - 2
    names = value_cells([one.values for one in ranked], room=room)
    room = max(len(line) for cell in names for line in cell)
    marks = [" ", *("*" if one is best else " " for one in ranked)]
    lines = []
    for mark, (first, *rest), row in zip(marks, names, numbers, strict=True):
        columns = (f"{text:>{width}}" for text, width in zip(row, widths, strict=True))
        lines += ["  ".join((f"{mark} {first:{room}}", *columns)), *(f"  {more}" for more in rest)]
    return "\n".join([*map(str.rstrip, lines), "", *footnotes(ranked)])


def figures_of(one: Alternative, best: Alternative | None) -> tuple[str, str, str, str, str]:
    """The numbers of a row."""
    mean = "-" if one.mean is None else f"{one.mean * 100:.2f} %"
    spread = "-" if one.spread is None else f"{one.spread * 100:.2f}"
    behind, verdict = "-", "-"
    if one.failure:
        failed = len(one.curves) - len(one.measured)
        verdict = f"{failed} of {len(one.curves)} failed"
    elif best and best.mean is not None and one.mean is not None and one is not best:
        behind = f"{(best.mean - one.mean) * 100:.2f}"
        verdict = {True: "yes", False: "no", None: "unknown"}[exceeds_spread(one, best)]
    return mean, spread, behind, verdict, f"{one.seconds:.1f}"


def value_cells(rows: Sequence[Mapping[str, str]], *, room: int) -> list[list[str]]:
    """The lines of the heading's cell and of every row's: aligned columns where there is room, else wrapped text."""
    table = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) <= room:
        padded = ((f"{text:{width}}" for text, width in zip(row, widths, strict=True)) for row in table)
        return [["  ".join(cells)] for cells in padded]
    texts = (", ".join(f"{name} {value}" for name, value in row.items()) for row in rows)
    return [[""], *(textwrap.wrap(text, room, subsequent_indent="  ") for text in texts)]


def footnotes(ranked: Sequence[Alternative]) -> list[str]:
    """What the columns mean, and what failed."""
    seeds = len(ranked[0].curves)
    if seeds == 1:
        notes = ["1 seed: spread unknown, so that no difference can be told from chance; pass --seeds 3 or more"]
    else:
        notes = [
            "spread: sample standard deviation s over the n seeds, in percentage points. exceeds spread: whether a row "
            f"is behind the best (*) by more than {STANDARD_ERRORS} sqrt(s1^2/n1 + s2^2/n2), twice the standard error "
            "of the difference; a rule of thumb, and the fewer seeds the rougher."
        ]
    notes += [f"{', '.join(one.values.values())}, {one.failure}" for one in ranked if one.failure]
    return [line for note in notes for line in textwrap.wrap(note, WIDTH, subsequent_indent="  ")]

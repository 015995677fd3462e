"""Tables: comparisons in Markdown that reads well in a terminal, too."""

import textwrap
from collections.abc import Sequence

from benchmarks.comparison import Comparison, summary
from benchmarks.job import threads_text
from benchmarks.parts import Part

WIDTH = 100
Row = tuple[str, ...]


def table_rows(comparisons: Sequence[Comparison]) -> list[Row]:
    """The heading, and a row for each contestant in each case; columns that would be empty are left out."""
    heading = ("", "", "median", "quartiles", "the first is")
    rows = [heading, *(row for comparison in comparisons for row in case_rows(comparison))]
    used = [place for place, column in enumerate(zip(*rows[1:], strict=True)) if any(column)]
    return [tuple(row[place] for place in used) for row in rows]


def case_rows(comparison: Comparison) -> list[Row]:
    """A row a contestant; the case is named in the first only."""
    cases = [comparison.case] + [""] * (len(comparison.figures) - 1)
    return [(case, *row(comparison, name)) for case, name in zip(cases, comparison.figures, strict=True)]


def row(comparison: Comparison, name: str) -> Row:
    """Contestant, median, quartiles, ratio."""
    label = f"{name} ({comparison.notes[name]})" if name in comparison.notes else name
    figures, rounds = comparison.measured(name), len(comparison.figures[name])
    if len(figures) < rounds:
        return label, f"not reached in {rounds - len(figures)} of {rounds}", "", ""
    median, *quartiles = map(number, summary(figures))
    return label, f"{median} {comparison.unit}", spread(*quartiles, rounds=rounds), ratio(comparison, name)


def ratio(comparison: Comparison, name: str) -> str:
    """How many times as fast the reference is, with quartiles of the rounds' own ratios."""
    speedups = comparison.speedups(name)
    if name == comparison.reference or not speedups:
        return ""
    of = summary(speedups)
    quartiles = spread(f"{of.lower:.2f}", f"{of.upper:.2f}", rounds=len(speedups))
    return f"{of.median:.2f} x as fast{f' ({quartiles})' if quartiles else ''}"


def spread(lower: str, upper: str, *, rounds: int) -> str:
    """Two quartiles, where there is more than one round."""
    return f"{lower} - {upper}" if rounds > 1 else ""


def number(value: float) -> str:
    """Three digits, or more before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_markdown(rows: Sequence[Row]) -> str:
    """A table of GitHub's Markdown, with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    heading, *others = (f"| {' | '.join(row)} |" for row in cells)
    return "\n".join([heading, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *others])


def part_text(part: Part, comparisons: Sequence[Comparison]) -> str:
    """Title, note, and a table for each number of threads."""
    blocks = [f"### {part.title}", textwrap.fill(part.note, WIDTH)]
    for threads in dict.fromkeys(comparison.threads for comparison in comparisons):
        blocks += [f"{threads_text(threads)}:"] if threads else []
        blocks.append(as_markdown(table_rows([one for one in comparisons if one.threads == threads])))
    return "\n\n".join(blocks)

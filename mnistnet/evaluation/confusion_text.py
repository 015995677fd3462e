"""Confusion text: a confusion matrix for the terminal, and what stands at its sides on pages too."""

from collections.abc import Sequence

from mnistnet.arrays import DIGITS

SHORT = 4
"""Letters of a name that has room over a column."""
MOST_COLUMNS = 12
"""Of the confusion matrix as text; of more classes the most frequent mistakes are told."""
MOST_MISTAKES = 20


def are_digits(classes: Sequence[str]) -> bool:
    """Whether the classes are called as MNIST's."""
    return tuple(classes) == DIGITS


def mistakes_table(confusion: list[list[int]], classes: Sequence[str]) -> str:
    """The confusion matrix; where that would be too wide, the most frequent mistakes."""
    if are_digits(classes):
        return confusion_table(confusion)
    if len(classes) <= MOST_COLUMNS:
        return confusion_table(confusion, columns=column_heads(classes), rows=row_heads(classes))
    pairs = [
        (count, true, read) for true, row in enumerate(confusion) for read, count in enumerate(row) if true != read
    ]
    worst = sorted((pair for pair in pairs if pair[0]), key=lambda pair: (-pair[0], *pair[1:]))[:MOST_MISTAKES]
    lines = [f"{count:>8,}  {classes[true]} read as {classes[read]}" for count, true, read in worst]
    return "\n".join(["Most frequent mistakes" if lines else "No mistakes", *lines])


def column_heads(classes: Sequence[str]) -> list[str]:
    """What stands over a confusion matrix's columns: the classes' names, or where these are long their numbers."""
    return [name if max(map(len, classes)) <= SHORT else str(number) for number, name in enumerate(classes)]


def row_heads(classes: Sequence[str]) -> list[str]:
    """What stands before its rows: the names, after the numbers where these stand over the columns."""
    pairs = zip(column_heads(classes), classes, strict=True)
    return [name if head == name else f"{head} {name}" for head, name in pairs]


def confusion_table(
    confusion: list[list[int]], *, columns: Sequence[str] = DIGITS, rows: Sequence[str] = DIGITS, width: int = 6
) -> str:
    """True classes down, predictions across, each column at least so many characters wide; a dot is a 0."""
    widths = [max(width, len(name) + 2) for name in columns]
    head = max(4, *map(len, rows))
    if head > 4:  # names stand on the left, their numbers aligned
        rows = [name.ljust(head) for name in rows]
    lines = [f"{'':{head}}    predicted", f"{'true':{head}} " + "".join(map(str.rjust, columns, widths))]
    for name, row in zip(rows, confusion, strict=True):
        cells = (f"{count:,}" if count else "." for count in row)
        lines.append(f"{name:>{head}} " + "".join(map(str.rjust, cells, widths)))
    return "\n".join(lines)

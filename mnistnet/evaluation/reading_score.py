"""Reading score: what answers about labelled pictures are worth, as JSON and as text.

The score is one object: `pictures`; `single_digits`, `numbers` (labels of several digits) and `no_digit` (empty
labels); `groups`, the same for each group; and `misread`, the most confident first. Its shares are objects of `count`,
`of`, `share` and `interval` (95 %, Wilson); the last two are null where `of` is 0.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mnistnet.arrays import DIGITS
from mnistnet.evaluation.confusion_text import (
    MOST_COLUMNS,
    are_digits,
    column_heads,
    confusion_table,
    mistakes_table,
    row_heads,
)
from mnistnet.evaluation.metrics import confusion_matrix, edit_distance, wilson_interval
from mnistnet.evaluation.report_text import interval_text, percent

Score = dict[str, Any]
OTHERS = ("many", "none")
"""The confusion matrix's columns after the classes: an answer of several digits and of no digit."""


class Answer(NamedTuple):
    """What was read in one labelled picture."""

    file: str
    label: str
    """Digits in reading order, or the name of another class; "" where there is none."""
    digits: str
    confidence: float
    sure: bool
    group: str = ""

    @property
    def is_right(self) -> bool:
        """Whether it is the label; where that is none, whether it is anything but sure of a digit."""
        return self.digits == self.label if self.label else not (self.digits and self.sure)


def score_answers(answers: Sequence[Answer], classes: Sequence[str] = DIGITS) -> Score:
    """The whole score; a label is a class's name, or the digits of a number.

    Without a group to any answer there are no groups in it.
    """
    groups = sorted({answer.group for answer in answers} if any(answer.group for answer in answers) else ())
    score = score_group(answers, classes)
    score["single_digits"] |= score_confusion([one for one in answers if one.label in classes], classes)
    return score | {
        "groups": {name: score_group([one for one in answers if one.group == name], classes) for name in groups},
        "misread": find_misread(answers),
    }


def score_group(answers: Sequence[Answer], classes: Sequence[str]) -> Score:
    """The shares alone."""
    numbers = [answer for answer in answers if answer.label and answer.label not in classes]
    negatives = [answer for answer in answers if not answer.label]
    return {
        "pictures": len(answers),
        "single_digits": score_labels([answer for answer in answers if answer.label in classes]),
        "numbers": score_labels(numbers) | score_edits(numbers),
        "no_digit": {"refused": share(answer.is_right for answer in negatives)},
    }


def score_labels(answers: Sequence[Answer]) -> Score:
    """Right among all, right among the sure ones, and unsure among the right ones."""
    return {
        "right": share(answer.is_right for answer in answers),
        "right_of_sure": share(answer.is_right for answer in answers if answer.sure),
        "unsure_of_right": share(not answer.sure for answer in answers if answer.is_right),
    }


def score_edits(answers: Sequence[Answer]) -> Score:
    """Digits to insert, delete or replace until all is right; more than there are digits make the accuracy negative."""
    digits = sum(len(answer.label) for answer in answers)
    edits = sum(edit_distance(answer.label, answer.digits) for answer in answers)
    return {"digits": digits, "edits": edits, "digit_accuracy": 1 - edits / digits if digits else None}


def score_confusion(answers: Sequence[Answer], classes: Sequence[str]) -> Score:
    """The confusion matrix of single digits; each row's unsure answers, which are in it too, are counted apart."""
    numbers = {name: number for number, name in enumerate(classes)} | {"": len(classes) + 1}
    labels = np.array([numbers[answer.label] for answer in answers], np.int64)
    columns = np.array([numbers.get(answer.digits, len(classes)) for answer in answers], np.int64)
    unsure = labels[[not answer.sure for answer in answers]]
    return {
        "confusion": confusion_matrix(labels, columns, classes=len(classes), columns=len(classes) + 2).tolist(),
        "confusion_columns": [*classes, *OTHERS],
        "unsure": np.bincount(unsure, minlength=len(classes)).tolist(),
    }


def find_misread(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """The wrong answers: sure ones first, then by confidence."""
    wrong = sorted(
        (answer for answer in answers if not answer.is_right),
        key=lambda answer: (not answer.sure, -answer.confidence, answer.file),
    )
    return [answer._asdict() for answer in wrong]


def share(chosen: Iterable[bool]) -> dict[str, Any]:
    """How many of all."""
    every = list(chosen)
    count, of = sum(every), len(every)
    if not of:
        return {"count": 0, "of": 0, "share": None, "interval": None}
    return {"count": count, "of": of, "share": count / of, "interval": wilson_interval(count, of)}


def score_text(score: Score, *, by: str, printable: Callable[[str], str], shown: int = 20) -> str:
    """The score as plain text of some 80 columns, names of files apart; by is what a group has in common.

    printable makes a name safe to show on one line.
    """
    parts = [headline(score)]
    if score["single_digits"]["right"]["of"]:
        parts.append(answers_table(score["single_digits"]))
    if score["groups"]:
        parts.append(groups_table(score["groups"], by=by, printable=printable))
    if score["misread"]:
        parts.append(misread_list(score["misread"], printable=printable, shown=shown))
    return "\n\n".join(parts)


def headline(score: Score) -> str:
    """The shares, one a line, but for those of nothing."""
    single, numbers, refused = score["single_digits"], score["numbers"], score["no_digit"]["refused"]
    title = "Single digits" if are_digits(single["confusion_columns"][: -len(OTHERS)]) else "Pictures"
    lines = [*labels_lines(title, single, "right"), *labels_lines("Numbers", numbers, "wholly right")]
    if numbers["digits"]:
        edits = f"{numbers['edits']:,} edits for {numbers['digits']:,} digits"
        lines.append(f"  digit by digit: {percent(numbers['digit_accuracy'])} right, {edits}")
    if refused["of"]:
        lines.append(f"No digit: {share_text(refused, 'refused')}\n  refused: called no digit, or unsure")
    return "\n".join(lines)


def labels_lines(name: str, part: Score, right: str) -> list[str]:
    """The shares of single digits or of numbers."""
    shares = [
        (name, part["right"], right),
        ("  where sure", part["right_of_sure"], "right"),
        ("  where right", part["unsure_of_right"], "unsure"),
    ]
    return [f"{title}: {share_text(share, what)}" for title, share, what in shares if share["of"]]


def share_text(share: dict[str, Any], what: str) -> str:
    """A share with its interval and its numbers."""
    counts = f"{share['count']:,} of {share['of']:,}"
    return f"{percent(share['share'])} {what} ({interval_text(share['interval'])}), {counts}"


def answers_table(single: Score) -> str:
    """The confusion matrix, with the unsure answers of each row beside it."""
    rows = [[*row, unsure] for row, unsure in zip(single["confusion"], single["unsure"], strict=True)]
    names = single["confusion_columns"][: -len(OTHERS)]
    if len(names) > MOST_COLUMNS:
        return mistakes_table([row[: len(names)] for row in single["confusion"]], names)
    table = confusion_table(rows, columns=[*column_heads(names), *OTHERS, "unsure"], rows=row_heads(names), width=5)
    return f"{table}\nmany: several digits; none: no digit; unsure: so many of the row's answers"


def groups_table(groups: dict[str, Score], *, by: str, printable: Callable[[str], str]) -> str:
    """The shares of each group."""
    names = [printable(name) or "(nothing)" for name in groups]
    width = min(max(20, *map(len, names)), 40)
    head = [
        f"{'':{width}}{'single digits':>19}{'numbers':>30}{'no digit':>10}",
        f"{printable(by):{width}.{width}} pictures     right  pictures     right    digits   refused",
    ]
    rows = [f"{name:{width}.{width}}{group_cells(group)}" for name, group in zip(names, groups.values(), strict=True)]
    return "\n".join(head + rows)


def group_cells(group: Score) -> str:
    """What stands behind a group's name; a dot where there is nothing to share."""
    single, numbers = group["single_digits"]["right"], group["numbers"]["right"]
    refused = group["no_digit"]["refused"]["share"]
    shares = (single["share"], numbers["share"], group["numbers"]["digit_accuracy"], refused)
    right, whole, digits, refused = ("." if share is None else percent(share) for share in shares)
    return f"{single['of'] or '.':>9}{right:>10}{numbers['of'] or '.':>10}{whole:>10}{digits:>10}{refused:>10}"


def misread_list(misread: list[dict[str, Any]], *, printable: Callable[[str], str], shown: int) -> str:
    """The worst of the misread pictures, one a line."""
    lines = [f"Misread, the surest first ({min(shown, len(misread))} of {len(misread):,})"]
    for answer in misread[:shown]:
        read = f"{answer['digits']}, {percent(answer['confidence'], 1)}" if answer["digits"] else "no digit"
        unsure = " unsure" if answer["digits"] and not answer["sure"] else ""
        lines.append(f"  {printable(answer['file'])}: true {answer['label'] or 'no digit'}, read as {read}{unsure}")
    return "\n".join(lines)

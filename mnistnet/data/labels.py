"""Labels: what is said of a picture, the digits in it in reading order, or the name of another class; or `none`."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mnistnet.data.class_names import LONGEST_NAME, composed

MOST_DIGITS = 1_000
"""In a label; Python makes no numbers of some thousands of them."""


class LabelKind(NamedTuple):
    """What may be a label."""

    parse: Callable[[str], str | None]
    """From a text to the label that it stands for, "" for `none`; None if it is no label."""
    expected: str


def parse_label(text: str) -> str | None:
    """The digits that a label stands for, "" for `none`; None if it is no label."""
    if text.lower() == "none":
        return ""
    return text if re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", text) else None


def any_label(text: str) -> str | None:
    """The name of a class, whichever it is, or "" for `none`; None if it cannot be one."""
    label = composed(text)
    return "" if label.lower() == "none" else label if 1 <= len(label) <= LONGEST_NAME and label.isprintable() else None


OF_DIGITS = LabelKind(parse_label, f"digits, {MOST_DIGITS:,} at most")
OF_ANY = LabelKind(any_label, f"a name of at most {LONGEST_NAME} characters")


def label_among(classes: Sequence[str]) -> LabelKind:
    """One of these names."""

    def parse(text: str) -> str | None:
        label = any_label(text)
        return label if label in ("", *classes) else None

    return LabelKind(parse, f"one of {', '.join(classes):.200}")

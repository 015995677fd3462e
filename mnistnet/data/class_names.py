"""Class names: what the classes of a data set are called."""

import re
import string
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mnistnet.arrays import DIGITS
from mnistnet.errors import DataError
from mnistnet.files import read_at_most

MOST_CLASSES, LONGEST_NAME = 1_000, 40
NAMES_FILE = "classes.txt"
"""A name a line, beside a set's files."""
MOST_BYTES = 1_000_000
"""Of that file."""
_FASHION = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
_LETTERS = tuple(string.ascii_uppercase)
_MERGED = (*DIGITS, *_LETTERS, *"abdefghnqrt")

KNOWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("fashionmnist", "fashion"), _FASHION),
    **dict.fromkeys(("kmnist", "kuzushijimnist"), _KANA),
    "emnistletters": _LETTERS,
    "emnistbalanced": _MERGED,
    "emnistbymerge": _MERGED,
    "emnistbyclass": (*DIGITS, *_LETTERS, *string.ascii_lowercase),
}
"""By the set's name in small letters and digits alone, as its publishers have them (KMNIST's kana in Latin letters)."""


def known_names(name: str) -> tuple[str, ...] | None:
    """The classes of a well-known set of this name, however it is written; None where none has it."""
    return KNOWN.get(re.sub("[^a-z0-9]", "", name.lower()))


def require_names(names: Sequence[object]) -> tuple[str, ...]:
    """The names, if they may be those of classes. Raises ValueError."""
    if isinstance(names, str) or not 2 <= len(names) <= MOST_CLASSES:
        raise ValueError(f"expected 2 to {MOST_CLASSES:,} classes, got {len(names):,}")
    for place, name in enumerate(names):
        if not (isinstance(name, str) and 1 <= len(name) <= LONGEST_NAME and name.isprintable()):
            raise ValueError(f"expected a class's name of 1 to {LONGEST_NAME} printable characters, got {name!a:.60}")
        if name in names[:place]:
            raise ValueError(f"expected each class once, got {name!r} twice")
    return tuple(map(str, names))


def parse_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names as a user wrote them. Raises ValueError."""
    return require_names([composed(name) for name in names])


def composed(name: str) -> str:
    """A name as it is kept: composed (Unicode's NFC), without space around it."""
    return unicodedata.normalize("NFC", name).strip()


def read_names(path: Path) -> tuple[str, ...]:
    """The names in a file, one a line, empty lines at the end aside. Raises DataError."""
    try:
        return parse_names(read_at_most(path, MOST_BYTES).decode("utf-8-sig").rstrip().splitlines())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot take the classes from {path}: {reason}; write one name a line") from error


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels that pictures have, each once: numbers by their size, then the others by the alphabet."""
    return tuple(
        sorted(set(labels), key=lambda label: (not is_number(label), int(label) if is_number(label) else 0, label))
    )


def is_number(text: str) -> bool:
    """Whether a label is a whole number."""
    return re.fullmatch("[0-9]+", text) is not None

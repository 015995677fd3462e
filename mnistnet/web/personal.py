"""Personal set: drawings that the user has corrected, kept on this machine.

ID.png is a drawing as it came, and ID.txt its label, UTF-8 without a line's end, which data/folder.py reads too; an
entry is there once its label is. Each is a file of its own, so that processes which write at once have nothing to agree
upon. IDs begin with the time: the later, the greater.
"""

import os
import re
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mnistnet.errors import OutputError
from mnistnet.files import is_left, new_file
from mnistnet.web.settings import MEGABYTE

LONGEST_LABEL = 40
LARGEST = 1 * MEGABYTE
"""Bytes of a drawing."""
PNG = b"\x89PNG\r\n\x1a\n"
MOST_ENTRIES = 10_000
_ID = re.compile(r"[0-9a-f]{16}")


class Entry(NamedTuple):
    """A drawing of the set."""

    id: str
    label: str


def read_label(text: str) -> str:
    """A label as it is kept: composed (Unicode's NFC), without space around it. Raises ValueError."""
    label = unicodedata.normalize("NFC", text).strip()
    if not (1 <= len(label) <= LONGEST_LABEL and label.isprintable()):
        raise ValueError(f"expected a label of 1 to {LONGEST_LABEL} printable characters, got {text!a:.60}")
    return label


@dataclass(frozen=True)
class PersonalSet:
    """The drawings in a folder, which is made when the first one is added.

    Raises OutputError, in which no path stands, where a file cannot be written, read or removed.
    """

    folder: Path

    def add(self, picture: bytes, label: str) -> str:
        """Keep a PNG; its id. Raises ValueError for a label that is none."""
        label, drawing = read_label(label), f"{time.time_ns() // 1_000:013x}{secrets.randbits(12):03x}"
        if len(self._ids()) >= MOST_ENTRIES:
            raise OutputError(f"there are {MOST_ENTRIES:,} drawings already; remove some")
        with told("keep"):
            clear_once(self.folder.absolute())
            for suffix, content in (("png", picture), ("txt", label.encode())):
                with new_file(self._path(drawing, suffix), overwrite=False) as file:
                    file.write(content)
        return drawing

    def entries(self) -> list[Entry]:
        """All drawings, the latest first."""
        labels = ((drawing, self._label(drawing)) for drawing in reversed(self._ids()))
        return [Entry(drawing, label) for drawing, label in labels if label is not None]

    def picture(self, drawing: str) -> bytes | None:
        """The PNG of this id; None where there is none."""
        if not _ID.fullmatch(drawing) or self._label(drawing) is None:
            return None
        content = read_regular(self._path(drawing, "png"), most=LARGEST)
        return content if content and content.startswith(PNG) else None

    def remove(self, drawing: str) -> bool:
        """Whether there was a drawing of this id to remove."""
        if not _ID.fullmatch(drawing) or self._label(drawing) is None:
            return False
        with told("remove"):
            try:
                self._path(drawing, "txt").unlink()
            except FileNotFoundError:  # another process has just removed it
                return False
            self._path(drawing, "png").unlink(missing_ok=True)
        return True

    def clear(self) -> int:
        """Remove all drawings; how many there were."""
        with told("remove"):
            remove_unnamed(self.folder)
        return sum(self.remove(drawing) for drawing in self._ids())

    def _ids(self) -> list[str]:
        with told("find"):
            return sorted(path.stem for path in self.folder.glob("*.txt") if _ID.fullmatch(path.stem))

    def _label(self, drawing: str) -> str | None:
        """None where there is no drawing of this id, or another hand has put something else there."""
        if not stat.S_ISREG(mode_of(self._path(drawing, "png"))):
            return None
        content = read_regular(self._path(drawing, "txt"), most=4 * LONGEST_LABEL)
        try:
            return None if content is None else read_label(content.decode())
        except ValueError:
            return None

    def _path(self, drawing: str, suffix: str) -> Path:
        return self.folder / f"{drawing}.{suffix}"


@cache
def clear_once(folder: Path) -> None:
    """remove_unnamed, once a process."""
    remove_unnamed(folder)


def remove_unnamed(folder: Path) -> None:
    """Remove drawings without a label, which nobody sees: a process was killed that added or removed them."""
    for path in folder.glob("*.png"):
        with suppress(OSError):
            if _ID.fullmatch(path.stem) and not mode_of(path.with_suffix(".txt")) and is_left(path):
                path.unlink()


def mode_of(path: Path) -> int:
    """What kind of file a path is, links not followed; 0 where there is none."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def read_regular(path: Path, *, most: int) -> bytes | None:
    """The bytes of a regular file that has at most so many; else None: no link is followed, and no pipe waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            content = file.read(most + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except OSError:
        return None
    return content if content is not None and len(content) <= most else None


@contextmanager
def told(verb: str) -> Iterator[None]:
    """Say what could not be done, without the path."""
    try:
        yield
    except (OSError, OutputError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = getattr(cause, "strerror", None) or "the folder cannot be used"
        raise OutputError(f"cannot {verb} the personal drawings ({reason})") from error

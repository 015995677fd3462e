"""Table: readings as rows of CSV, one row a picture, in a file that can be gone on with."""

import csv
import glob
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from mnistnet.data.picture_sources import PictureSource
from mnistnet.errors import OutputError
from mnistnet.files import give_name, is_alone, require_free
from mnistnet.reader import Reading

COLUMNS = ("file", "digits", "confidence", "sure", "warnings", "error")
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  (spreadsheets take the wide ones, too)
"""What begins a formula in a spreadsheet."""


class Rows(NamedTuple):
    """Rows of the table as its text, of so many pictures."""

    text: str = ""
    pictures: int = 0
    errors: int = 0
    """So many of which could not be read."""


def rows_of(readings: Iterable[Reading]) -> Rows:
    """A row a reading."""
    listed = list(readings)
    return Rows("".join(map(row_of, listed)), len(listed), sum(bool(reading.error) for reading in listed))


def row_of(reading: Reading) -> str:
    """A reading as one row."""
    values = (harmless(reading.file), reading.digits, f"{reading.confidence:.6f}", reading.sure)
    return as_csv((*values, "; ".join(reading.warnings), harmless(reading.error)))


def as_csv(cells: Iterable[object]) -> str:
    """One row, in which whatever holds a line break stands in quotes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: a file's name is still one of that file."""
    return f"./{text}" if text.startswith(FORMULA) else text


class GrowingTable:
    """A table that has a name of its own while it grows, mark in it, and the final one when it is whole.

    What a run that was stopped or killed left behind under the same mark is gone on with, overwrite or not: that is
    about the final name.
    """

    def __init__(self, path: Path, *, mark: str, overwrite: bool) -> None:
        self.path, self.overwrite = path, overwrite
        self.part = path.with_name(f"{path.name}.{mark}.part")
        self.before = Rows()
        """What it held already; without the text."""
        self.has_rows = False

    def __enter__(self) -> Self:
        with self._writing():
            self.part.parent.mkdir(parents=True, exist_ok=True)
            self.file = self.part.open("ab+")
        try:
            with self._writing():
                require_alone(self.file, self.part)
        except BaseException:
            self.file.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        with suppress(OSError):  # what cannot be written was told when it was to be
            if not self.has_rows:
                self.part.unlink(missing_ok=True)
            self.file.close()

    def go_on(self, sources: Iterator[PictureSource]) -> Iterator[PictureSource]:
        """The sources that have no row yet; rows from the first on that do not fit to the sources are dropped."""
        left, end = sources, 0
        with self._writing():
            self.file.seek(0)
            rows = whole_rows(self.file)
            if next(rows, ([], 0))[0] == list(COLUMNS):
                end = len(as_csv(COLUMNS))
                for cells, row_end in rows:
                    source = next(sources, None)
                    if source is None or len(cells) != len(COLUMNS) or cells[0] != harmless(source.name):
                        left = chain([source] if source else [], sources)
                        break
                    end, self.has_rows = row_end, True
                    self.before = Rows("", self.before.pictures + 1, self.before.errors + bool(cells[-1]))
            self.file.truncate(end)
        if not end:
            self._write(as_csv(COLUMNS))
        return left

    def append(self, text: str) -> None:
        """Add rows, which outlive this process from now on."""
        self._write(text)
        self.has_rows = True

    def _write(self, text: str) -> None:
        with self._writing():
            self.file.write(text.encode(errors="surrogateescape"))
            self.file.flush()

    def publish(self) -> None:
        """Give it its final name."""
        require_free(self.path, overwrite=self.overwrite)
        with self._writing():
            os.fsync(self.file.fileno())
            self.file.close()
            give_name(self.part, self.path, overwrite=self.overwrite)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"cannot write {self.part}: {error.strerror or error}; choose another place") from error


def forget_growing(path: Path) -> None:
    """Take from a table the name that it grew under, which it has besides where a process was killed as it published.

    Else a table that replaces it would grow in the same file. Raises OutputError.
    """
    try:
        for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"):
            if path.is_file() and part.samefile(path):
                part.unlink()
    except OSError as error:
        raise OutputError(f"cannot remove {error.filename}: {error.strerror}; choose another place") from error


def require_alone(file: BinaryIO, path: Path) -> None:
    """Raise OutputError where another process writes the same file, on systems that can tell."""
    if not is_alone(file):
        raise OutputError(f"another command is writing {path}; wait for it, or choose another name")


def whole_rows(file: BinaryIO) -> Iterator[tuple[list[str], int]]:
    """The rows of a table up to the first that is not whole, each with the place where it ends."""
    end = 0

    def lines() -> Iterator[str]:
        nonlocal end
        for line in file:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield line.decode(errors="surrogateescape")

    with suppress(csv.Error):
        for cells in csv.reader(lines(), strict=True):
            yield cells, end

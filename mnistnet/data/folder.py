"""Folder: a user's own pictures, and where their labels come from.

1. `labels.csv` in the folder: columns `file`, relative to the folder, and `label`; any others are kept.
2. Without it, text files beside the pictures, as in `anna.png` and `anna.txt`: each says what its picture does.
3. Without any, sub-folders: the nearest one above a picture that is named like a label, as in `3/anna.png`.
4. Where no picture lies in one, file names: what stands before the first `_`, `-`, `.` or space, as in `3_anna.png`.

What a label may be is in labels.py; in the table a picture may have none.
"""

import codecs
import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from mnistnet.data.labels import OF_DIGITS, LabelKind
from mnistnet.errors import DataError
from mnistnet.files import read_at_most

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"}
"""Of pictures, in small letters."""
TABLE, FROM_FOLDERS, FROM_NAMES = "labels.csv", "sub-folders", "file names"
MOST_BYTES = 10_000_000
"""Of a table; in memory an empty cell takes sixteen times its one byte."""
LONGEST = 1_000
"""Bytes of a text file that is read as a label."""
EXPECTED = (
    f"expected a table {TABLE} with the columns file,label, or text files with the label (anna.txt beside anna.png), "
    "or sub-folders named by digit (3/anna.png), or file names that begin with it (3_anna.png, 42.png, none_1.png)"
)


class LabelledPicture(NamedTuple):
    """A picture file and what it says."""

    path: Path
    label: str
    """Digits, or the name of another class; "" where there is none."""
    columns: dict[str, str]
    """What else the table says of it, by the column's name in lower case; and its `folder`."""


class LabelledFolder(NamedTuple):
    """A folder's pictures, of which those without a label are named apart."""

    pictures: list[LabelledPicture]
    without_label: list[Path]
    labels_from: str


def find_pictures(text: str) -> list[Path]:
    """The files that one argument stands for; a name that is neither folder nor pattern stands for itself."""
    path = Path(text)
    if path.is_dir():
        return [found for found in walk_pictures(path) if isinstance(found, Path)]
    if any(character in text for character in "*?[") and not path.exists():
        import glob  # rarely wanted: shells other than Windows' expand patterns themselves

        names = glob.glob(text, recursive=True)  # noqa: PTH207  (Path.glob takes no absolute pattern)
        return sorted(path for path in map(Path, names) if path.is_file())
    return [path]


def walk_pictures(folder: Path) -> Iterator[Path | OSError]:
    """The pictures in a folder and all below it, in the order of sorted paths, as they are come across; links to
    folders are not followed. For a folder that cannot be listed the reason."""
    waiting = [(folder, "", True)]  # the next at the end; folders may lie deeper than Python calls itself
    while waiting:
        parent, name, is_folder = waiting.pop()
        path = parent / name
        if is_folder:
            try:
                with os.scandir(path) as entries:
                    found = [(path, entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
            except OSError as error:
                yield error
            else:
                waiting += sorted(found, reverse=True)
        elif is_picture(path):
            yield path


def is_picture(path: Path) -> bool:
    """Whether it is named like one, be it a link to nowhere, of which whoever opens it is told.

    Beside each 3.png macOS puts a `._3.png` on other systems' disks, which is none.
    """
    is_there = path.is_file() or (path.is_symlink() and not path.exists())
    return path.suffix.lower() in SUFFIXES and not path.name.startswith("._") and is_there


def label_folder(folder: Path, files: Sequence[Path], kind: LabelKind | None = None) -> LabelledFolder:
    """Find the labels, unless kind says otherwise digits, of the picture files in a folder. Raises DataError."""
    kind = kind or OF_DIGITS
    if (folder / TABLE).is_file():
        pictures, labels_from = read_table(folder / TABLE, kind), TABLE
    elif pictures := label_each(folder, files, partial(label_of_text, folder=folder, kind=kind)):
        labels_from = "text files"
    elif pictures := label_each(folder, files, partial(label_of_folder, kind=kind)):
        labels_from = FROM_FOLDERS
    elif pictures := label_each(folder, files, partial(label_of_name, kind=kind)):
        labels_from = FROM_NAMES
    else:
        what = f"no labels for the {len(files)} pictures" if files else "no pictures"
        expected = (
            EXPECTED if kind is OF_DIGITS else f"expected {kind.expected}, as in a table or names of folders or files"
        )
        raise DataError(f"{what} in {folder}; {expected}")
    labelled = {picture.path for picture in pictures}
    return LabelledFolder(pictures, [path for path in files if path not in labelled], labels_from)


def label_of_text(path: Path, *, folder: Path, kind: LabelKind) -> str | None:
    """The label in the text file beside a picture; None if it has none."""
    text = (folder / path).with_suffix(".txt")
    try:
        is_short = text.is_file() and text.stat().st_size <= LONGEST
        return kind.parse(text.read_text(encoding="utf-8-sig").strip()) if is_short else None
    except (OSError, UnicodeDecodeError):
        return None


def label_of_folder(path: Path, *, kind: LabelKind) -> str | None:
    """The label that the nearest folder above a picture names; None if none does."""
    return next((label for name in reversed(path.parts[:-1]) if (label := kind.parse(name)) is not None), None)


def label_of_name(path: Path, *, kind: LabelKind) -> str | None:
    """The label that a picture's name begins with; None if it begins with none."""
    return kind.parse(re.split("[-_. ]", path.name, maxsplit=1)[0])


def label_each(folder: Path, files: Sequence[Path], label_of: Callable[[Path], str | None]) -> list[LabelledPicture]:
    """The files for which label_of, given the path within folder, has a label."""
    labels = ((path, label_of(path.relative_to(folder))) for path in files)
    return [LabelledPicture(path, label, place(folder, path)) for path, label in labels if label is not None]


def place(folder: Path, path: Path) -> dict[str, str]:
    """The column that every picture has."""
    return {"folder": Path(name_in(folder, path)).parent.as_posix()}


def name_in(folder: Path, path: Path) -> str:
    """A picture's path within the folder, where it lies in it."""
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def read_table(path: Path, kind: LabelKind = OF_DIGITS) -> list[LabelledPicture]:
    """The pictures that a table names, each once. Raises DataError, which names the line."""
    pictures: dict[Path, LabelledPicture] = {}
    missing = []
    for line, row in read_rows(path):
        picture = read_row(row, path.parent, kind, where=f"{path} line {line}")
        if picture.path in pictures:
            raise DataError(f"{path} line {line}: {row['file']} has a label already; name each file once")
        pictures[picture.path] = picture
        if not is_file(picture.path):
            missing.append(missing_file(f"{path} line {line}", row["file"]))
    if missing:
        raise DataError(missing[0] + (f" ({len(missing)} lines name missing files)" if len(missing) > 1 else ""))
    if not pictures:
        raise DataError(f"{path} names no picture; expected lines such as 3_anna.png,3 below the first")
    return list(pictures.values())


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the line and cells by column, for each row that is not empty."""
    text = read_text(path)
    separator, names = find_columns(text, path)
    needed = 1 + max(names.index("file"), names.index("label"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        next(reader)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) < needed or any(cells[len(names) :]):
                raise DataError(
                    f"{path} line {reader.line_num}: expected {len(names)} cells as in line 1, got {len(cells)}; "
                    f"put a text that holds {separator!r} in double quotes"
                )
            yield reader.line_num, dict(zip_longest(names, cells[: len(names)], fillvalue=""))
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: it is no table ({error}); check the quotes") from error


def read_text(path: Path) -> str:
    """A table's text; bytes that are not UTF-8 are kept as Python keeps them in file names."""
    try:
        data = read_at_most(path, MOST_BYTES)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="surrogateescape")


def find_columns(text: str, path: Path) -> tuple[str, list[str]]:
    """What stands between the cells, and the columns' names."""
    first = re.split("[\r\n]", text, maxsplit=1)[0][:10_000]  # less than csv takes as one cell
    for separator in ",;\t":
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=separator), [])]
        if {"file", "label"} <= set(names):
            twice = [name for name, count in Counter(filter(None, names)).items() if count > 1]
            if twice:
                raise DataError(f"{path} line 1: expected each column once, got {twice[0]} twice; rename one")
            return separator, names
    raise DataError(f"{path} line 1: expected the columns' names, file and label among them, got {first!r:.60}")


def read_row(row: dict[str, str], folder: Path, kind: LabelKind, *, where: str) -> LabelledPicture:
    """One line of a table."""
    if not row["file"]:
        raise DataError(f"{where}: the file's name is missing")
    text = "".join(row["label"].split()) if kind is OF_DIGITS else row["label"]
    label = kind.parse(text or "none")
    if label is None:
        raise DataError(
            f"{where}: expected the label of {row['file']} to be {kind.expected}, or nothing where it has none, "
            f"got {row['label']!r:.40}"
        )
    path = find_file(folder, row["file"])
    others = {name: cell for name, cell in row.items() if name not in ("", "file", "label")}
    return LabelledPicture(path, label, place(folder, path) | others)


def find_file(folder: Path, name: str) -> Path:
    """The path that a table means, which may have been written on Windows."""
    path, turned = folder / name, folder / name.replace("\\", "/")
    return turned if is_file(turned) and not is_file(path) else path


def is_file(path: Path) -> bool:
    """Path.is_file, and False too for what cannot be a file's name."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def missing_file(where: str, name: str) -> str:
    """What to say of a file that is not there."""
    is_text = not any("\ud800" <= char <= "\udfff" or char == "\ufffd" for char in name)
    return f"{where}: there is no file {name}" + ("" if is_text else f"; save {TABLE} as UTF-8")

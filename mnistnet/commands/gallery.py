"""Gallery: a folder with an explanation for each picture that is read."""

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from mnistnet.commands import UsageError
from mnistnet.errors import PictureError
from mnistnet.explain import draw_explanation
from mnistnet.files import new_file, require_writable
from mnistnet.reader import Reader, Reading
from mnistnet.vision.image_file import open_colours

LONGEST = 200
"""Bytes of a name; file systems take 255."""


class Gallery:
    """Explanations of what reader reads, in a folder, which is made with the first."""

    def __init__(self, folder: Path, reader: Reader, *, overwrite: bool) -> None:
        """Raises OutputError if nothing can be written there."""
        require_writable(folder / "*.png", overwrite=True)
        self.folder, self.reader, self.overwrite = folder, reader, overwrite
        self.taken: set[str] = set()

    def try_read(self, source: Path | bytes, *, name: str) -> Reading:
        """Like the reader's, and explain what could be read."""
        try:
            return self.add(source, name, under="standard-input" if name == "-" else Path(name).stem)
        except PictureError as error:
            return Reading(name, error=str(error))

    def add(self, source: Path | bytes, name: str, *, under: str, label: str | None = None) -> Reading:
        """Read a picture called name, and write the explanation under another one, with a number behind where that is
        taken already. Raises PictureError, OutputError."""
        inspection = self.reader.inspect(source, name=name)
        colours = open_colours(source, name=name)
        page = draw_explanation(inspection, self.reader.model, colours=colours, label=label)
        with new_file(self.folder / f"{self.free_name(under)}.png", overwrite=self.overwrite) as file:
            page.save(file, "PNG", compress_level=1)  # half the time of the usual 6, and a tenth more bytes
        return inspection.reading

    def free_name(self, name: str) -> str:
        """name, or name_2, name_3, ...: that no other picture has, nor one that differs in capitals only."""
        name = cut_name(name)
        names = (name if number == 1 else f"{name}_{number}" for number in itertools.count(1))
        free = next(name for name in names if name.casefold() not in self.taken)
        self.taken.add(free.casefold())
        return free


def cut_name(name: str) -> str:
    """The start of name, no longer than LONGEST."""
    while len(os.fsencode(name)) > LONGEST:
        name = name[:-1]
    return name


def require_apart(folder: Path, pictures: Iterable[Path]) -> None:
    """Raise UsageError if any of the pictures that are read lies in a gallery's folder, or below it.

    An explanation might take the picture's place, or be read as a picture the next time.
    """
    whole = folder.resolve()
    inside = next((path for path in pictures if whole in path.absolute().resolve().parents), None)
    if inside is not None:
        raise UsageError(f"predict: --explain {folder} has {inside} in it, which is to be read; name another folder")

"""Picture set: a folder of labelled pictures as a data set, each brought to one format as pictures are that are read.

Which pictures are for the test follows from their content alone: of each class a sixth, at least one, those whose
SHA-256 are lowest. So it is the same whatever the files are called, and a picture that is there twice is taken once.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import BOX, SIDE, Floats, ImageFormat
from mnistnet.data.class_names import in_order, require_names
from mnistnet.data.folder import (
    FROM_FOLDERS,
    FROM_NAMES,
    TABLE,
    LabelledFolder,
    LabelledPicture,
    label_folder,
    label_of_folder,
    name_in,
)
from mnistnet.data.idx_set import have_strokes
from mnistnet.data.labels import OF_ANY, OF_DIGITS, any_label, label_among
from mnistnet.data.mnist import Dataset, Examples
from mnistnet.errors import DataError, PictureError
from mnistnet.vision.image_file import open_picture
from mnistnet.vision.ink import find_ink
from mnistnet.vision.normalize import ink_box, to_mnist

TEST_SHARE = 1 / 6
OnPicture = Callable[[int, int], None]
"""Called with how many pictures were looked at, of how many."""


class Taken(NamedTuple):
    """A picture of the set."""

    digest: str
    """SHA-256 of its file."""
    label: str
    image: Floats
    """(side^2,)."""


def load_pictures(
    folder: Path,
    files: Sequence[Path],
    *,
    name: str,
    classes: Sequence[str] | None = None,
    side: int = SIDE,
    on_picture: OnPicture | None = None,
) -> Dataset:
    """The picture files in a folder as a data set; classes are those that count, None for all there are.

    What cannot be read, or has no ink, is left out, of which the notice tells. Raises DataError.
    """
    image_format = ImageFormat(side, round(BOX * side / SIDE))
    pictures = [one for one in label_pictures(folder, files, classes).pictures if one.label]
    names = named_classes(classes or in_order(one.label for one in pictures), folder)
    taken, notice = take_all(pictures, folder, image_format, on_picture)
    for class_name, count in count_labels(taken, names).items():
        if count < 2:
            raise DataError(
                f"{folder} has {count} different pictures of {class_name!r} that can be read; it needs two at least, "
                "one to learn from and one to test"
            )
    return dataset_of(name, taken, names, image_format, notice)


def load_lesson(
    folder: Path,
    files: Sequence[Path],
    *,
    known: Sequence[str],
    image_format: ImageFormat,
    name: str,
    on_picture: OnPicture | None = None,
) -> Dataset:
    """The picture files in a folder as what a model that knows these classes is to learn besides: they come first, and
    after them those classes that are new. Of a class with a single picture none is for the test.

    What cannot be read, has no ink, no label, or one of several digits, is left out, of which the notice tells, as it
    does of sub-folders' names that count for nothing. File names tell known classes only. Raises DataError.
    """
    pictures, unlabelled, labels_from = label_lesson(folder, files, known)
    usable = [one for one in pictures if one.label in known or not re.fullmatch("|[0-9]{2,}", one.label)]
    taken, notice = take_all(usable, folder, image_format, on_picture)
    new = in_order({one.label for one in taken} - set(known))
    names = named_classes((*known, *new), folder)
    if unused := len(pictures) - len(usable) + len(unlabelled):
        notice = f"left out, as their label is no single digit or sign: {unused:,}" + ("; " + notice if notice else "")
    if labels_from == FROM_NAMES and any(one.path.parent != folder for one in usable):
        notice = "digits were told by the names of files, not of folders" + ("; " + notice if notice else "")
    if not taken:
        raise DataError(f"{folder} has nothing to learn from: {notice}")
    return dataset_of(name, taken, names, image_format, notice)


def label_pictures(folder: Path, files: Sequence[Path], classes: Sequence[str] | None) -> LabelledFolder:
    """The pictures with their labels: names among classes; without these digits, where all pictures have such, or any
    names. A sub-folder that may be a class is one, whatever the files in it are called. Raises DataError."""
    if classes:
        return label_folder(folder, files, label_among(classes))
    with suppress(DataError):
        labelled = label_folder(folder, files, OF_DIGITS)
        in_folders = labelled.labels_from != FROM_NAMES or all(file.parent == folder for file in files)
        if in_folders and not labelled.without_label:
            return labelled
    return label_folder(folder, files, OF_ANY)


def label_lesson(folder: Path, files: Sequence[Path], known: Sequence[str]) -> LabelledFolder:
    """The pictures with names that are known; where not all have such, and the names are not those of their files,
    with any: of sub-folders the nearest that is known, else the one right in the folder. Raises DataError."""
    if (folder / TABLE).is_file():
        return label_folder(folder, files, OF_ANY)
    among_known = label_among(known)
    with suppress(DataError):
        labelled = label_folder(folder, files, among_known)
        if not labelled.without_label:
            return labelled
    labelled = label_folder(folder, files, OF_ANY)
    if labelled.labels_from == FROM_NAMES:
        return label_folder(folder, files, among_known)
    if labelled.labels_from != FROM_FOLDERS:
        return labelled
    pictures = []
    for picture in labelled.pictures:
        inside = picture.path.relative_to(folder)
        label = label_of_folder(inside, kind=among_known)
        pictures.append(picture._replace(label=label if label is not None else any_label(inside.parts[0]) or ""))
    return labelled._replace(pictures=pictures)


def named_classes(classes: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The classes, if they may be such. Raises DataError."""
    try:
        return require_names(tuple(classes))
    except ValueError as error:
        raise DataError(f"{folder}: {error}; name a sub-folder after each class") from error


def take_all(
    pictures: Sequence[LabelledPicture], folder: Path, image_format: ImageFormat, on_picture: OnPicture | None
) -> tuple[list[Taken], str]:
    """All that can be taken, each once; and what is to be told of the others, "" where there are none.

    Raises DataError where a picture is there with two labels.
    """
    taken: dict[str, Taken] = {}
    first: dict[str, Path] = {}
    left_out = []
    for done, picture in enumerate(pictures, start=1):
        try:
            one = take(picture, image_format)
        except PictureError as error:
            left_out.append(f"{name_in(folder, picture.path)}: {error}")
        else:
            if taken.setdefault(one.digest, one).label != one.label:
                raise DataError(
                    f"{picture.path} is the same picture as {first[one.digest]}, which has another label; remove one "
                    "of them"
                )
            first.setdefault(one.digest, picture.path)
        if on_picture:
            on_picture(done, len(pictures))
    notice = f"{len(left_out):,} of {len(pictures):,} pictures were left out, such as {left_out[0]}" if left_out else ""
    return sorted(taken.values()), "".join(char if char.isprintable() else "?" for char in notice)


def take(picture: LabelledPicture, image_format: ImageFormat) -> Taken:
    """A picture with all of its ink in this format. Raises PictureError, also where it has none."""
    ink, none_because = find_ink(open_picture(picture.path, name=picture.path.name).grey)
    if none_because:
        raise PictureError(none_because)
    image = to_mnist(ink, ink_box(ink), to=image_format)
    return Taken(file_sha256(picture.path), picture.label, image.ravel())


def file_sha256(path: Path) -> str:
    """The SHA-256 of a picture's file. Raises PictureError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PictureError(f"cannot read it: {error.strerror or error}") from error


def dataset_of(
    name: str, taken: Sequence[Taken], names: tuple[str, ...], image_format: ImageFormat, notice: str
) -> Dataset:
    """The pictures as a data set of these classes; their hash is that of the format, the classes and all of them."""
    content = [f"{one.digest} {one.label}" for one in taken]
    digest = hashlib.sha256("\n".join([f"{image_format}", *names, *content]).encode()).hexdigest()
    learning, test = (as_examples(part, names, image_format) for part in divided(taken, names))
    strokes = have_strokes(learning.images)
    return Dataset(name, learning, test, {"pictures": digest}, notice, image_format, names, strokes)


def divided(taken: Sequence[Taken], names: Sequence[str]) -> tuple[list[Taken], list[Taken]]:
    """Those to learn from, and those of the test, for which a class needs two."""
    learning, test = [], []
    for name in names:
        of_class = [one for one in taken if one.label == name]
        tested = max(1, round(TEST_SHARE * len(of_class))) if len(of_class) > 1 else 0
        test += of_class[:tested]
        learning += of_class[tested:]
    return learning, test


def count_labels(taken: Sequence[Taken], names: Sequence[str]) -> dict[str, int]:
    """How many there are of each name."""
    return {name: sum(one.label == name for one in taken) for name in names}


def as_examples(taken: Sequence[Taken], names: Sequence[str], image_format: ImageFormat) -> Examples:
    """The pictures and the numbers of their classes."""
    images = np.array([one.image for one in taken], np.float32).reshape(-1, image_format.pixels)
    return Examples(images, np.array([names.index(one.label) for one in taken], np.int64))

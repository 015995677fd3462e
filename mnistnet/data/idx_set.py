"""IDX set: data in files as MNIST's that is another set: Fashion-MNIST, KMNIST, EMNIST or a user's own.

A set is four files, packed (.gz) or not: train-images-idx3-ubyte, train-labels-idx1-ubyte, and two whose names begin
with t10k or test; before all of them may stand the set's name, as in emnist-letters-train-images-idx3-ubyte.gz.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import DIGITS, LEAST_SIDE, MOST_SIDE, Bytes, Floats, ImageFormat, Labels
from mnistnet.data.address import without_password
from mnistnet.data.class_names import NAMES_FILE, known_names, read_names
from mnistnet.data.idx import MOST_BYTES, parse_idx
from mnistnet.data.mnist import Dataset, as_examples, load_folder, mnist_of
from mnistnet.data.mnist_files import FILES, unpacked
from mnistnet.errors import DataError
from mnistnet.vision.normalize import stroke_width

FILE_NAME = re.compile(r"((?:[^/\\]+-)?)(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(?:\.gz)?")
ROLES = (("train", "images"), ("train", "labels"), ("test", "images"), ("test", "labels"))
TRANSPOSED = " (transposed)"
"""Behind a file's name in the record of its hash, where its pictures were turned."""
BROADEST = 1 / 8
"""Of the side: strokes that are broader are none. MNIST's median is 1 / 12, Fashion-MNIST's 1 / 6."""
_SAMPLE = 1_000


class SetFiles(NamedTuple):
    """A set's files: those of train-images, train-labels, test-images and test-labels."""

    prefix: str
    """What stands before that in their names."""
    paths: tuple[Path, Path, Path, Path]


def find_set(where: Path) -> SetFiles | None:
    """The set in a folder, or of which where is a file; None where there is none.

    Raises DataError where there are several, or one is not whole.
    """
    folder = where if where.is_dir() else where.parent
    found: dict[str, dict[tuple[str, str], Path]] = {}
    for path in sorted(folder.iterdir(), reverse=True) if folder.is_dir() else ():  # packed before unpacked
        if path.is_file() and (match := FILE_NAME.fullmatch(path.name)):
            prefix, part, kind = match.groups()
            found.setdefault(prefix, {}).setdefault(("train" if part == "train" else "test", kind), path)
    if not where.is_dir():
        match = FILE_NAME.fullmatch(where.name)
        found = {prefix: found[prefix] for prefix in found if match and prefix == match[1]}
    prefix = "" if "" in found else next(iter(found), "")
    if len(found) > 1 and prefix:
        example = found[prefix].get(ROLES[0], folder)
        raise DataError(f"{folder} holds {len(found)} sets; name one by its training images, such as {example}")
    if not found:
        return None
    if missing := [f"{prefix}{part}-{kind}" for part, kind in ROLES if (part, kind) not in found[prefix]]:
        raise DataError(f"{folder} has no {missing[0]}-...-ubyte.gz, nor that unpacked; put the set's four files there")
    first, second, third, fourth = (found[prefix][role] for role in ROLES)
    return SetFiles(prefix, (first, second, third, fourth))


def load_set(
    files: SetFiles, *, origin: str = "", classes: Sequence[str] | None = None, transposed: bool | None = None
) -> Dataset:
    """The set in these files; MNIST itself is known by its hashes.

    origin, a path or an address, is where its name is from. transposed says whether the files have columns where rows
    should be; None: EMNIST's have. Raises DataError.
    """
    contents = [read_whole(path) for path in files.paths]
    hashes = [hashlib.sha256(content).hexdigest() for content in contents]
    if any(file.sha256 in hashes for file in FILES):
        if tuple(classes or DIGITS) != DIGITS or transposed:
            raise DataError(
                f"{files.paths[0].parent} holds MNIST itself: upright pictures of the digits 0 to 9 and no others"
            )
        if [file.sha256 for file in FILES] != hashes:
            return load_folder(files.paths[0].parent)  # which says what file is damaged
        return mnist_of({file.name: content for file, content in zip(FILES, contents, strict=True)})
    arrays = [parse_idx(content, name=str(path)) for content, path in zip(contents, files.paths, strict=True)]
    name = set_name(files, origin)
    if transposed is None:
        transposed = files.prefix.lower().startswith("emnist-")
    pairs = [as_pictures(*arrays[start : start + 2], path=files.paths[start]) for start in (0, 2)]
    if pairs[0][0].shape[1] != pairs[1][0].shape[1]:
        raise DataError(f"{files.paths[2]}: expected pictures as large as the training images")
    labels = np.concatenate([labels for _, labels in pairs])
    names, first = number_classes(labels, classes or own_names(files), name=name)
    learning, test = (as_examples(turned(images, transposed), labels - first) for images, labels in pairs)
    keys = [path.name.removesuffix(".gz") + TRANSPOSED * transposed for path in files.paths]
    return Dataset(
        name,
        learning,
        test,
        dict(zip(keys, hashes, strict=True)),
        f"no published checksum of {name} is known: that its files are right is taken on trust",
        ImageFormat(pairs[0][0].shape[1], usual_box(pairs[0][0])),
        names,
        have_strokes(learning.images),
    )


def read_whole(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """A file's bytes, unpacked. Raises DataError, also for more than most."""
    content = unpacked(path, most=most + 1, remedy="get a fresh copy")
    if len(content) > most:
        raise DataError(f"{path} is too large: expected at most {most:,} bytes unpacked; take a part of the set")
    return content


def set_name(files: SetFiles, origin: str) -> str:
    """What the set is called: by its files, by a well-known name in where it is from, or by the last part of that."""
    where = without_password(origin) or str(files.paths[0].parent.resolve())
    parts = [part for part in re.split(r"[/\\]", where) if part]
    if files.prefix:
        parts.append(files.prefix.strip("-_ "))
    name = next((part for part in reversed(parts) if known_names(part)), parts[-1] if parts else "set")
    printable = "".join(char for char in name if char.isprintable())[:60]
    return f"{printable}-like" if printable in ("mnist", "sample", "") else printable


def own_names(files: SetFiles) -> tuple[str, ...] | None:
    """The names in the file beside the set's own, if there is one."""
    path = files.paths[0].with_name(NAMES_FILE)
    return read_names(path) if path.is_file() else None


def as_pictures(images: Bytes, labels: Bytes, *, path: Path) -> tuple[Bytes, Labels]:
    """Both, if they are square pictures and a label for each. Raises DataError, which names the images' path."""
    if images.ndim != 3 or images.shape[1] != images.shape[2] or not LEAST_SIDE <= images.shape[1] <= MOST_SIDE:
        sides = f"{LEAST_SIDE} to {MOST_SIDE} pixels a side"
        raise DataError(f"{path}: expected square pictures of {sides}, got an array of {images.shape}")
    if labels.shape != images.shape[:1] or not len(labels):
        raise DataError(f"{path}: expected a label for each of {len(images):,} images, got {labels.shape}")
    return images, labels.astype(np.int64)


def number_classes(labels: Labels, names: Sequence[str] | None, *, name: str) -> tuple[tuple[str, ...], int]:
    """The classes' names, and the label of the first: 0, or 1 where none is 0, as in EMNIST's letters.

    Without names they are those known for a set of this name, or else their numbers. Raises DataError.
    """
    lowest, highest = int(labels.min()), int(labels.max())
    first = 0 if lowest == 0 or len(names or ()) == highest + 1 else 1
    count = highest + 1 - first
    if lowest == highest:
        raise DataError(f"{name}: expected labels of two classes or more, got only {highest}")
    if names is None:
        known = known_names(name) or ()
        return known if len(known) == count else tuple(map(str, range(first, highest + 1))), first
    if len(names) != count:
        raise DataError(f"{name} has labels from {lowest} to {highest}, but {len(names)} classes are named for them")
    return tuple(names), first


def turned(images: Bytes, transposed: bool) -> Bytes:
    """The pictures (n, side, side) upright, as they are, or with columns for rows."""
    return np.ascontiguousarray(images.swapaxes(1, 2)) if transposed else images


def usual_box(images: Bytes) -> int:
    """The median of the longer sides of what is not 0 in pictures (n, side, side)."""
    longest = np.zeros(len(images), int)
    for axis in (1, 2):
        some = np.any(images, axis=axis)
        lengths = some.shape[1] - some.argmax(axis=1) - some[:, ::-1].argmax(axis=1)
        longest = np.maximum(longest, lengths * some.any(axis=1))
    return max(1, int(np.median(longest[longest > 0]))) if longest.any() else images.shape[1]


def have_strokes(images: Floats) -> bool:
    """Whether pictures (n, side^2) are of strokes, by the breadth of some of them."""
    side = round(images.shape[1] ** 0.5)
    some = images[:: max(1, len(images) // _SAMPLE)]
    widths = [stroke_width(image.reshape(side, side)) for image in some if image.any()]
    return not widths or float(np.median(widths)) <= BROADEST * side

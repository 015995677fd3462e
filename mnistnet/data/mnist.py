"""MNIST as examples: load it, split it, and the bundled sample for want of it."""

import hashlib
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mnistnet.arrays import DIGITS, MNIST_FORMAT, Bytes, Floats, ImageFormat, Labels
from mnistnet.data.idx import parse_idx
from mnistnet.data.mnist_files import FILES, MIRRORS, fetch_files, find_file, read_file
from mnistnet.errors import DataError
from mnistnet.places import shipped

if TYPE_CHECKING:
    from mnistnet.data.arriving import OnBytes

SAMPLE_FILE = "sample.npz"
SAMPLE_SHA256 = "f3a19915c1f99055f7abf094e2cd4a58b189155ae92e3c3479515c8b5c9545ce"
SAMPLE_LEARNING = 4000
SAMPLE_NOTICE = "trained on the bundled sample of 5,000; connect or pass --data for the full 60,000"


class Examples(NamedTuple):
    """Images (n, 784), or of another format, float32 in [0, 1], ink 1, and their labels (n,) int64."""

    images: Floats
    labels: Labels


@dataclass(frozen=True, eq=False)
class Dataset:
    """What may be learned from, and the test set, which is touched once."""

    name: str
    """"mnist" or "sample"; others have the name of their folder."""
    learning: Examples
    test: Examples
    sha256: dict[str, str]
    """By file name: of the unpacked file for "mnist" and others in IDX files, of the file itself for "sample"."""
    notice: str
    """What a user must be told about a model trained on it; "" for "mnist"."""
    image_format: ImageFormat = MNIST_FORMAT
    classes: tuple[str, ...] = DIGITS
    """Their names, by their number."""
    has_strokes: bool = True
    """The images are of handwriting or the like, and not of things with wide areas."""

    @property
    def has_digits(self) -> bool:
        """Whether it has handwritten digits as MNIST has them."""
        return (self.image_format, self.classes) == (MNIST_FORMAT, DIGITS)


def load_cached(folder: Path, mirrors: Sequence[str] = MIRRORS, *, on_bytes: "OnBytes | None" = None) -> Dataset:
    """MNIST from the cache folder, every file verified; those missing or corrupt are fetched first.

    Raises what `download.fetch` raises.
    """
    contents: dict[str, bytes] = {}
    for file in FILES:
        with suppress(DataError):
            contents[file.name] = read_file(folder / file.packed_name, file)
    missing = [file for file in FILES if file.name not in contents]
    if missing:
        paths = fetch_files(folder, mirrors, files=missing, on_bytes=on_bytes)
        contents |= {file.name: read_file(path, file) for file, path in zip(missing, paths, strict=True)}
    return mnist_of(contents)


def load_folder(folder: Path) -> Dataset:
    """MNIST from a user's own copy, each file packed or unpacked. DataError if one is missing or not MNIST's."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; name the one that holds MNIST's four files")
    paths = [find_file(folder, file) for file in FILES]
    return mnist_of({file.name: read_file(path, file) for file, path in zip(FILES, paths, strict=True)})


def load_sample() -> Dataset:
    """The bundled 5,000 real MNIST digits: 400 a class to learn from, 100 a class as the test set."""
    path = shipped(SAMPLE_FILE)
    data = path.read_bytes()
    got = hashlib.sha256(data).hexdigest()
    if got != SAMPLE_SHA256:
        raise DataError(f"{path} is damaged: expected SHA-256 {SAMPLE_SHA256}, got {got}; install mnistnet again")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    learning = as_examples(images[:SAMPLE_LEARNING], labels[:SAMPLE_LEARNING])
    test = as_examples(images[SAMPLE_LEARNING:], labels[SAMPLE_LEARNING:])
    return Dataset("sample", learning, test, {SAMPLE_FILE: got}, SAMPLE_NOTICE)


def split(examples: Examples, *, validation: int, rng: np.random.Generator) -> tuple[Examples, Examples]:
    """A random division into training and validation examples; ValueError unless 0 <= validation < n."""
    count = len(examples.labels)
    if not 0 <= validation < count:
        raise ValueError(f"validation must be from 0 to {count - 1}, got {validation}")
    order = rng.permutation(count)
    chosen, rest = order[:validation], order[validation:]
    return (
        Examples(examples.images[rest], examples.labels[rest]),
        Examples(examples.images[chosen], examples.labels[chosen]),
    )


def joined(one: Examples, other: Examples) -> Examples:
    """The examples of both."""
    return Examples(np.concatenate([one.images, other.images]), np.concatenate([one.labels, other.labels]))


def mnist_of(contents: dict[str, bytes]) -> Dataset:
    """MNIST from the content of its files, unpacked, by their names."""
    arrays = [parse_idx(contents[file.name], name=file.name) for file in FILES]
    train_images, train_labels, test_images, test_labels = arrays
    sha256 = {file.name: file.sha256 for file in FILES}
    return Dataset("mnist", as_examples(train_images, train_labels), as_examples(test_images, test_labels), sha256, "")


def as_examples(pixels: Bytes, labels: Labels) -> Examples:
    """Pictures (n, h, w) or (n, h * w), ink 255, and their labels."""
    images = np.divide(pixels.reshape(len(pixels), -1), 255, dtype=np.float32)
    return Examples(images, labels.astype(np.int64))

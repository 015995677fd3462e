"""A set of its own in files as MNIST's: three shapes of strokes, 12 x 12 pixels."""

import gzip
import struct
from pathlib import Path

import numpy as np

from mnistnet.arrays import Bytes

SIDE = 12
NAMES = ("bar", "dash", "ring")
FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def shape(number: int, *, rng: np.random.Generator) -> Bytes:
    """An upright bar, a level dash or a ring in a box of 8 pixels, somewhere and of any strength."""
    ink = np.zeros((8, 8), np.uint8)
    if number == 2:
        ink[[0, -1]] = ink[:, [0, -1]] = 1
    else:
        ink[:, 3] = 1
    ink = ink.T if number == 1 else ink
    picture = np.zeros((SIDE, SIDE), np.uint8)
    top, left = rng.integers(0, 5, 2)
    picture[top : top + 8, left : left + 8] = ink * rng.integers(120, 256)
    return picture


def idx(array: Bytes) -> bytes:
    """The content of an IDX file."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def contents(*, train: int = 240, test: int = 30, first: int = 0) -> dict[str, bytes]:
    """The files by their names, packed; the labels begin with first."""
    rng, files = np.random.default_rng(0), {}
    for part, count in (("train", train), ("t10k", test)):
        labels = np.arange(count) % 3
        images = np.array([shape(number, rng=rng) for number in labels])
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(images), mtime=0)
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx((labels + first).astype(np.uint8)), mtime=0)
    return files


def write_set(folder: Path, *, prefix: str = "", first: int = 0, test: str = "t10k") -> Path:
    """Put the set into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents(first=first).items():
        (folder / f"{prefix}{name.replace('t10k', test)}").write_bytes(content)
    return folder

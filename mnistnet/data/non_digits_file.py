"""Non-digits file: the bundled pictures of what is no digit, and of what looks cut off but is one.

A byte holds two pixels. scripts/make_non_digits.py made the file.
"""

import numpy as np

from mnistnet.arrays import Bytes, Floats
from mnistnet.places import shipped

_DARKEST = 15


def load_non_digits() -> Floats:
    """(n, 784) float32 in MNIST's format: letters, signs, scribbles, shapes, textures, pairs and parts of digits."""
    return _load("non_digits")


def load_cut_digits() -> Floats:
    """(n, 784) float32 in MNIST's format: digits cut out between neighbours that touched them."""
    return _load("cut_digits")


def _load(name: str) -> Floats:
    with np.load(shipped("non_digits.npz"), allow_pickle=False) as arrays:
        return unpack(arrays[name])


def pack(images: Floats) -> Bytes:
    """(n, pixels) in [0, 1] as (n, pixels / 2): the even pixels are the high halves of the bytes, the odd the low."""
    levels = np.round(images * _DARKEST).astype(np.uint8)
    packed: Bytes = (levels[:, ::2] << 4 | levels[:, 1::2]).astype(np.uint8)
    return packed


def unpack(packed: Bytes) -> Floats:
    """What was packed, in 16 levels."""
    levels = np.stack([packed >> 4, packed & _DARKEST], axis=2)
    return levels.reshape(len(packed), -1) / np.float32(_DARKEST)

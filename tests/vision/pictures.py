"""Digits of the sample in larger pictures, and how alike two pictures are."""

import numpy as np
from PIL import Image

from mnistnet.arrays import SIDE, Floats
from mnistnet.data.mnist import load_sample

DIGITS = load_sample().test.images


def pasted(number: int, size: tuple[int, int], place: tuple[int, int], side: int = 112) -> Floats:
    """A digit of the sample, side pixels wide with its margin, in an empty picture of size (width, height)."""
    small = Image.fromarray(np.uint8(255 * DIGITS[number].reshape(SIDE, SIDE)))
    picture = Image.new("L", size)
    picture.paste(small.resize((side, side), Image.Resampling.BICUBIC), place)
    return np.asarray(picture, np.float32) / 255


def alike(one: Floats, other: Floats) -> float:
    """Shared ink: 1 for the same pictures, 0 for those without a common pixel (Dice 1945)."""
    return float(2 * np.minimum(one, other).sum() / (one.sum() + other.sum()))

"""Digits of the sample in larger pictures, and how alike two pictures are."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from mnistnet.arrays import SIDE, Floats
from mnistnet.data.mnist import load_sample
from mnistnet.vision.box import bounding_box

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


def strip(numbers: Iterable[int], *, gap: int, scale: int = 2, margin: int = 6) -> tuple[Floats, list[Floats]]:
    """Digits of the sample in a row, gap of their pixels between their boxes, (h, w), and each of them alone there."""
    inks = [np.kron(DIGITS[number].reshape(SIDE, SIDE), np.ones((scale, scale), np.float32)) for number in numbers]
    parts = [ink[:, (box := bounding_box(ink > 0.25)).x0 : box.x1] for ink in inks]
    alone, left = [], margin
    width = sum(part.shape[1] + scale * gap for part in parts) + 2 * margin + scale * abs(gap)
    for part in parts:
        page = np.zeros((SIDE * scale, width), np.float32)
        page[:, left : left + part.shape[1]] = part
        alone.append(page)
        left += part.shape[1] + scale * gap
    return np.maximum.reduce(alone), alone

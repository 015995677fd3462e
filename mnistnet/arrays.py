"""Array types and the format of pictures, which every room shares."""

from math import isqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
"""float32 in training and reading, float64 in gradient checks."""

Labels: TypeAlias = NDArray[np.integer[Any]]
"""(n,) class numbers, each in [0, classes)."""

Bytes: TypeAlias = NDArray[np.uint8]

SIDE, BOX, CLASSES = 28, 20, 10
"""MNIST's (LeCun et al. 1998)."""

DIGITS = tuple(map(str, range(CLASSES)))
"""The names of MNIST's classes."""

LEAST_SIDE, MOST_SIDE = 8, 128
"""Of pictures of other sets."""


class ImageFormat(NamedTuple):
    """What a network was trained on, and is given: side x side pixels, ink 1.0 on background 0.0."""

    side: int = SIDE
    box: int = BOX
    """The longer side of the ink's box inside the picture."""

    @property
    def pixels(self) -> int:
        return self.side * self.side


MNIST_FORMAT = ImageFormat()


def side_of(images: Floats) -> int:
    """The side of square pictures, (..., side^2)."""
    return isqrt(images.shape[-1])


def require_format(image_format: ImageFormat) -> ImageFormat:
    """The format, if pictures may have it. Raises ValueError."""
    side, box = image_format
    if not (type(side) is type(box) is int and LEAST_SIDE <= side <= MOST_SIDE and 1 <= box <= side):
        raise ValueError(
            f"expected {LEAST_SIDE} to {MOST_SIDE} pixels a side and a box in them, got {side!r} and {box!r}"
        )
    return image_format

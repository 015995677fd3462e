"""Boxes: upright rectangles of pixels."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

INK = 0.25
"""Of full ink: what is fainter may be blur, JPEG ringing or a ruled line too faint to be found, and widens no box."""


class Box(NamedTuple):
    """The pixels of columns x0 to x1 and rows y0 to y1, x1 and y1 exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def cut(self, picture: NDArray[Any]) -> NDArray[Any]:
        """The part of picture, (h, w), inside the box: a view."""
        return picture[self.y0 : self.y1, self.x0 : self.x1]


def bounding_box(ink: NDArray[Any]) -> Box:
    """The smallest box around everything that is not 0 in ink, (h, w); empty at the origin where all is 0."""
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

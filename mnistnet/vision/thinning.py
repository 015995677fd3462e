"""Thinning: strokes peeled from both sides."""

import numpy as np
from numpy.typing import NDArray

_AROUND = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))  # clockwise from the top


def thinned(mask: NDArray[np.bool_], *, passes: int | None = None) -> NDArray[np.bool_]:
    """What is left of mask, (h, w), when its strokes are peeled but never torn (Zhang and Suen 1984).

    A pass takes 1 to 1.4 pixels on either side; without a number of passes lines one pixel wide are left.
    """
    height, width = mask.shape
    peeled, changed = np.pad(mask, 1), True
    while changed and passes != 0:
        changed, passes = False, None if passes is None else passes - 1
        for first, second in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            near = np.array([peeled[y : y + height, x : x + width] for y, x in _AROUND])
            count, rises = near.sum(0), (~near & np.roll(near, -1, 0)).sum(0)
            inside = near[list(first)].all(0) | near[list(second)].all(0)
            peel = peeled[1:-1, 1:-1] & (count >= 2) & (count <= 6) & (rises == 1) & ~inside
            peeled[1:-1, 1:-1] &= ~peel
            changed |= bool(peel.any())
    return peeled[1:-1, 1:-1]

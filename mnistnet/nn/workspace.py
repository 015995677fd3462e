"""Workspace: arrays that one step of training after the other writes into.

A large array that is made anew in every step may get new pages from the system every time, and touching these takes
time. Whoever trains makes one Workspace and hands it to forward and backward. The results are the same.
"""

import numpy as np
from numpy.typing import DTypeLike

from mnistnet.arrays import Floats


class Workspace:
    """Gives the same arrays again and again: what one held in the last step is lost in the next."""

    def __init__(self) -> None:
        self.arrays: dict[tuple[str, int], Floats] = {}

    def array(self, purpose: str, depth: int, shape: tuple[int, ...], dtype: DTypeLike) -> Floats | None:
        """An array for some purpose in the layer of this depth, with whatever was left in it."""
        array = self.arrays.get((purpose, depth))
        if array is None or len(array) < shape[0] or array.shape[1:] != shape[1:] or array.dtype != dtype:
            array = self.arrays[purpose, depth] = np.empty(shape, dtype)
        return array[: shape[0]]


class NewArrays(Workspace):
    """Gives none, whereupon NumPy's functions make new ones."""

    def array(self, purpose: str, depth: int, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """None: out=None is a new array to NumPy."""
        del purpose, depth, shape, dtype


NEW_ARRAYS = NewArrays()

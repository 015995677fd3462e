"""Workspace: arrays that one step of training after the other writes into.

A large array that is made anew in every step may get new pages from the system every time, and touching these takes
time. Whoever trains makes one Workspace and hands it to forward and backward. The results are the same.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Workspace:
    """Gives the same arrays again and again: what one held in the last step is lost in the next."""

    def __init__(self) -> None:
        self.arrays: dict[tuple[str, int], NDArray[Any]] = {}

    def array(self, purpose: str, depth: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array for some purpose in the layer of this depth, with whatever was left in it."""
        array = self.arrays.get((purpose, depth))
        if array is None or len(array) < shape[0] or array.shape[1:] != shape[1:] or array.dtype != dtype:
            array = self.arrays[purpose, depth] = np.empty(shape, dtype)
        return array[: shape[0]]


class NewArrays(Workspace):
    """Gives a new one each time."""

    def array(self, purpose: str, depth: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new array, with anything in it."""
        del purpose, depth
        return np.empty(shape, dtype)


NEW_ARRAYS = NewArrays()

import numpy as np
import pytest
from numpy.typing import NDArray

_SEVEN = """
##########
##########
.......##.
......###.
......##..
.....##...
...######.
....##....
...##.....
...##.....
..###.....
..##......
.##.......
.##.......
"""


@pytest.fixture
def seven() -> NDArray[np.float32]:
    """A crossed 7 as (14, 10) ink, 0 or 1, without a margin: no turn or mirroring maps it to itself."""
    rows = _SEVEN.split()
    return np.array([[mark == "#" for mark in row] for row in rows], np.float32)


@pytest.fixture
def drawing(seven: NDArray[np.float32]) -> NDArray[np.float32]:
    """The 7 as (200, 160) ink, 140 x 100 pixels at row 20, column 40."""
    ink = np.zeros((200, 160), np.float32)
    ink[20:160, 40:140] = np.kron(seven, np.ones((10, 10), np.float32))
    return ink

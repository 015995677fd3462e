"""Array types and MNIST's picture format, which every room shares."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
"""float32 in training and reading, float64 in gradient checks."""

Labels: TypeAlias = NDArray[np.integer[Any]]
"""(n,) class numbers, each in [0, CLASSES)."""

Bytes: TypeAlias = NDArray[np.uint8]

SIDE = 28
"""A picture is SIDE x SIDE pixels, ink 1.0 on background 0.0."""

BOX = 20
"""The longer side of the ink's box inside the picture (LeCun et al. 1998, MNIST's own convention)."""

CLASSES = 10

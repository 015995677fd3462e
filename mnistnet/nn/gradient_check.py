"""Gradient check: the backward pass against central differences."""

from collections.abc import Callable

import numpy as np

from mnistnet.arrays import Floats


def numeric_gradient(function: Callable[[], float], values: Floats, *, step: float = 1e-6) -> Floats:
    """d function / d values by central differences, (f(x + step) - f(x - step)) / (2 step), of the shape of values.

    function reads values, float64, which are moved one at a time and put back.
    """
    gradient = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        value = values[index]
        values[index] = value + step
        above = function()
        values[index] = value - step
        below = function()
        values[index] = value
        gradient[index] = (above - below) / (2 * step)
    return gradient


def relative_error(analytic: Floats, numeric: Floats) -> float:
    """|a - b| / (|a| + |b|) with Euclidean norms; 0 where both are 0."""
    size = np.linalg.norm(analytic) + np.linalg.norm(numeric)
    return float(np.linalg.norm(analytic - numeric) / size) if size else 0.0

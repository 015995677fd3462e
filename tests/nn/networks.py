"""Parameters for tests: none is zero, so that no ReLU stands at its kink and no term drops out unnoticed."""

import numpy as np
from numpy.typing import DTypeLike

from mnistnet.nn.network import Network, Params, new_params


def random_params(network: Network, rng: np.random.Generator, *, dtype: DTypeLike = np.float64) -> Params:
    """Draws of N(0, 1), also for biases and scales."""
    params = new_params(network, dtype=dtype)
    params.flat[:] = rng.normal(size=params.flat.shape)
    return params

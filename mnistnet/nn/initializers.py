"""Initial values of weights."""

import numpy as np

from mnistnet.arrays import Floats


def he_normal(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """(inputs, outputs) float32 draws of N(0, 2 / inputs), which keep a ReLU layer's scale (He et al. 2015)."""
    return rng.standard_normal((inputs, outputs), dtype=np.float32) * np.float32(np.sqrt(2 / inputs))

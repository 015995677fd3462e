"""Initial weights: random, and scaled so that signals neither die out nor blow up from layer to layer.

Each takes a layer's numbers of inputs and outputs and gives float32 weights (inputs, outputs).
"""

from collections.abc import Callable

import numpy as np

from mnistnet.arrays import Floats


def normal(inputs: int, outputs: int, variance: float, rng: np.random.Generator) -> Floats:
    """Draws of N(0, variance)."""
    return rng.standard_normal((inputs, outputs), dtype=np.float32) * np.float32(np.sqrt(variance))


def uniform(inputs: int, outputs: int, variance: float, rng: np.random.Generator) -> Floats:
    """Draws of U(-a, a), whose variance is a^2 / 3."""
    draws = rng.random((inputs, outputs), dtype=np.float32) * 2 - 1
    return draws * np.float32(np.sqrt(3 * variance))


def he_normal(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """Variance 2 / inputs, which keeps the scale through ReLU layers (He et al. 2015)."""
    return normal(inputs, outputs, 2 / inputs, rng)


def he_uniform(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """The same variance, uniform."""
    return uniform(inputs, outputs, 2 / inputs, rng)


def xavier_normal(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """Variance 2 / (inputs + outputs): a compromise between the forward and the backward signal of tanh layers
    (Glorot & Bengio 2010)."""
    return normal(inputs, outputs, 2 / (inputs + outputs), rng)


def xavier_uniform(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """The same variance, uniform."""
    return uniform(inputs, outputs, 2 / (inputs + outputs), rng)


def xavier_sigmoid(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """Four times xavier_uniform, as sigmoid(4 x) slopes at 0 like tanh(x) (LISA lab's deep learning tutorial 2010)."""
    return uniform(inputs, outputs, 16 * 2 / (inputs + outputs), rng)


def scaled_normal(inputs: int, outputs: int, *, rng: np.random.Generator) -> Floats:
    """Variance 1 / inputs: a sum of standardised inputs has variance 1 again (LeCun et al. 1998)."""
    return normal(inputs, outputs, 1 / inputs, rng)


INITIALIZERS: dict[str, Callable[..., Floats]] = {
    function.__name__: function
    for function in (he_normal, he_uniform, xavier_normal, xavier_uniform, xavier_sigmoid, scaled_normal)
}

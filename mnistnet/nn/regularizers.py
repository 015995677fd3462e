"""Regularisers: what keeps a network from learning its examples by heart, and its steps from growing too long."""

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.nn.network import Masks, Network, Params


def penalty(params: Params, *, l1: float, l2: float) -> float:
    """l1 sum|w| + l2 / 2 sum w^2 over all weights; biases and scales are free (Goodfellow et al. 2016, section 7.1)."""
    weights = [layer.weights for layer in params.layers]
    return float(sum(l1 * np.abs(w).sum() + l2 / 2 * np.square(w).sum() for w in weights))


def add_penalty_gradient(gradient: Params, params: Params, *, l1: float, l2: float) -> None:
    """Add the penalty's gradient, l1 sign(w) + l2 w, to gradient in place."""
    for grad, layer in zip(gradient.layers, params.layers, strict=True):
        if l1:
            np.add(grad.weights, l1 * np.sign(layer.weights), out=grad.weights)
        if l2:
            np.add(grad.weights, l2 * layer.weights, out=grad.weights)


def dropout_masks(network: Network, count: int, *, inputs: float, hidden: float, rng: np.random.Generator) -> Masks:
    """A factor for each value that a layer takes in, for count examples: 0 with the given probability, else
    1 / (1 - probability), so that the mean stays the same and a trained network needs no change (inverted dropout,
    Srivastava et al. 2014).

    inputs is the probability in the first layer, hidden in the others; where it is 0 the mask is None.
    """
    shares = (inputs, *(hidden for _ in network.sizes[1:-1]))
    return [
        (rng.random((count, size), dtype=np.float32) >= share) * np.float32(1 / (1 - share)) if share else None
        for size, share in zip(network.sizes, shares, strict=False)
    ]


def clip_norm(gradient: Params, *, limit: float) -> None:
    """Shorten gradient, in place, to Euclidean length limit if it is longer (Pascanu et al. 2013)."""
    length = float(np.linalg.norm(gradient.flat))
    if not np.isfinite(length):  # its square may be too large for float32
        length = float(np.linalg.norm(gradient.flat.astype(np.float64)))
    if length > limit:
        np.multiply(gradient.flat, limit / length, out=gradient.flat)


def move_average(average: Floats, values: Floats, *, share: float, scratch: Floats | None = None) -> None:
    """Move average towards values by a share of the way, in place: an exponential moving average (Polyak & Juditsky
    1992 average with equal shares). scratch, of the same shape, is overwritten where given."""
    way = np.subtract(values, average, out=scratch)
    way *= share
    average += way

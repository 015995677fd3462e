"""Folding: what a trained network does to its inputs, as a network of plain layers that does the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.nn.batch_norm import EPSILON, Statistics
from mnistnet.nn.network import Network, Params, new_params


class Standardization(NamedTuple):
    """The network was trained on (inputs - mean) / deviation."""

    mean: float = 0.0
    deviation: float = 1.0


def standardization_of(inputs: Floats) -> Standardization:
    """Mean and standard deviation of all numbers in inputs, for MNIST about 0.131 and 0.308."""
    return Standardization(float(inputs.mean(dtype=np.float64)), float(inputs.std(dtype=np.float64)) or 1.0)


def plain_network(
    network: Network,
    params: Params,
    statistics: Sequence[Statistics],
    standardization: Standardization = Standardization(),  # noqa: B008
) -> tuple[Network, Params]:
    """A network without batch normalisation, with biases, for inputs as they are, and its parameters.

    It gives what network gives for standardised inputs if every batch had these statistics, one a hidden layer: a
    normalised sum is a sum with weights w s / d and bias b - m s / d, where d = sqrt(variance + EPSILON).
    """
    plain = replace(network, bias=True, batch_norm=False)
    if plain == network and standardization == Standardization():
        return network, params
    folded = new_params(plain, dtype=params.flat.dtype)
    for depth, (layer, target) in enumerate(zip(params.layers, folded.layers, strict=True)):
        weights = layer.weights.astype(np.float64)
        bias = np.zeros(weights.shape[1]) if layer.bias is None else layer.bias.astype(np.float64)
        if layer.scale is not None:
            factor = layer.scale / np.sqrt(statistics[depth].variance.astype(np.float64) + EPSILON)
            weights = weights * factor
            bias = bias - statistics[depth].mean * factor
        if depth == 0:
            weights = weights / standardization.deviation
            bias = bias - standardization.mean * weights.sum(axis=0)
        target.weights[:] = weights
        if target.bias is not None:
            target.bias[:] = bias
    return plain, folded

"""Network: a multilayer perceptron, its parameters, and its two directions, forward and backward."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from mnistnet.arrays import Floats
from mnistnet.nn.activations import relu, softmax
from mnistnet.nn.initializers import he_normal


@dataclass(frozen=True)
class Network:
    """sizes[0] inputs, ReLU layers of sizes[1:-1] units, and sizes[-1] logits for a softmax."""

    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"a network needs at least two sizes, each 1 or more, got {self.sizes}")


class Layer(NamedTuple):
    """One layer's parameters: outputs = inputs @ weights + bias."""

    weights: Floats  # (inputs, outputs)
    bias: Floats  # (outputs,)


class Params(NamedTuple):
    """All parameters of a network, or a gradient in them: one vector, and the layers as views into it."""

    flat: Floats
    layers: tuple[Layer, ...]


Tape = list[Floats]
"""What backward needs of a forward pass: the inputs of each layer."""


def new_params(network: Network, *, dtype: DTypeLike = np.float32) -> Params:
    """Parameters that are all zero."""
    shapes = list(pairwise(network.sizes))
    flat = np.zeros(sum((inputs + 1) * outputs for inputs, outputs in shapes), dtype)
    layers, start = [], 0
    for inputs, outputs in shapes:
        weights, bias = np.split(flat[start : start + (inputs + 1) * outputs], [inputs * outputs])
        layers.append(Layer(weights.reshape(inputs, outputs), bias))
        start += (inputs + 1) * outputs
    return Params(flat, tuple(layers))


def initial_params(network: Network, *, rng: np.random.Generator) -> Params:
    """float32 parameters to start training from: He-normal weights, zero biases."""
    params = new_params(network)
    for layer in params.layers:
        layer.weights[:] = he_normal(*layer.weights.shape, rng=rng)
    return params


def forward(params: Params, inputs: Floats) -> tuple[Floats, Tape]:
    """The logits (n, classes) of inputs (n, sizes[0]), and the tape for backward."""
    tape = [inputs]
    *hidden, last = params.layers
    for layer in hidden:
        tape.append(relu(affine(layer, tape[-1])))
    return affine(last, tape[-1]), tape


def affine(layer: Layer, inputs: Floats) -> Floats:
    """inputs @ weights + bias."""
    outputs = inputs @ layer.weights
    outputs += layer.bias
    return outputs


def backward(network: Network, params: Params, tape: Tape, grad: Floats) -> Params:
    """The loss's gradient in every parameter, by the chain rule from the last layer to the first.

    tape is what forward returned, grad (n, classes) the loss's gradient in the logits (Rumelhart et al. 1986).
    """
    gradient = new_params(network, dtype=params.flat.dtype)
    for depth in reversed(range(len(params.layers))):
        np.matmul(tape[depth].T, grad, out=gradient.layers[depth].weights)
        np.sum(grad, axis=0, out=gradient.layers[depth].bias)
        if depth > 0:  # nothing stands before the input
            grad = grad @ params.layers[depth].weights.T
            grad *= tape[depth] > 0  # the derivative of ReLU
    return gradient


def probabilities(params: Params, inputs: Floats) -> Floats:
    """(n, classes) probabilities for inputs (n, sizes[0])."""
    return softmax(forward(params, inputs)[0])

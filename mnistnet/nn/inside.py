"""Inside: what the units of a network make of one picture, and what each of them adds to the answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.network import Network, Params, Tape


def input_gradients(network: Network, params: Params, tape: Tape, directions: Floats) -> list[Floats]:
    """The gradients of directions @ sums in what goes into each layer, the pixels first, by the chain rule.

    sums are those of the tape's last layer, before its activation: the logits on a whole tape, the sums of hidden layer
    k on tape[:k]. directions is (n, sums), and each gradient (n, inputs of its layer). The tape is of one picture, and
    the network without batch normalisation.
    """
    slope = ACTIVATIONS[network.activation].slope
    gradients: list[Floats] = []
    for layer, (inputs, *_) in reversed(list(zip(params.layers, tape, strict=False))):
        directions = directions @ layer.weights.T
        gradients.insert(0, directions)
        directions = directions * slope(inputs)  # not used below the first layer: pixels have no activation
    return gradients


def contributions(network: Network, params: Params, tape: Tape, *, answer: int, rival: int) -> list[Floats]:
    """What each unit adds to logit answer - logit rival, (units,) of each hidden layer, the first one's first.

    It is the unit's output times the gradient of that difference in it (gradient x input, Shrikumar et al. 2016). Those
    of the last hidden layer sum to the difference less that of the two biases; with ReLU and no biases, where the
    network is homogeneous, those of every layer sum to the difference.
    """
    direction = one_hot([answer], len(tape[-1].outputs[0])) - one_hot([rival], len(tape[-1].outputs[0]))
    gradients = input_gradients(network, params, tape, direction.astype(params.flat.dtype))
    return [layer.inputs[0] * gradient[0] for layer, gradient in zip(tape[1:], gradients[1:], strict=True)]


def sought(network: Network, params: Params, tape: Tape, units: Sequence[int]) -> Floats:
    """What units of the tape's last layer look for in this picture, (n, pixels): the gradients of their sums in it.

    For the first layer these are its weights. Further on, with ReLU, they are the weights of the linear map that the
    active units before make of the pixels; else the tangent of what these do (Simonyan et al. 2014).
    """
    directions = one_hot(units, len(tape[-1].outputs[0])).astype(params.flat.dtype)
    return input_gradients(network, params, tape, directions)[0]


def active(network: Network, outputs: Floats) -> NDArray[np.bool_]:
    """Which units of a hidden layer have a sum above 0, as all activations show: their outputs exceed that of 0."""
    result: NDArray[np.bool_] = outputs > ACTIVATIONS[network.activation].function(np.zeros(1, outputs.dtype))
    return result


def one_hot(places: Sequence[int], size: int) -> Floats:
    """Rows of zeros, (n, size), each with a 1 at its place."""
    rows = np.zeros((len(places), size))
    rows[np.arange(len(places)), places] = 1
    return rows

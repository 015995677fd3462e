"""Activation functions: what stands between two layers, and what makes outputs of the last one's logits."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats

LEAK = 0.01
"""Leaky ReLU's slope below 0 (Maas et al. 2013)."""


def relu(inputs: Floats) -> Floats:
    """max(0, inputs), in place (Nair & Hinton 2010)."""
    return np.clip(inputs, 0, np.inf, out=inputs)  # a third of the time of np.maximum with a single number


def relu_slope(outputs: Floats) -> NDArray[Any]:
    """1 where the output is positive and 0 elsewhere."""
    slope: NDArray[Any] = outputs > 0
    return slope


def leaky_relu(inputs: Floats) -> Floats:
    """inputs where they are positive, LEAK * inputs elsewhere, in place."""
    result: Floats = np.maximum(inputs, LEAK * inputs, out=inputs)
    return result


def leaky_relu_slope(outputs: Floats) -> NDArray[Any]:
    """1 where the output is positive and LEAK elsewhere."""
    return np.where(outputs > 0, outputs.dtype.type(1), outputs.dtype.type(LEAK))


def sigmoid(inputs: Floats) -> Floats:
    """1 / (1 + exp(-inputs)), in place; written as (1 + tanh(inputs / 2)) / 2, which cannot overflow (Rumelhart et al.
    1986 trained with it)."""
    inputs *= 0.5
    np.tanh(inputs, out=inputs)
    inputs += 1
    inputs *= 0.5
    return inputs


def sigmoid_slope(outputs: Floats) -> NDArray[Any]:
    """outputs (1 - outputs)."""
    return outputs * (1 - outputs)


def tanh(inputs: Floats) -> Floats:
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x)) of the inputs, in place (LeCun et al. 1998)."""
    return np.tanh(inputs, out=inputs)


def tanh_slope(outputs: Floats) -> NDArray[Any]:
    """1 - outputs^2."""
    return 1 - np.square(outputs)


def identity(inputs: Floats) -> Floats:
    """The inputs themselves: layers without anything between them are together one linear map."""
    return inputs


def identity_slope(outputs: Floats) -> NDArray[Any]:
    """1 everywhere."""
    return np.ones_like(outputs)


class Activation(NamedTuple):
    """An activation of hidden layers."""

    function: Callable[[Floats], Floats]
    """Overwrites its argument and returns it."""
    slope: Callable[[Floats], NDArray[Any]]
    """The function's derivative, from its output alone."""
    usual_initializer: str


ACTIVATIONS = {
    "relu": Activation(relu, relu_slope, "he_normal"),
    "leaky_relu": Activation(leaky_relu, leaky_relu_slope, "he_normal"),
    "sigmoid": Activation(sigmoid, sigmoid_slope, "xavier_sigmoid"),
    "tanh": Activation(tanh, tanh_slope, "xavier_uniform"),
    "identity": Activation(identity, identity_slope, "xavier_uniform"),
}


def softmax(logits: Floats) -> Floats:
    """exp(logits) / sum(exp(logits)) along the last axis: probabilities that sum to 1 (Bridle 1990).

    logits is left unchanged.
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)  # the shift cancels out; exp() cannot overflow
    exponentials: Floats = np.exp(shifted)
    exponentials /= exponentials.sum(axis=-1, keepdims=True)
    return exponentials


def softmax_backward(grad: Floats, outputs: Floats) -> Floats:
    """A gradient in softmax's outputs as one in its logits: outputs (grad - sum(grad outputs))."""
    result: Floats = outputs * (grad - (grad * outputs).sum(axis=-1, keepdims=True))
    return result


class Output(NamedTuple):
    """What makes outputs (n, classes) of logits (n, classes)."""

    function: Callable[[Floats], Floats]
    """Leaves its argument unchanged."""
    backward: Callable[[Floats, Floats], Floats]
    """From a gradient in the outputs, and the outputs, to the gradient in the logits."""


OUTPUTS = {
    "softmax": Output(softmax, softmax_backward),
    "sigmoid": Output(lambda logits: sigmoid(logits.copy()), lambda grad, outputs: grad * sigmoid_slope(outputs)),
    "identity": Output(lambda logits: logits, lambda grad, _: grad),
}

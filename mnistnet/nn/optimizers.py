"""Optimisers: the only code that changes parameters, and it does so in place.

In the formulas p are the parameters, g their gradient and rate the learning rate. Each optimiser keeps its running
means in `state`, one row a mean, and counts its `steps`: both are plain values that can be saved and put back.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.nn.network import Params

BLOCK = 1 << 20
"""So many parameters are changed at once: smaller networks in one go, larger ones so that the next pass over a block
finds some of it in the processor's cache."""


class Optimizer(ABC):
    """Takes steps down a gradient.

    momentum is the share of the running mean of gradients that stays from step to step, square_decay that of the mean
    of their squares; None for the usual one.
    """

    usual_learning_rate: ClassVar[float]
    usual_weight_decay: ClassVar[float] = 0.0
    usual_momentum: ClassVar[float | None] = None
    usual_square_decay: ClassVar[float | None] = None
    """None for a mean that it doesn't keep."""
    rows: ClassVar[int]
    """How many running means it keeps."""

    def __init__(self, params: Params, *, momentum: float | None = None, square_decay: float | None = None) -> None:
        self.state: NDArray[Any] = np.zeros((self.rows, params.flat.size), params.flat.dtype)
        self.steps = 0
        self.momentum = (self.usual_momentum or 0.0) if momentum is None else momentum
        self.square_decay = (self.usual_square_decay or 0.0) if square_decay is None else square_decay

    def step(self, params: Params, gradient: Params, *, learning_rate: float) -> None:
        """Change params in place; the gradient is overwritten."""
        self.steps += 1
        for start in range(0, params.flat.size, BLOCK):
            block = slice(start, start + BLOCK)
            self.update(params.flat[block], gradient.flat[block], self.state[:, block], learning_rate)

    @abstractmethod
    def update(self, p: Floats, g: Floats, state: Floats, rate: float) -> None:
        """Change p and state in place; g is overwritten."""


class Sgd(Optimizer):
    """Stochastic gradient descent: p = p - rate g (Robbins & Monro 1951)."""

    usual_learning_rate = 0.5
    rows = 0

    def update(self, p: Floats, g: Floats, state: Floats, rate: float) -> None:
        del state  # it keeps none
        g *= rate
        p -= g


class Momentum(Optimizer):
    """v = momentum v - rate g; p = p + v (Polyak 1964)."""

    usual_learning_rate = 0.2
    usual_momentum = 0.9
    rows = 1

    def update(self, p: Floats, g: Floats, state: Floats, rate: float) -> None:
        velocity = state[0]
        g *= rate
        velocity *= self.momentum
        velocity -= g
        p += velocity


class Nesterov(Optimizer):
    """v = momentum v - rate g; p = p + momentum v - rate g: as if the gradient were taken a step ahead (Nesterov 1983,
    in the form that Bengio et al. 2013 gave it)."""

    usual_learning_rate = 0.2
    usual_momentum = 0.9
    rows = 1

    def update(self, p: Floats, g: Floats, state: Floats, rate: float) -> None:
        velocity = state[0]
        g *= rate
        velocity *= self.momentum
        velocity -= g
        p -= g
        p += np.multiply(velocity, self.momentum, out=g)


class RmsProp(Optimizer):
    """s = decay s + (1 - decay) g^2; p = p - rate g / (sqrt(s) + epsilon) (Hinton 2012, lecture 6e)."""

    usual_learning_rate = 0.001
    usual_square_decay = 0.9
    rows = 1
    epsilon = 1e-8

    def update(self, p: Floats, g: Floats, state: Floats, rate: float) -> None:
        square = state[0]
        square *= self.square_decay
        square += (1 - self.square_decay) * np.square(g)
        scale = np.sqrt(square)
        scale += self.epsilon
        g *= rate
        g /= scale
        p -= g


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g; s = b2 s + (1 - b2) g^2; p = p - rate m' / (sqrt(s') + epsilon), where m' = m / (1 - b1^t)
    and s' = s / (1 - b2^t) are freed of their start at 0, in step t = 1, 2 ... (Kingma & Ba 2015, algorithm 1).

    b1 is momentum, b2 square_decay. The means are kept without their constant factors 1 - b1 and 1 - b2, which come in
    with the rate: that saves passes over the parameters.
    """

    usual_learning_rate = 0.001
    usual_momentum = 0.9
    usual_square_decay = 0.999
    rows = 2
    epsilon = 1e-8

    def update(self, p: Floats, g: Floats, state: Floats, rate: float) -> None:
        mean, square = state
        mean *= self.momentum
        mean += g
        square *= self.square_decay
        square += np.square(g, out=g)
        of_mean = (1 - self.momentum) / (1 - self.momentum**self.steps)
        of_scale = math.sqrt((1 - self.square_decay) / (1 - self.square_decay**self.steps))
        scale = np.sqrt(square, out=g)
        scale += self.epsilon / of_scale
        ratio = np.divide(mean, scale, out=g)
        ratio *= rate * of_mean / of_scale
        p -= ratio


class AdamW(Adam):
    """Adam, which usually goes with weight decay (Loshchilov & Hutter 2019): see decay_weights."""

    usual_weight_decay = 0.01


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": Sgd,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "rmsprop": RmsProp,
    "adam": Adam,
    "adamw": AdamW,
}


def decay_weights(params: Params, *, share: float) -> None:
    """Take a share away from all weights, not from biases and scales, in place: weight decay apart from the gradient
    (Loshchilov & Hutter 2019), which with share = rate * decay comes before each step."""
    for layer in params.layers:
        np.multiply(layer.weights, 1 - share, out=layer.weights)

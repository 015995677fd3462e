"""Optimisers: the only code that changes parameters, and it does so in place."""

from typing import Protocol

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.nn.network import Params


class Optimizer(Protocol):
    """Something that takes steps down a gradient."""

    def step(self, params: Params, gradient: Params, *, learning_rate: float) -> None:
        """Change params in place; the gradient may be overwritten."""


class Momentum:
    """Gradient descent with momentum: v = momentum v - rate g; p = p + v (Polyak 1964)."""

    usual_learning_rate = 0.2

    def __init__(self, params: Params, *, momentum: float = 0.9) -> None:
        self.velocity: Floats = np.zeros_like(params.flat)
        self.momentum = momentum

    def step(self, params: Params, gradient: Params, *, learning_rate: float) -> None:
        """Change params in place; the gradient is overwritten."""
        p, g = params.flat, gradient.flat
        g *= learning_rate
        self.velocity *= self.momentum
        self.velocity -= g
        p += self.velocity


class Adam:
    """Steps scaled by running means of the gradient and of its square (Kingma & Ba 2015, algorithm 1)."""

    usual_learning_rate = 0.001

    def __init__(self, params: Params, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.mean: Floats = np.zeros_like(params.flat)
        self.square: Floats = np.zeros_like(params.flat)
        self.steps = 0
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon

    def step(self, params: Params, gradient: Params, *, learning_rate: float) -> None:
        """Change params in place; the gradient is overwritten."""
        p, g = params.flat, gradient.flat
        self.steps += 1
        self.mean *= self.beta1
        self.mean += (1 - self.beta1) * g
        self.square *= self.beta2
        self.square += (1 - self.beta2) * np.square(g, out=g)
        scale = np.sqrt(self.square / (1 - self.beta2**self.steps), out=g)
        scale += self.epsilon
        p -= learning_rate / (1 - self.beta1**self.steps) * np.divide(self.mean, scale, out=scale)


OPTIMIZERS: dict[str, type[Momentum] | type[Adam]] = {"momentum": Momentum, "adam": Adam}

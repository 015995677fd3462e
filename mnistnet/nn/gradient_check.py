"""Gradient check: the backward pass against central differences."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.nn.losses import network_loss
from mnistnet.nn.network import Layer, Masks, Network, Params, Pass, backward, forward, initial_params, new_params
from mnistnet.nn.regularizers import add_penalty_gradient, penalty

STEP = 1e-5
"""How far each parameter is moved in check_arrays: rounding costs less with a longer step, curvature with a shorter."""
TOLERANCE = 1e-6
"""Relative error that check_arrays takes for agreement."""
CLEARANCE = 1e-3
"""How far from every kink a function should be where it is differentiated: many steps."""


def numeric_gradient(function: Callable[[], float], values: Floats, *, step: float = 1e-6) -> Floats:
    """d function / d values by central differences, (f(x + step) - f(x - step)) / (2 step), of the shape of values.

    function reads values, float64, which are moved one at a time and put back.
    """
    gradient = np.zeros_like(values)
    for index in np.ndindex(values.shape):
        value = values[index]
        values[index] = value + step
        above = function()
        values[index] = value - step
        below = function()
        values[index] = value
        gradient[index] = (above - below) / (2 * step)
    return gradient


def relative_error(analytic: Floats, numeric: Floats) -> float:
    """|a - b| / (|a| + |b|) with Euclidean norms; 0 where both are 0."""
    size = np.linalg.norm(analytic) + np.linalg.norm(numeric)
    return float(np.linalg.norm(analytic - numeric) / size) if size else 0.0


class Objective(NamedTuple):
    """What training goes down: a network's loss for some examples, with its penalties."""

    network: Network
    inputs: Floats
    labels: NDArray[np.number]
    loss: str
    """A name in LOSSES."""
    label_smoothing: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    masks: Masks | None = None
    """Of dropout, the same for every look."""


def objective_value(objective: Objective, params: Params) -> float:
    """The loss with its penalties."""
    logits, _ = forward(objective.network, params, objective.inputs, masks=objective.masks)
    return loss_of(objective, logits)[0] + penalty(params, l1=objective.l1, l2=objective.l2)


def objective_gradient(objective: Objective, params: Params, *, differentiated: Network | None = None) -> Params:
    """Its gradient by the backward pass; another differentiated network than the objective's makes it wrong."""
    logits, tape = forward(objective.network, params, objective.inputs, masks=objective.masks)
    grad = loss_of(objective, logits)[1]
    gradient = backward(differentiated or objective.network, params, tape, grad, masks=objective.masks)
    add_penalty_gradient(gradient, params, l1=objective.l1, l2=objective.l2)
    return gradient


def loss_of(objective: Objective, logits: Floats) -> tuple[float, Floats]:
    """The loss without penalties, and its gradient in the logits."""
    return network_loss(
        objective.loss,
        objective.network.output,
        logits,
        objective.labels,
        label_smoothing=objective.label_smoothing,
    )


def random_params(network: Network, *, initializer: str | None, rng: np.random.Generator) -> Params:
    """float64 parameters with initial weights, none of them near 0, and random biases and scales."""
    params = new_params(network, dtype=np.float64)
    params.flat[:] = initial_params(network, initializer=initializer, rng=rng).flat
    for layer in params.layers:
        for vector in (layer.bias, layer.scale):
            if vector is not None:
                vector += rng.uniform(-0.5, 0.5, vector.shape)
    params.flat[:] += np.copysign(CLEARANCE, params.flat)  # |w| has its kink at 0
    return params


def clearance(objective: Objective, params: Params) -> float:
    """How far the hidden unit nearest to its activation's kink at 0 is from it.

    Sums that are 0 because all inputs are stay 0 when weights move.
    """
    _, tape = forward(objective.network, params, objective.inputs, masks=objective.masks)
    sums = [hidden_sums(layer, of_layer) for layer, of_layer in zip(params.layers[:-1], tape, strict=False)]
    return float(min(np.abs(s[s != 0]).min(initial=np.inf) for s in sums))


def hidden_sums(layer: Layer, of_layer: Pass) -> Floats:
    """What one layer's activation was given in a forward pass."""
    if layer.scale is None or of_layer.normalized is None:
        sums: Floats = of_layer.inputs @ layer.weights
    else:
        sums = of_layer.normalized * layer.scale
    return sums if layer.bias is None else sums + layer.bias


class ArrayCheck(NamedTuple):
    """One array of parameters: Euclidean norms of its two gradients, and their relative_error."""

    name: str
    values: int
    analytic: float
    numeric: float
    error: float
    rounding: float
    """The relative error that rounding of the loss alone may cause."""

    @property
    def verdict(self) -> str:
        """WRONG only where rounding does not explain it; zero where no more than rounding is there at all."""
        if self.rounding >= 1:
            return "zero"
        if self.error < TOLERANCE:
            return "ok"
        return "too small" if self.error <= self.rounding else "WRONG"


def check_arrays(objective: Objective, params: Params, gradient: Params) -> Iterator[ArrayCheck]:
    """Hold a gradient against central differences, an array of parameters at a time."""
    value = objective_value(objective, params)
    for number, (layer, of_layer) in enumerate(zip(params.layers, gradient.layers, strict=True), start=1):
        for kind, values, analytic in zip(Layer._fields, layer, of_layer, strict=True):
            if values is not None and analytic is not None:
                numeric = numeric_gradient(partial(objective_value, objective, params), values, step=STEP)
                norms = float(np.linalg.norm(analytic)), float(np.linalg.norm(numeric))
                noise = 3 * np.finfo(np.float64).eps * abs(value) / STEP * values.size**0.5
                yield ArrayCheck(
                    f"layer {number} {kind}",
                    values.size,
                    *norms,
                    relative_error(analytic, numeric),
                    float(noise / max(sum(norms), 1e-300)),
                )

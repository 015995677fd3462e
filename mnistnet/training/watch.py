"""Watch: what happens in each layer during training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.network import Network, Params, Tape

DEAD_SLOPE = 1e-3
"""A unit whose activation slopes less than that for every image passes no gradient on."""


class StepWatch(NamedTuple):
    """One layer's weights in one step; norms are Euclidean."""

    gradient: float
    """Norm of the loss's gradient in the weights."""
    update: float
    """Norm of the change of the weights over the norm of the weights."""


class LayerWatch(NamedTuple):
    """One layer at the end of an epoch."""

    gradient: float
    update: float
    """Both as in StepWatch, in the step of the epoch's last whole batch."""
    activation: float
    """Root mean square of the layer's outputs for the validation images; of the last layer, the logits."""
    dead: float
    """Share of units that pass no gradient on for any validation image; 0 in the last layer."""


def norm(array: Floats) -> float:
    """Euclidean norm, in float64: squares of float32 numbers may be too large for float32."""
    return float(np.linalg.norm(array.astype(np.float64)))


def watch_step(take_step: Callable[[], None], params: Params, gradient: Params) -> list[StepWatch]:
    """Let a step be taken, which changes params in place and may overwrite gradient; one StepWatch a layer."""
    gradients = [norm(layer.weights) for layer in gradient.layers]
    before = [layer.weights.copy() for layer in params.layers]
    take_step()
    updates = [
        norm(layer.weights - old) / max(norm(old), 1e-30) for layer, old in zip(params.layers, before, strict=True)
    ]
    return list(map(StepWatch, gradients, updates))


def watch_layers(steps: list[StepWatch], network: Network, tape: Tape) -> tuple[LayerWatch, ...]:
    """One LayerWatch a layer, from an epoch's last step and the tape of the validation images."""
    slope = ACTIVATIONS[network.activation].slope
    watched = []
    for step, layer in zip(steps, tape, strict=True):
        outputs = layer.outputs
        activation = norm(outputs) / outputs.size**0.5
        dead = 0.0 if layer is tape[-1] else float((slope(outputs).max(axis=0) < DEAD_SLOPE).mean())
        watched.append(LayerWatch(step.gradient, step.update, activation, dead))
    return tuple(watched)

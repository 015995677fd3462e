"""Eight bits: a network's weights as whole steps from -127 to 127 of a scale that each unit has for itself.

The last layer is left as it is: it is small, and an error in it goes straight into the answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import DETECTOR, Model
from mnistnet.nn.network import Network, Params, forward, new_params

MOST = 127
MOST_INPUTS = 4_096
"""Layers with more are rounded plainly: the time that compensation takes grows with the cube."""
_RESERVE = 0.1  # of the mean square: compensation shall hold for drawings unlike those it was made for
_AT_ONCE = 64


class Steps(NamedTuple):
    """A layer's weights in 8 bits: steps * scale."""

    steps: NDArray[np.int8]
    """(inputs, units)."""
    scale: Floats
    """(units,) float32; 0 for a unit without weights."""


class EightBit(NamedTuple):
    """A model in 8 bits."""

    model: Model
    """With the weights that 8 bits leave."""
    steps: Mapping[str, Steps]
    """By the weights' name, such as `weights_0`."""


class Change(NamedTuple):
    """What 8 bits change on a model's test images."""

    images: int
    errors: int
    """Of the model as it is,"""
    eight_bit_errors: int
    """and in 8 bits;"""
    answered_otherwise: int
    """right or wrong."""


def in_eight_bits(model: Model, images: Floats | None) -> EightBit:
    """The model in 8 bits, so that it answers images, (n, pixels), as it did as nearly as can be; without any, weights
    are rounded plainly."""
    tape = None if images is None else forward(model.network, model.params, images)[1]
    steps = {
        f"weights_{depth}": to_steps(layer.weights, tape[depth].inputs if tape else None)
        for depth, layer in enumerate(model.params.layers[:-1])
    }
    calibration = model.calibration
    of_detector = {
        f"{DETECTOR}weights_{depth}": to_steps(layer.weights)
        for depth, layer in enumerate(calibration.detector_params.layers[:-1])
    }
    params = with_steps(model.network, model.params, list(steps.values()))
    detector_params = with_steps(calibration.detector, calibration.detector_params, list(of_detector.values()))
    rounded = replace(model, params=params, calibration=replace(calibration, detector_params=detector_params))
    return EightBit(rounded, steps | of_detector)


def with_steps(network: Network, params: Params, hidden: list[Steps]) -> Params:
    """The parameters, with these weights in all layers but the last."""
    rounded = new_params(network, flat=params.flat.copy())
    for layer, (steps, scale) in zip(rounded.layers, hidden, strict=False):
        layer.weights[:] = steps * scale
    return rounded


def to_steps(weights: Floats, inputs: Floats | None = None) -> Steps:
    """Weights (inputs, units) in 8 bits; what is 0 stays 0. Given inputs, (n, inputs), errors are compensated."""
    scale = (np.abs(weights).max(axis=0) / MOST).astype(np.float32)
    exact = weights / np.where(scale > 0, scale, 1)
    if inputs is None or len(weights) > MOST_INPUTS:
        return Steps(np.rint(exact).astype(np.int8), scale)
    return Steps(compensated(exact, inputs).astype(np.int8), scale)


def compensated(exact: Floats, inputs: Floats) -> Floats:
    """Whole numbers for exact, (inputs, units), that make about the same sums of inputs, (n, inputs).

    They are rounded one input after the other, and each time those still to come change so that they make up for the
    error as well as they can (GPTQ, Frantar et al. 2023): by a row of the Cholesky factor of the inverse of inputs^T
    inputs.
    """
    squares = inputs.T.astype(np.float64) @ inputs / len(inputs)
    squares[np.diag_indices(len(squares))] += _RESERVE * np.mean(np.diag(squares)) + 1e-12
    factor = np.linalg.cholesky(np.linalg.inv(squares)).T.astype(np.float32)
    wanted, whole, present = exact.copy(), np.zeros_like(exact), exact != 0
    for start in range(0, len(exact), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(exact))
        errors = np.zeros((stop - start, exact.shape[1]), np.float32)
        for row in range(start, stop):
            whole[row] = np.rint(wanted[row]).clip(-MOST, MOST) * present[row]
            errors[row - start] = (wanted[row] - whole[row]) / factor[row, row]
            wanted[row + 1 : stop] -= np.outer(factor[row, row + 1 : stop], errors[row - start])
        wanted[stop:] -= factor[start:stop, stop:].T @ errors
    return whole


def measure_change(model: Model, rounded: Model, test: Examples) -> Change:
    """What 8 bits change on test images."""
    answers, rounded_answers = (
        judge(one.network, one.params, one.calibration, test.images).probabilities.argmax(axis=1)
        for one in (model, rounded)
    )
    errors, eight_bit_errors = (int(np.count_nonzero(one != test.labels)) for one in (answers, rounded_answers))
    otherwise = int(np.count_nonzero(answers != rounded_answers))
    return Change(len(test.labels), errors, eight_bit_errors, otherwise)

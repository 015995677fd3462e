"""Eight bits: a network's weights as whole steps from -127 to 127 of a scale that each unit has for itself.

The last layer is left as it is: it is small, and an error in it goes straight into the answer.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import SIDE, Floats
from mnistnet.data.mnist import Examples
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import Model
from mnistnet.nn.network import Network, Params, new_params

MOST = 127
AFTER = ((0, 1, 7 / 16), (1, -1, 3 / 16), (1, 0, 5 / 16), (1, 1, 1 / 16))
"""Rows down, columns across, and what share of a pixel's error goes there (Floyd & Steinberg 1976)."""


class Steps(NamedTuple):
    """A layer's weights in 8 bits: steps * scale."""

    steps: NDArray[np.int8]
    """(inputs, units)."""
    scale: Floats
    """(units,) float32."""


class Change(NamedTuple):
    """What 8 bits change on a model's test images."""

    images: int
    errors: int
    """Of the model as it is,"""
    eight_bit_errors: int
    """and in 8 bits;"""
    answered_otherwise: int
    """right or wrong."""


def in_steps(params: Params, *, of_pictures: bool) -> list[Steps]:
    """The weights of all layers but the last; of_pictures says whether the first one's inputs are pixels."""
    hidden = params.layers[:-1]
    return [to_steps(layer.weights, spread=of_pictures and layer is hidden[0]) for layer in hidden]


def to_steps(weights: Floats, *, spread: bool) -> Steps:
    """Weights (inputs, units) in 8 bits; spread hands errors on, see spread_errors. What is 0 stays 0."""
    scale = (np.abs(weights).max(axis=0) / MOST).astype(np.float32)
    exact = weights / np.where(scale > 0, scale, 1)
    steps = spread_errors(exact) if spread else np.rint(exact)
    return Steps(steps.clip(-MOST, MOST).astype(np.int8), scale)


def spread_errors(exact: Floats) -> Floats:
    """Whole numbers for exact, (784, units), pixel by pixel, the error of each handed on to its neighbours.

    A picture's neighbouring pixels are much alike, so that over a patch of them the errors cancel.
    """
    wanted = np.zeros((SIDE + 1, SIDE + 2, exact.shape[1]))  # room for what is handed on over the edge
    wanted[:SIDE, 1:-1] = exact.reshape(SIDE, SIDE, -1)
    whole = np.zeros((SIDE, SIDE, exact.shape[1]))
    seen = exact.reshape(SIDE, SIDE, -1) != 0
    for row, column in np.ndindex(SIDE, SIDE):
        here = wanted[row, column + 1]
        whole[row, column] = np.rint(here).clip(-MOST, MOST) * seen[row, column]
        for down, across, share in AFTER:
            wanted[row + down, column + 1 + across] += share * (here - whole[row, column])
    return whole.reshape(exact.shape)


def eight_bit_model(model: Model) -> Model:
    """The model with the weights that 8 bits leave."""
    calibration = model.calibration
    detector_params = eight_bit_params(calibration.detector, calibration.detector_params, of_pictures=False)
    return replace(
        model,
        params=eight_bit_params(model.network, model.params, of_pictures=True),
        calibration=replace(calibration, detector_params=detector_params),
    )


def eight_bit_params(network: Network, params: Params, *, of_pictures: bool) -> Params:
    """The parameters with the weights that 8 bits leave."""
    rounded = new_params(network, flat=params.flat.copy())
    for layer, (steps, scale) in zip(rounded.layers, in_steps(params, of_pictures=of_pictures), strict=False):
        layer.weights[:] = steps * scale
    return rounded


def measure_change(model: Model, test: Examples) -> Change:
    """What 8 bits change on test images."""
    rounded = eight_bit_model(model)
    answers, rounded_answers = (
        judge(one.network, one.params, one.calibration, test.images).probabilities.argmax(axis=1)
        for one in (model, rounded)
    )
    errors, eight_bit_errors = (int(np.count_nonzero(one != test.labels)) for one in (answers, rounded_answers))
    otherwise = int(np.count_nonzero(answers != rounded_answers))
    return Change(len(test.labels), errors, eight_bit_errors, otherwise)

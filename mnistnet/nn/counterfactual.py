"""Counterfactual: a picture that is changed as little as makes a network answer something else.

The way there is that of DeepFool (Moosavi-Dezfooli et al. 2016): take the network for linear where the picture is, step
to its boundary, and look again. It differs in three things, so that a person can make something of the change: pixels
stay between paper and ink, each step is smoothed, which makes strokes out of dust, and the first steps are cut short,
as the network is not linear that far.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats, side_of
from mnistnet.nn.activations import softmax
from mnistnet.nn.inside import input_gradients
from mnistnet.nn.network import Network, Params, Tape, forward
from mnistnet.nn.saliency import log_odds

STEPS = 50
_SHORT = 20  # of the steps: the K-th before the last of these goes 1 / K of the way
_BEYOND = 1.02, 0.01  # times the way to the boundary, and log-odds more
_CLEARLY = 1e-3  # higher than any other is the logit that wins, so that rounding cannot undo it
_SHARES = 50  # of the whole change are tried in the end


class Counterfactual(NamedTuple):
    """A changed picture, and how it came about."""

    image: Floats
    """(side^2,) in [0, 1]."""
    reached: bool
    """The wanted class has the highest logit."""
    steps: int


def counterfactual(
    network: Network, params: Params, image: Floats, wanted: int, *, steps: int = STEPS
) -> Counterfactual:
    """The image, (side^2,) in [0, 1], changed until the class wanted wins, or for so many steps.

    Of the straight way from the image to where the steps have led, it is the first place where wanted wins.
    """
    changed = image
    for step in range(steps + 1):
        logits, tape = forward(network, params, changed[None])
        if wins(logits, wanted)[0]:
            return Counterfactual(_shortened(network, params, image, changed, wanted), True, step)
        if step < steps:
            way = _to_boundary(network, params, tape, wanted)
            changed = (changed + way / max(1, _SHORT - step)).clip(0, 1)
    return Counterfactual(changed, False, steps)


def wins(logits: Floats, wanted: int) -> NDArray[np.bool_]:
    """In which rows of logits, (n, classes), the class wanted is clearly highest."""
    others = np.delete(logits, wanted, axis=1).max(axis=1)
    result: NDArray[np.bool_] = logits[:, wanted] > others + _CLEARLY
    return result


def _to_boundary(network: Network, params: Params, tape: Tape, wanted: int) -> Floats:
    """The way, (side^2,), on which the log-odds of wanted rise to 0 and a little more, if the network is linear.

    Of all ways there the shortest by the p-norm for p = 1.5 goes with the square of the gradient's size (DeepFool's
    section on other norms, q = 3): it is sparser than the straight one, and takes less ink.
    """
    (image, *_), logits = tape[0], tape[-1].outputs
    odds = float(log_odds(logits, wanted)[0])
    gradient = input_gradients(network, params, tape, _odds_gradient(logits, wanted))[0][0]
    free = np.where(gradient > 0, image[0] < 1, image[0] > 0)
    smooth = _smoothed(gradient * free) * free
    smooth = smooth / max(np.abs(smooth).max(), np.finfo(smooth.dtype).tiny)  # a square may be too small for a float
    direction = smooth * np.abs(smooth)
    rise = float(gradient @ direction)
    factor, more = _BEYOND
    return direction * np.float32((more - factor * odds) / rise) if rise > 0 else np.zeros_like(direction)


def _odds_gradient(logits: Floats, wanted: int) -> Floats:
    """The gradient of log_odds in the logits, both (1, classes): 1 for wanted, for the others less their shares."""
    others = logits.copy()
    others[:, wanted] = -np.inf
    gradient: Floats = -softmax(others)
    gradient[:, wanted] = 1
    return gradient


def _smoothed(pixels: Floats) -> Floats:
    """pixels, (side^2,), each mixed twice with its neighbours, by 1, 2, 1 quarters across and down."""
    square = pixels.reshape(side_of(pixels), -1)
    for _ in range(2):
        padded = np.pad(square, 1)
        rows = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
        square = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return square.ravel()


def _shortened(network: Network, params: Params, image: Floats, changed: Floats, wanted: int) -> Floats:
    """The image with the smallest share of the change, of so many tried, with which wanted wins; all of it does."""
    shares = np.linspace(0, 1, _SHARES + 1, dtype=image.dtype)[:-1, None]
    images = image + shares * (changed - image)
    won = np.flatnonzero(wins(forward(network, params, images)[0], wanted))
    return images[won[0]].clip(0, 1) if len(won) else changed

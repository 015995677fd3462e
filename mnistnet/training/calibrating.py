"""Calibrating: fit what tells how far a trained network's answers can be trusted."""

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples, split
from mnistnet.data.non_digits_file import load_cut_digits, load_non_digits
from mnistnet.errors import TrainingError
from mnistnet.evaluation.calibration import fit_temperature, hidden_outputs, judge, sure_threshold, tempered
from mnistnet.model_file import NEVER, Calibration, uncalibrated
from mnistnet.nn.network import Network, Params, forward
from mnistnet.training.augmentation import Warps, warped
from mnistnet.training.recipes import STANDARD
from mnistnet.training.settings import Settings
from mnistnet.training.state import best_network, halved, new_state
from mnistnet.training.trainer import fit

STATED_ERROR = 0.003
"""Of the answers about validation digits that are confident enough, at most so many are wrong,"""
REFUSED = 0.005
"""and of the digits themselves, so many are taken for none."""
LEAST_SURE = 0.5
"""Confidence of a sure answer, however few are wrong."""
STAND_IN_WARPS = STANDARD.warps or Warps()
"""So warped, digits that a network learned from are misread about as often as others are unwarped: 93 of 20,000 by the
shipped one, and 30 of 5,000 validation digits by networks trained nearly as long (models/README.md). Where training was
shorter they are misread more often, which makes for caution."""
DETECTOR = Settings(
    hidden=(48,),
    loss="binary_cross_entropy",
    batch_norm=True,
    learning_rate=0.003,
    optimizer="adam",
    epochs=6,
    batch_size=256,
    label_smoothing=0.06,
    average=0.99,
    validation=0.0,
    watch=False,
)

_MOST_NUMBERS = 80_000_000  # hidden outputs that are kept at once: 320 MB
_LEAST_ASIDE, _STAND_INS, _AT_ONCE = 300, 10_000, 1_000


def calibrate(
    network: Network,
    params: Params,
    *,
    learned: Examples,
    aside: Examples,
    digits: bool = True,
    rng: np.random.Generator,
) -> Calibration:
    """Fit on aside, images that the network did not learn from; where these are few, on warps of those it did.

    What is no digit is made for digits: without them everything counts as one of the classes.
    """
    learned, others = split(learned, validation=min(_STAND_INS, len(learned.labels) // 2), rng=rng)
    others = others if len(others.labels) else learned  # a single image serves for both
    plain = uncalibrated(network)
    try:
        detector = plain.detector, plain.detector_params
        if digits:
            detector = train_detector(network, params, learned.images, rng=rng)
    except TrainingError:  # the network's outputs are beyond all bounds
        return plain
    images, labels = aside
    if len(labels) < _LEAST_ASIDE:
        images, labels = warped(others.images, STAND_IN_WARPS, rng=rng), others.labels
    answers, likeness, _ = judge(network, params, Calibration(1.0, 0.0, 0.0, *detector), images)
    temperature = fit_temperature(answers, labels)
    confidences, right = tempered(answers, temperature).max(axis=1), answers.argmax(axis=1) == labels
    return Calibration(
        temperature=temperature,
        sure_from=min(max(LEAST_SURE, sure_threshold(confidences, right, error=STATED_ERROR)), NEVER),
        digit_from=float(np.quantile(likeness, REFUSED)) if digits else plain.digit_from,
        detector=detector[0],
        detector_params=detector[1],
        stated_error=STATED_ERROR,
    )


def train_detector(
    network: Network, params: Params, digits: Floats, *, rng: np.random.Generator
) -> tuple[Network, Params]:
    """A small network that tells from the hidden layers' outputs whether a picture is a digit (1) or none (0).

    It learns from digits, (n, 784), half of them warped, some that were cut out of numbers, and as many non-digits.
    """
    cut, others = load_cut_digits(), load_non_digits()
    digits = digits[np.resize(rng.permutation(len(digits)), len(others) - len(cut))]
    digits[::2] = warped(digits[::2], STAND_IN_WARPS, rng=rng)
    images, labels = np.concatenate([digits, cut, others]), np.repeat([1, 0], len(others))
    rows = rng.permutation(len(labels))[: _MOST_NUMBERS // sum(network.sizes[1:-1])]
    labels = labels[rows]
    examples = Examples(read_hidden(network, params, images[rows]), labels)
    state = new_state(DETECTOR.network(inputs=examples.images.shape[1], outputs=1), DETECTOR, examples, rng=rng)
    for _ in fit(state, examples, Examples(examples.images[:0], labels[:0]), DETECTOR):
        pass
    detector, detector_params = best_network(state)
    return detector, halved(detector, detector_params)


def read_hidden(network: Network, params: Params, images: Floats) -> Floats:
    """The hidden layers' outputs side by side, (n, units), for images (n, 784)."""
    hidden = np.empty((len(images), sum(network.sizes[1:-1])), np.float32)
    for start in range(0, len(images), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        hidden[block] = hidden_outputs(forward(network, params, images[block])[1])
    return hidden

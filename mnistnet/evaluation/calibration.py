"""Calibration: what a network's answers are worth, so that it can say "unsure"."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats, Labels
from mnistnet.model_file import Calibration
from mnistnet.nn.network import Network, Params, Tape, as_probabilities, forward

Truths = NDArray[np.bool_]

_SHARPEST, _FLATTEST = 1 / 8, 8.0
_AT_ONCE = 1_000
_HALVINGS = 24
_BINS = 15


class Judgement(NamedTuple):
    """What a network says of n images, and how far to trust it."""

    probabilities: Floats
    """(n, classes), calibrated: the highest of each row is the share of such answers that are right."""
    likeness: Floats
    """(n,), to any digit: the log-odds of a digit against a letter, a scribble, two digits in one."""
    sure: Truths
    """(n,): confident enough, and like enough to a digit."""


def judge(network: Network, params: Params, calibration: Calibration, images: Floats) -> Judgement:
    """The network's calibrated answers to images (n, 784)."""
    blocks = []
    for start in range(0, max(1, len(images)), _AT_ONCE):
        logits, tape = forward(network, params, images[start : start + _AT_ONCE])
        probabilities = tempered(as_probabilities(network, logits), calibration.temperature)
        likeness = forward(calibration.detector, calibration.detector_params, hidden_outputs(tape))[0][:, 0]
        sure = (probabilities.max(axis=1) >= calibration.sure_from) & (likeness >= calibration.digit_from)
        blocks.append((probabilities, likeness, sure))
    return Judgement(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def hidden_outputs(tape: Tape) -> Floats:
    """The outputs of all hidden layers side by side, (n, units), of a network's forward pass."""
    return np.concatenate([layer.outputs for layer in tape[:-1]], axis=1)


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """softmax(log(probabilities) / temperature), (n, classes): higher temperatures make answers less confident
    (Guo et al. 2017)."""
    log_probs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)) / np.float32(temperature)
    shares: Floats = np.exp(log_probs - log_probs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def fit_temperature(probabilities: Floats, labels: Labels) -> float:
    """The temperature that makes the mean of -log tempered(probabilities)[label] least, for (n, classes) and (n,).

    The mean is convex in 1 / temperature, and its slope there the mean over the images of the expected logarithm less
    that of the label: the place where it is 0 is found by halving.
    """
    log_probs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    of_labels = log_probs[np.arange(len(labels)), labels]
    low, high = _SHARPEST, _FLATTEST
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        slope = (tempered(probabilities, middle) * log_probs).sum(axis=1) - of_labels
        low, high = (middle, high) if slope.mean() > 0 else (low, middle)
    return float(np.sqrt(low * high))


def sure_threshold(confidences: Floats, right: Truths, *, error: float) -> float:
    """The lowest confidence above which at most a share error of the answers is wrong; both are (n,).

    Infinity where there is none.
    """
    levels, level = np.unique(-confidences, return_inverse=True)  # answers of one confidence stand or fall together
    answers, wrong = (np.cumsum(np.bincount(level, weights)) for weights in (None, ~right))
    within = np.flatnonzero(wrong <= error * answers)
    return float(-levels[within[-1]]) if len(within) else float("inf")


def expected_calibration_error(confidences: Floats, right: Truths) -> float:
    """Mean difference of confidence and share of right answers, over 15 equally wide bins (Guo et al. 2017)."""
    bins = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    surplus = np.bincount(bins, confidences.astype(np.float64) - right, minlength=_BINS)
    return float(np.abs(surplus).sum() / len(right))

"""Calibration: what a network's answers are worth, so that it can say "unsure"."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats, Labels
from mnistnet.errors import ModelError
from mnistnet.evaluation.metrics import wilson_interval
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


class Bin(NamedTuple):
    """Answers of about the same confidence."""

    low: float
    high: float
    """Exclusive, but for 1."""
    images: int
    confidence: float
    """Mean, as is the share of right answers; both 0 without images."""
    accuracy: float
    interval: tuple[float, float]
    """Of accuracy, 95 % (Wilson)."""


class Risk(NamedTuple):
    """What answering only where one is most confident would come to."""

    answered: int
    wrong: int
    """Of these."""
    confidence: float
    """The lowest of them."""


def judge(network: Network, params: Params, calibration: Calibration, images: Floats) -> Judgement:
    """The network's calibrated answers to images (n, 784). Raises ModelError where they are no numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        judgement = _judge(network, params, calibration, images)
    if not (np.isfinite(judgement.probabilities).all() and np.isfinite(judgement.likeness).all()):
        raise ModelError("the model's parameters are so large that it answers with no numbers; use another model")
    return judgement


def _judge(network: Network, params: Params, calibration: Calibration, images: Floats) -> Judgement:
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


def reliability(confidences: Floats, right: Truths) -> list[Bin]:
    """The answers in 15 bins of equal width, from the least confident; both are (n,) (Guo et al. 2017)."""
    bins = np.minimum((confidences * _BINS).astype(int), _BINS - 1)
    images = np.bincount(bins, minlength=_BINS)
    sums = [np.bincount(bins, values.astype(np.float64), _BINS) for values in (confidences, right)]
    means = [np.divide(values, images, out=np.zeros(_BINS), where=images > 0) for values in sums]
    intervals = [
        wilson_interval(hits, of) if of else (0.0, 1.0)
        for hits, of in zip(sums[1].astype(int).tolist(), images.tolist(), strict=True)
    ]
    columns = (np.arange(_BINS) / _BINS, np.arange(1, _BINS + 1) / _BINS, images, *means)
    return [Bin(*values) for values in zip(*(column.tolist() for column in columns), intervals, strict=True)]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean difference of confidence and share of right answers over the bins' images (Guo et al. 2017)."""
    images = sum(one.images for one in bins)
    return sum(one.images * abs(one.confidence - one.accuracy) for one in bins) / images


def risk_coverage(confidences: Floats, right: Truths) -> list[Risk]:
    """What is wrong of the most confident 0.1 %, 0.2 %, ... 100 % of the answers (El-Yaniv & Wiener 2010).

    Both are (n,). Of answers of one confidence, those with the lower number come first.
    """
    order = np.argsort(-confidences, kind="stable")
    wrong = np.cumsum(~right[order])
    answered = sorted({-(-len(right) * thousandth // 1000) for thousandth in range(1, 1001)})
    return [Risk(count, int(wrong[count - 1]), float(confidences[order[count - 1]])) for count in answered]


def tested_calibration(calibration: Calibration, judgement: Judgement, labels: Labels) -> Calibration:
    """The calibration with what it came to on the test images, whose labels are (n,)."""
    right = judgement.probabilities.argmax(axis=1) == labels
    return replace(
        calibration,
        sure_images=int(judgement.sure.sum()),
        sure_errors=int((judgement.sure & ~right).sum()),
        expected_calibration_error=expected_calibration_error(reliability(judgement.probabilities.max(axis=1), right)),
    )

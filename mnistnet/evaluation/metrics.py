"""Metrics: what a list of answers is worth."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import CLASSES, Labels

Confusion = NDArray[np.int64]
"""(classes, classes) counts: row = true digit, column = predicted digit."""


class DigitScore(NamedTuple):
    """How one digit fared; a ratio whose denominator is 0 is 0, as in scikit-learn."""

    digit: int
    images: int
    precision: float
    recall: float
    f1: float


def confusion_matrix(labels: Labels, predictions: Labels) -> Confusion:
    """Count each pair of true and predicted digit; both are (n,)."""
    pairs = np.bincount(labels * CLASSES + predictions, minlength=CLASSES * CLASSES)
    return pairs.reshape(CLASSES, CLASSES).astype(np.int64)


def wilson_interval(successes: int, trials: int, *, z: float = 1.959964) -> tuple[float, float]:
    """Bounds of a proportion, 95 % unless z says otherwise (Wilson 1927). trials is 1 or more."""
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return (middle - spread) / scale, (middle + spread) / scale


def digit_scores(confusion: Confusion) -> list[DigitScore]:
    """Precision, recall and F1 of each digit."""
    scores = []
    for digit, right in enumerate(np.diag(confusion).tolist()):
        images, predicted = int(confusion[digit].sum()), int(confusion[:, digit].sum())
        f1 = ratio(2 * right, images + predicted)
        scores.append(DigitScore(digit, images, ratio(right, predicted), ratio(right, images), f1))
    return scores


def ratio(part: int, whole: int) -> float:
    """part / whole, and 0 where whole is 0."""
    return part / whole if whole else 0.0

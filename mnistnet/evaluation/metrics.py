"""Metrics: what a list of answers is worth."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import CLASSES, Labels

Confusion = NDArray[np.int64]
"""(classes, columns) counts: row = true class, column = predicted class or another answer."""

Interval = tuple[float, float]
"""Lower and upper bound."""

Z_95 = 1.959964
"""Standard deviations of a normal distribution between which 95 % of it lie."""
STUDENT_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
)  # fmt: skip
"""See student_quantile: for 1, 2, ... degrees of freedom."""


class DigitScore(NamedTuple):
    """How one digit fared; a ratio whose denominator is 0 is 0, as in scikit-learn."""

    digit: int
    images: int
    precision: float
    precision_interval: Interval
    """95 % (Wilson), as of recall; from 0 to 1 where the denominator is 0."""
    recall: float
    recall_interval: Interval
    f1: float


def confusion_matrix(
    labels: Labels, predictions: Labels, *, classes: int = CLASSES, columns: int | None = None
) -> Confusion:
    """Count each pair of true class and prediction, which may be any number below columns (a class, where that is
    None); both are (n,)."""
    columns = columns or classes
    pairs = np.bincount(labels * columns + predictions, minlength=classes * columns)
    return pairs.reshape(classes, columns).astype(np.int64)


def wilson_interval(successes: int, trials: int, *, z: float = Z_95) -> tuple[float, float]:
    """Bounds of a proportion, 95 % unless z says otherwise (Wilson 1927). trials is 1 or more."""
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)  # rounding may pass 0 and 1


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Bounds of the mean of what two or more values were drawn from, 95 %, if they are normal (Student 1908)."""
    spread = student_quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return statistics.fmean(values) - spread, statistics.fmean(values) + spread


def student_quantile(freedom: int) -> float:
    """Between plus and minus this many standard errors lie 95 % of Student's t, for 1 or more degrees of freedom.

    Beyond the table it is the expansion around the normal distribution (Abramowitz & Stegun 1964, 26.7.5).
    """
    if freedom <= len(STUDENT_T):
        return STUDENT_T[freedom - 1]
    first, second = (Z_95**3 + Z_95) / 4, (5 * Z_95**5 + 16 * Z_95**3 + 3 * Z_95) / 96
    return Z_95 + first / freedom + second / freedom**2


def digit_scores(confusion: Confusion) -> list[DigitScore]:
    """Precision, recall and F1 of each digit."""
    scores = []
    for digit, right in enumerate(np.diag(confusion).tolist()):
        images, predicted = int(confusion[digit].sum()), int(confusion[:, digit].sum())
        f1 = ratio(2 * right, images + predicted)
        shares = ((ratio(right, of), wilson_interval(right, of) if of else (0.0, 1.0)) for of in (predicted, images))
        (precision, of_precision), (recall, of_recall) = shares
        scores.append(DigitScore(digit, images, precision, of_precision, recall, of_recall, f1))
    return scores


def edit_distance(true: str, read: str) -> int:
    """Fewest characters to insert, delete or replace until one text is the other (Levenshtein 1966)."""
    distances = list(range(len(read) + 1))  # from the part of true walked so far to each beginning of read
    for row, wanted in enumerate(true, start=1):
        diagonal, distances[0] = distances[0], row
        for column, got in enumerate(read, start=1):
            above = distances[column]
            distances[column] = min(above + 1, distances[column - 1] + 1, diagonal + (wanted != got))
            diagonal = above
    return distances[-1]


def ratio(part: int, whole: int) -> float:
    """part / whole, and 0 where whole is 0."""
    return part / whole if whole else 0.0

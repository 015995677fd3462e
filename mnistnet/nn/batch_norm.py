"""Batch normalisation (Ioffe & Szegedy 2015): each unit's sums with mean 0 and variance 1 over the batch."""

from typing import NamedTuple

import numpy as np

from mnistnet.arrays import Floats

EPSILON = 1e-5


class Statistics(NamedTuple):
    """Mean and variance of each unit's sums over a batch, or over many."""

    mean: Floats  # (units,)
    variance: Floats  # (units,), divided by n


def normalize(sums: Floats) -> tuple[Floats, Statistics]:
    """(sums - mean) / sqrt(variance + EPSILON) over the batch, in place, and the statistics."""
    statistics = Statistics(sums.mean(axis=0), sums.var(axis=0))
    sums -= statistics.mean
    sums /= np.sqrt(statistics.variance + EPSILON)
    return sums, statistics


def normalize_backward(grad: Floats, normalized: Floats, statistics: Statistics) -> Floats:
    """A gradient in what normalize returned as one in its sums, which moved mean and variance too:
    (g - mean(g) - z mean(g z)) / sqrt(variance + EPSILON), with z for normalized and means over the batch."""
    through_mean = grad.mean(axis=0)
    through_variance = normalized * (grad * normalized).mean(axis=0)
    centred: Floats = grad - through_mean - through_variance
    centred /= np.sqrt(statistics.variance + EPSILON)
    return centred

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
    mean = sums.mean(axis=0)
    sums -= mean
    variance = dots(sums, sums) / len(sums)
    sums *= 1 / np.sqrt(variance + EPSILON)
    return sums, Statistics(mean, variance)


def normalize_backward(
    grad: Floats, normalized: Floats, statistics: Statistics, *, scale: Floats, scratch: Floats
) -> Floats:
    """A gradient in normalized * scale as one in the sums, which moved mean and variance too, in place:
    (g - mean(g) - z mean(g z)) * scale / sqrt(variance + EPSILON), with z for normalized and means over the batch.

    scratch, of grad's shape, is overwritten.
    """
    through_variance = np.multiply(normalized, dots(grad, normalized) / len(grad), out=scratch)
    grad -= grad.mean(axis=0)
    grad -= through_variance
    grad *= scale / np.sqrt(statistics.variance + EPSILON)
    return grad


def dots(one: Floats, other: Floats) -> Floats:
    """The sum of products of each column with the other's: (units,) from arrays (n, units)."""
    result: Floats = np.einsum("nu,nu->u", one, other)
    return result

"""Batch normalisation against sums written out, and its way back against central differences."""

import numpy as np
import pytest

from mnistnet.nn.batch_norm import normalize, normalize_backward
from mnistnet.nn.gradient_check import numeric_gradient, relative_error

SHAPES = [(2, 1), (7, 3), (5, 11)]


def sums_of(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).normal(3, 2, size=shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_unit_is_normalised_over_the_batch_in_place(shape: tuple[int, int]) -> None:
    sums = sums_of(shape)
    columns = sums.T.tolist()
    normalized, statistics = normalize(sums)
    assert normalized is sums
    for unit, column in enumerate(columns):
        mean = sum(column) / len(column)
        variance = sum((value - mean) ** 2 for value in column) / len(column)
        expected = [(value - mean) / (variance + 1e-5) ** 0.5 for value in column]
        np.testing.assert_allclose(normalized[:, unit], expected, rtol=1e-12)
        assert (statistics.mean[unit], statistics.variance[unit]) == pytest.approx((mean, variance))


@pytest.mark.parametrize("shape", SHAPES)
def test_backward_agrees_with_central_differences(shape: tuple[int, int]) -> None:
    sums, grad = sums_of(shape), np.random.default_rng(1).normal(size=shape)
    scale = np.random.default_rng(2).normal(size=shape[1])
    numeric = numeric_gradient(lambda: float((grad * normalize(sums.copy())[0] * scale).sum()), sums, step=1e-5)
    analytic = normalize_backward(grad.copy(), *normalize(sums), scale=scale, scratch=np.empty_like(grad))
    np.testing.assert_allclose(analytic, numeric, rtol=1e-5, atol=1e-8)
    if shape[0] > 2:  # of two examples the normalised sums hardly move, which leaves differences of rounding
        assert relative_error(analytic, numeric) < 1e-8


def test_a_unit_that_never_changes_becomes_0_and_passes_a_finite_gradient() -> None:
    normalized, statistics = normalize(np.full((4, 2), 7, np.float32))
    np.testing.assert_array_equal(normalized, 0)
    grad = np.array([[1, 0], [0, 0], [0, 0], [0, 0]], np.float32)
    scale = np.ones(2, np.float32)
    normalize_backward(grad, normalized, statistics, scale=scale, scratch=np.empty_like(grad))
    np.testing.assert_allclose(grad[:, 0], np.array([0.75, -0.25, -0.25, -0.25]) / 1e-5**0.5, rtol=1e-5)
    assert normalized.dtype == grad.dtype == np.float32

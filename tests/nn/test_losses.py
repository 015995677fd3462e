"""The loss against its definition in exact arithmetic, and at logits where a naive one overflows."""

import math

import numpy as np
import pytest

from mnistnet.nn.gradient_check import numeric_gradient, relative_error
from mnistnet.nn.losses import softmax_cross_entropy


def test_it_is_the_mean_of_minus_log_softmax() -> None:
    logits, labels = [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], [1, 0]
    by_hand = [
        -math.log(math.exp(row[label]) / sum(math.exp(value) for value in row))
        for row, label in zip(logits, labels, strict=True)
    ]
    loss, _ = softmax_cross_entropy(np.array(logits), np.array(labels))
    assert loss == pytest.approx(sum(by_hand) / 2, rel=1e-12)


def test_its_gradient_agrees_with_central_differences() -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(5, 4)), rng.integers(4, size=5)
    before = logits.copy()
    _, grad = softmax_cross_entropy(logits, labels)
    np.testing.assert_array_equal(logits, before)
    assert relative_error(grad, numeric_gradient(lambda: softmax_cross_entropy(logits, labels)[0], logits)) < 1e-8


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_label_smoothing_weighs_the_losses_of_all_classes(smoothing: float) -> None:
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(5, 4)), rng.integers(4, size=5)
    plain, _ = softmax_cross_entropy(logits, labels)
    every_class = [softmax_cross_entropy(logits, np.full(5, label))[0] for label in range(4)]
    loss, grad = softmax_cross_entropy(logits, labels, label_smoothing=smoothing)
    assert loss == pytest.approx((1 - smoothing) * plain + smoothing * sum(every_class) / 4, rel=1e-12)

    def smoothed() -> float:
        return softmax_cross_entropy(logits, labels, label_smoothing=smoothing)[0]

    assert relative_error(grad, numeric_gradient(smoothed, logits)) < 1e-8


def test_logits_of_a_thousand_are_no_trouble_in_float32() -> None:
    logits = np.array([[1000, -1000, 0], [-1000, 1000, 1000]], np.float32)
    loss, grad = softmax_cross_entropy(logits, np.array([1, 1]))
    assert loss == pytest.approx((2000 + math.log(2)) / 2)
    np.testing.assert_allclose(grad, [[0.5, -0.5, 0], [0, -0.25, 0.25]], atol=1e-6)
    assert grad.dtype == np.float32

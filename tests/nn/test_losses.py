"""Losses against their definitions in plain arithmetic, and at logits where a naive one overflows."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.nn.gradient_check import numeric_gradient, relative_error
from mnistnet.nn.losses import (
    LOSSES,
    binary_cross_entropy,
    mean_squared_error,
    network_loss,
    softmax_cross_entropy,
    targets_of,
)

PAIRS = [(loss, output) for loss, outputs in LOSSES.items() for output in outputs]


def softmax_by_hand(row: list[float]) -> list[float]:
    return [math.exp(z) / sum(map(math.exp, row)) for z in row]


def sigmoid_by_hand(row: list[float]) -> list[float]:
    return [1 / (1 + math.exp(-z)) for z in row]


OUTPUTS_BY_HAND: dict[str, Callable[[list[float]], list[float]]] = {
    "softmax": softmax_by_hand,
    "sigmoid": sigmoid_by_hand,
    "identity": list,
}


def entropy_of(outputs: list[float], targets: list[float]) -> float:
    return -sum(t * math.log(p) for t, p in zip(targets, outputs, strict=True))


def binary_entropy_of(outputs: list[float], targets: list[float]) -> float:
    both = [-t * math.log(s) - (1 - t) * math.log(1 - s) for t, s in zip(targets, outputs, strict=True)]
    return sum(both) / len(both)


def squares_of(outputs: list[float], targets: list[float]) -> float:
    return sum((o - t) ** 2 for t, o in zip(targets, outputs, strict=True)) / len(outputs)


LOSSES_BY_HAND = {"cross_entropy": entropy_of, "binary_cross_entropy": binary_entropy_of, "mse": squares_of}


def loss_by_hand(loss: str, output: str, logits: Floats, targets: list[list[float]]) -> float:
    """The mean over the rows, from the targets written out."""
    rows = [OUTPUTS_BY_HAND[output](row) for row in logits.tolist()]
    return sum(map(LOSSES_BY_HAND[loss], rows, targets)) / len(rows)


def random_logits(outputs: int = 4) -> Floats:
    return np.random.default_rng(0).normal(0, 2, size=(5, outputs))


LABELS = np.array([1, 0, 3, 3, 2])


def one_hot(*, smoothing: float = 0.0) -> list[list[float]]:
    return [[(1 - smoothing) * (column == label) + smoothing / 4 for column in range(4)] for label in LABELS]


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_a_networks_loss_is_its_definition_and_its_gradient_that_of_differences(
    loss: str, output: str, smoothing: float
) -> None:
    logits, labels = random_logits(), LABELS.copy()

    def value() -> float:
        return network_loss(loss, output, logits, labels, label_smoothing=smoothing)[0]

    assert value() == pytest.approx(loss_by_hand(loss, output, logits, one_hot(smoothing=smoothing)), rel=1e-12)
    _, grad = network_loss(loss, output, logits, labels, label_smoothing=smoothing)
    np.testing.assert_array_equal(logits, random_logits())
    np.testing.assert_array_equal(labels, LABELS)
    assert relative_error(grad, numeric_gradient(value, logits)) < 1e-8


@pytest.mark.parametrize(
    ("loss", "output"), [("binary_cross_entropy", "sigmoid"), ("mse", "sigmoid"), ("mse", "identity")]
)
@pytest.mark.parametrize("labels", [[0, 1, 1, 0, 1], [[0], [1], [1], [0], [1]]])
def test_a_single_output_stands_for_two_classes(loss: str, output: str, labels: list[int]) -> None:
    logits, numbers = random_logits(1), np.array(labels)
    expected = loss_by_hand(loss, output, logits, [[0.0], [1.0], [1.0], [0.0], [1.0]])
    assert network_loss(loss, output, logits, numbers)[0] == pytest.approx(expected, rel=1e-12)


def test_smoothing_moves_both_classes_of_a_single_output_to_the_middle() -> None:
    logits = random_logits(1)
    loss, _ = network_loss("mse", "identity", logits, np.array([0, 1, 1, 0, 1]), label_smoothing=0.2)
    assert loss == pytest.approx(loss_by_hand("mse", "identity", logits, [[0.1], [0.9], [0.9], [0.1], [0.9]]))


def test_numbers_to_come_near_to_are_not_smoothed() -> None:
    logits, numbers = random_logits(), np.random.default_rng(1).normal(size=(5, 4))
    loss, _ = network_loss("mse", "identity", logits, numbers, label_smoothing=0.2)
    assert loss == pytest.approx(loss_by_hand("mse", "identity", logits, numbers.tolist()), rel=1e-12)


def test_cross_entropy_takes_class_numbers_of_any_kind() -> None:
    expected, _ = softmax_cross_entropy(random_logits(), LABELS)
    for kind in (np.uint8, np.float32, np.int64):
        assert network_loss("cross_entropy", "softmax", random_logits(), LABELS.astype(kind))[0] == expected


def test_softmax_cross_entropy_of_two_rows_by_hand() -> None:
    loss, grad = softmax_cross_entropy(np.log([[1.0, 2.0, 1.0], [3.0, 3.0, 2.0]]), np.array([1, 0]))
    assert loss == pytest.approx((math.log(4 / 2) + math.log(8 / 3)) / 2, rel=1e-12)
    np.testing.assert_allclose(grad, [[1 / 8, -1 / 4, 1 / 8], [-5 / 16, 3 / 16, 1 / 8]], rtol=1e-12)


def test_binary_cross_entropy_takes_targets_between_0_and_1() -> None:
    logits, targets = random_logits(3), np.random.default_rng(2).random((5, 3))
    before = targets.copy()
    loss, grad = binary_cross_entropy(logits, targets)
    assert loss == pytest.approx(loss_by_hand("binary_cross_entropy", "sigmoid", logits, targets.tolist()), rel=1e-12)
    assert relative_error(grad, numeric_gradient(lambda: binary_cross_entropy(logits, targets)[0], logits)) < 1e-8
    np.testing.assert_array_equal(targets, before)


def test_mean_squared_error_by_hand() -> None:
    outputs, targets = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([[1.0, 0.0], [0.0, 0.0], [5.0, 7.0]])
    loss, grad = mean_squared_error(outputs, targets)
    assert loss == (4 + 9 + 16 + 1) / 6
    np.testing.assert_allclose(grad, np.array([[0, 4], [6, 8], [0, -2]]) / 6)
    np.testing.assert_array_equal(outputs, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(targets, [[1, 0], [0, 0], [5, 7]])


def test_softmax_cross_entropy_at_a_thousand_in_float32() -> None:
    logits = np.array([[1000, -1000, 0], [-1000, 1000, 1000]], np.float32)
    loss, grad = softmax_cross_entropy(logits, np.array([1, 1]))
    assert loss == pytest.approx((2000 + math.log(2)) / 2)
    np.testing.assert_allclose(grad, [[0.5, -0.5, 0], [0, -0.25, 0.25]], atol=1e-6)
    assert grad.dtype == np.float32


LOSS_OF_WRONG_AND_RIGHT_AND_GRADIENT_OF_WRONG = {
    ("cross_entropy", "softmax"): (2000, 0, [1, -1]),
    ("binary_cross_entropy", "sigmoid"): (1000, 0, [0.5, -0.5]),
    ("mse", "identity"): ((1000**2 + 1001**2) / 2, (999**2 + 1000**2) / 2, [1000, -1001]),
    ("mse", "sigmoid"): (1, 0, [0, 0]),
    ("mse", "softmax"): (1, 0, [0, 0]),
}


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_a_thousand_on_either_side_is_exact_in_float32(loss: str, output: str) -> None:
    wrong, right, gradient = LOSS_OF_WRONG_AND_RIGHT_AND_GRADIENT_OF_WRONG[loss, output]
    logits = np.array([[1000, -1000]], np.float32)
    value, grad = network_loss(loss, output, logits, np.array([1]))
    assert value == wrong
    np.testing.assert_array_equal(grad, [gradient])
    assert grad.dtype == np.float32
    assert network_loss(loss, output, logits, np.array([0]))[0] == right


def test_targets_of_class_numbers_have_a_1_in_the_labels_column() -> None:
    targets = targets_of(np.array([2, 0]), like=np.zeros((2, 3), np.float32))
    np.testing.assert_array_equal(targets, [[0, 0, 1], [1, 0, 0]])
    assert targets.dtype == np.float32


@pytest.mark.parametrize("labels", [[0, 1, 1], [[0], [1], [1]]])
@pytest.mark.parametrize("kind", [int, np.uint8, bool, np.float64])
def test_targets_of_a_single_output_are_the_labels_themselves(labels: list[int], kind: type) -> None:
    targets = targets_of(np.array(labels, kind), like=np.zeros((3, 1), np.float32))
    np.testing.assert_array_equal(targets, [[0], [1], [1]])
    assert targets.dtype == np.float32


def test_targets_that_are_outputs_already_stay_so() -> None:
    wished = np.array([[0.5, -2.0], [3.0, 0.25]])
    targets = targets_of(wished, like=np.zeros((2, 2), np.float32))
    np.testing.assert_array_equal(targets, wished)
    assert targets.dtype == np.float32

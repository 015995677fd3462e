"""Activations and outputs against their plain formulas, their slopes against central differences."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS, softmax
from mnistnet.nn.gradient_check import numeric_gradient, relative_error
from mnistnet.nn.initializers import INITIALIZERS

FORMULAS: dict[str, Callable[[float], float]] = {
    "relu": lambda x: x if x > 0 else 0.0,
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "identity": lambda x: x,
}
AT_MINUS_AND_PLUS_1000: dict[str, tuple[list[float], list[float]]] = {
    "relu": ([0, 1000], [0, 1]),
    "leaky_relu": ([-10, 1000], [0.01, 1]),
    "sigmoid": ([0, 1], [0, 0]),
    "tanh": ([-1, 1], [0, 0]),
    "identity": ([-1000, 1000], [1, 1]),
}
AT_0 = {"relu": 0, "leaky_relu": 0.01, "sigmoid": 0.25, "tanh": 1, "identity": 1}


def points() -> np.ndarray:
    return np.array([[-5, -1, -0.1], [0.3, 2, 7]])


def test_every_activation_is_tested_here() -> None:
    assert ACTIVATIONS.keys() == FORMULAS.keys() == AT_MINUS_AND_PLUS_1000.keys() == AT_0.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_its_formula_in_place(name: str) -> None:
    values = points()
    expected = [[FORMULAS[name](x) for x in row] for row in values.tolist()]
    assert ACTIVATIONS[name].function(values) is values
    np.testing.assert_allclose(values, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_its_slope_is_its_derivative(name: str) -> None:
    function, slope, _ = ACTIVATIONS[name]
    values = points()
    numeric = numeric_gradient(lambda: float(function(values.copy()).sum()), values)
    outputs = function(values)
    before = outputs.copy()
    np.testing.assert_allclose(slope(outputs), numeric, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(outputs, before)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_its_slope_at_0(name: str) -> None:
    assert ACTIVATIONS[name].slope(ACTIVATIONS[name].function(np.zeros(1))) == AT_0[name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nothing_overflows_at_a_thousand_in_float32(name: str) -> None:
    function, slope, _ = ACTIVATIONS[name]
    outputs = function(np.array([-1000, 1000], np.float32))
    values, slopes = AT_MINUS_AND_PLUS_1000[name]
    np.testing.assert_allclose(outputs, values, rtol=1e-6)
    np.testing.assert_allclose(slope(outputs), slopes, rtol=1e-6)
    assert outputs.dtype == (outputs * slope(outputs)).dtype == np.float32


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_its_usual_initializer_exists(name: str) -> None:
    assert ACTIVATIONS[name].usual_initializer in INITIALIZERS


def test_softmax_is_its_formula_for_one_row_and_for_many() -> None:
    logits = points()
    expected = [[math.exp(z) / sum(map(math.exp, row)) for z in row] for row in logits.tolist()]
    np.testing.assert_allclose(softmax(logits), expected, rtol=1e-12)
    np.testing.assert_allclose(softmax(logits[1]), expected[1], rtol=1e-12)


def test_softmax_does_not_overflow_at_a_thousand_in_float32() -> None:
    shares = softmax(np.array([[1000, 1000, -1000], [-1000, -1000, -1000]], np.float32))
    np.testing.assert_allclose(shares, [[0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]], rtol=1e-6)
    assert shares.dtype == np.float32


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_outputs_way_back_agrees_with_central_differences(name: str) -> None:
    function, backward = OUTPUTS[name]
    logits, grad = points(), np.array([[0.3, -2, 1], [0.5, 0.7, -0.2]])
    numeric = numeric_gradient(lambda: float((grad * function(logits)).sum()), logits)
    assert relative_error(backward(grad, function(logits)), numeric) < 1e-8


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_leaves_its_arguments_alone(name: str) -> None:
    function, backward = OUTPUTS[name]
    logits, grad = points(), points()
    outputs = function(logits)
    shown = outputs.copy()
    backward(grad, outputs)
    for array, before in ((logits, points()), (grad, points()), (outputs, shown)):
        np.testing.assert_array_equal(array, before)


def test_the_sigmoid_and_identity_outputs_are_their_formulas() -> None:
    np.testing.assert_allclose(
        OUTPUTS["sigmoid"].function(np.array([-2.0, 2])), [1 / (1 + math.e**2), 1 / (1 + math.e**-2)]
    )
    np.testing.assert_array_equal(OUTPUTS["identity"].function(points()), points())

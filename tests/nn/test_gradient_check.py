"""The gradient check on functions whose derivatives everyone knows, and on networks with a known mistake."""

import math

import numpy as np
import pytest

from mnistnet.nn.gradient_check import (
    CLEARANCE,
    ArrayCheck,
    Objective,
    check_arrays,
    clearance,
    numeric_gradient,
    objective_gradient,
    objective_value,
    random_params,
    relative_error,
)
from mnistnet.nn.network import Network, Params, new_params
from mnistnet.nn.regularizers import dropout_masks


def test_it_finds_the_derivatives_of_a_sum_of_sines() -> None:
    values = np.random.default_rng(0).normal(size=(3, 2))
    before = values.copy()
    gradient = numeric_gradient(lambda: float(np.sin(values).sum()), values)
    np.testing.assert_allclose(gradient, np.cos(before), rtol=1e-8)
    np.testing.assert_array_equal(values, before)


def test_a_cube_shows_that_the_differences_are_central_and_of_that_step() -> None:
    values = np.array([2.0])
    gradient = numeric_gradient(lambda: float(values[0] ** 3), values, step=0.5)
    assert gradient == pytest.approx(3 * 2**2 + 0.5**2)  # ((x + h)^3 - (x - h)^3) / 2h = 3 x^2 + h^2


@pytest.mark.parametrize(
    ("analytic", "numeric", "expected"),
    [
        ([0, 0], [0, 0], 0),
        ([3, 4], [3, 4], 0),
        ([3, 4], [0, 0], 1),
        ([3, 4], [-3, -4], 1),
        ([1, 0], [0, 1], 2**0.5 / 2),
        ([[3, 0], [0, 4]], [[0, 0], [0, 4]], 3 / 9),
    ],
)
def test_the_relative_error_is_a_length_over_lengths(analytic: list[int], numeric: list[int], expected: float) -> None:
    assert relative_error(np.array(analytic), np.array(numeric)) == pytest.approx(expected)


def test_the_objective_is_the_loss_with_its_penalties() -> None:
    network = Network((1, 1, 1), "relu", "identity")
    params = new_params(network, dtype=np.float64)
    params.flat[:] = [2, 1, -3, 4]  # weight and bias of either layer
    objective = Objective(network, np.array([[1.0], [-1.0]]), np.array([[-4.0], [4.0]]), "mse", l1=0.1, l2=0.01)
    # the hidden unit gives 3 and 0, the output -5 and 4; the gradient in the first output is 2 (-5 + 4) / 2 = -1
    assert objective_value(objective, params) == pytest.approx((1 + 0) / 2 + 0.1 * 5 + 0.005 * 13)
    gradient = objective_gradient(objective, params)
    np.testing.assert_allclose(gradient.flat, [3 + 0.1 + 0.02, 3, -3 - 0.1 - 0.03, -1])
    masked = objective._replace(masks=[None, np.array([[0.0], [2.0]])], l1=0, l2=0)  # leaves 4 and 4
    assert objective_value(masked, params) == pytest.approx(8**2 / 2)
    np.testing.assert_allclose(objective_gradient(masked, params).flat, [0, 0, 0, 8])


def test_the_objective_smooths_its_labels() -> None:
    objective = Objective(Network((1, 2)), np.ones((1, 1)), np.array([0]), "cross_entropy", label_smoothing=0.2)
    params = new_params(objective.network, dtype=np.float64)
    params.layers[0].weights[:] = [[math.log(3), 0]]
    assert objective_value(objective, params) == pytest.approx(-0.9 * math.log(3 / 4) - 0.1 * math.log(1 / 4))
    np.testing.assert_allclose(objective_gradient(objective, params).layers[0].weights, [[3 / 4 - 0.9, 1 / 4 - 0.1]])


def random_objective(*, seed: int = 0) -> tuple[Objective, Params]:
    rng = np.random.default_rng(seed)
    network = Network((4, 5, 3), "tanh", batch_norm=True)
    masks = dropout_masks(network, 6, inputs=0.2, hidden=0.2, rng=rng)
    inputs, labels = rng.normal(size=(6, 4)), rng.integers(3, size=6)
    objective = Objective(network, inputs, labels, "cross_entropy", 0.1, 0.01, 0.02, masks)
    return objective, random_params(network, initializer=None, rng=rng)


def test_a_right_gradient_is_right_in_every_array() -> None:
    objective, params = random_objective()
    before = params.flat.copy()
    gradient = objective_gradient(objective, params)
    checks = list(check_arrays(objective, params, gradient))
    names = ["layer 1 weights", "layer 1 bias", "layer 1 scale", "layer 2 weights", "layer 2 bias"]
    assert [check.name for check in checks] == names
    assert [check.values for check in checks] == [20, 5, 5, 15, 3]
    assert [check.verdict for check in checks] == ["ok"] * 5
    for check in checks:
        assert check.analytic == pytest.approx(check.numeric, rel=1e-6)
    assert checks[-1].analytic == pytest.approx(np.linalg.norm(gradient.flat[-3:]))
    np.testing.assert_array_equal(params.flat, before)


def test_a_mistake_in_one_array_is_found_there_and_nowhere_else() -> None:
    objective, params = random_objective()
    gradient = objective_gradient(objective, params)
    gradient.layers[0].weights[2, 1] += 1e-4
    verdicts = {check.name: check.verdict for check in check_arrays(objective, params, gradient)}
    assert verdicts.pop("layer 1 weights") == "WRONG"
    assert set(verdicts.values()) == {"ok"}


def test_a_slope_of_another_activation_is_wrong_in_all_layers_below_it() -> None:
    objective, params = random_objective()
    wrong = objective_gradient(objective, params, differentiated=Network((4, 5, 3), "identity", batch_norm=True))
    verdicts = [check.verdict for check in check_arrays(objective, params, wrong)]
    assert verdicts == ["WRONG", "WRONG", "WRONG", "ok", "ok"]


@pytest.mark.parametrize(
    ("error", "rounding", "verdict"), [(1e-8, 0, "ok"), (1e-3, 1e-4, "WRONG"), (1e-3, 1e-2, "too small")]
)
def test_the_verdict_blames_rounding_only_where_it_may(error: float, rounding: float, verdict: str) -> None:
    assert ArrayCheck("layer 1 bias", 3, 1.0, 1.0, error, rounding).verdict == verdict


def test_rounding_explains_the_error_of_a_gradient_of_almost_0() -> None:
    network = Network((3, 4, 2), "identity", batch_norm=True)
    params = random_params(network, initializer=None, rng=np.random.default_rng(0))
    params.layers[0].weights[:] *= 1e8  # batch normalisation takes it out again, so that its gradient is near 0
    inputs = np.random.default_rng(1).normal(size=(8, 3))
    objective = Objective(network, inputs, np.arange(8) % 2, "cross_entropy")
    weights, *others = check_arrays(objective, params, objective_gradient(objective, params))
    assert weights.verdict == "too small"
    assert {check.verdict for check in others} == {"ok"}


@pytest.mark.parametrize("batch_norm", [True, False])
def test_random_params_keep_away_from_0_and_follow_the_generator(batch_norm: bool) -> None:
    network = Network((30, 20, 10), batch_norm=batch_norm)
    params, again = (random_params(network, initializer=None, rng=np.random.default_rng(0)) for _ in range(2))
    np.testing.assert_array_equal(params.flat, again.flat)
    assert params.flat.dtype == np.float64
    assert abs(params.flat).min() >= CLEARANCE
    assert params.layers[0].weights.std() == pytest.approx((2 / 30) ** 0.5, rel=0.1)
    for layer, scaled in zip(params.layers, [batch_norm, False], strict=True):
        assert layer.bias is not None
        assert layer.bias.std() > 0.1
        assert (layer.scale is not None) == scaled
        assert layer.scale is None or (layer.scale.mean() == pytest.approx(1, abs=0.3) and layer.scale.std() > 0.1)


def test_clearance_is_the_distance_of_the_nearest_hidden_sum_from_0() -> None:
    network = Network((2, 2, 1), bias=False)
    params = new_params(network, dtype=np.float64)
    params.flat[:] = [1, -2, 0.5, 1, 1, 1]
    objective = Objective(network, np.array([[1.0, 1], [0, 0], [-1, 1]]), np.array([0, 0, 0]), "mse")
    # the hidden sums are 1.5 and -1; none that is not 0 for good; -0.5 and 3
    assert clearance(objective, params) == pytest.approx(0.5)
    with_bias = Network((2, 2, 1))
    params = new_params(with_bias, dtype=np.float64)
    params.flat[:] = [1, -2, 0.5, 1, 0.45, 5, 1, 1, 9]
    assert clearance(objective._replace(network=with_bias), params) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("first", "second", "expected"), [(2.0, 3.0, 2), (2.0, 0.5, 1), (2.0, -3.0, 2), (0.25, 8, 0.25)]
)
def test_clearance_is_the_least_of_all_hidden_layers(first: float, second: float, expected: float) -> None:
    network = Network((1, 1, 1, 1), bias=False)
    params = new_params(network, dtype=np.float64)
    params.flat[:] = [first, second, 0.01]  # of an input of 1 the sums are first, first * second, and the logit
    objective = Objective(network, np.ones((1, 1)), np.array([0]), "mse")
    assert clearance(objective, params) == pytest.approx(expected)


def test_clearance_is_of_the_normalised_sums_where_there_are_some() -> None:
    network = Network((1, 1, 1), batch_norm=True)
    params = new_params(network, dtype=np.float64)
    params.flat[:] = [10, 0.5, 3, 1, 0]  # weight, bias and scale of the first layer
    objective = Objective(network, np.array([[2.0], [4.0]]), np.array([0, 0]), "mse")
    assert clearance(objective, params) == pytest.approx(3 - 0.5, rel=1e-6)  # the sums become -1 and 1

"""Folded networks against what they stand for, written as a formula of the given statistics."""

from collections.abc import Callable

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.batch_norm import Statistics
from mnistnet.nn.folding import Standardization, plain_network, standardization_of
from mnistnet.nn.network import Network, Params, forward
from tests.nn.networks import random_params

SHAPES = [(7, 5, 3, 2), (1, 3, 1), (6, 4)]
FORMULAS: dict[str, Callable[[Floats], Floats]] = {
    "relu": lambda z: np.where(z > 0, z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, z / 100),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "identity": lambda z: z,
}


def random_statistics(network: Network, rng: np.random.Generator) -> list[Statistics]:
    return [
        Statistics(rng.normal(size=units).astype(np.float32), rng.uniform(0.1, 4, size=units).astype(np.float32))
        for units in (network.sizes[1:-1] if network.batch_norm else ())
    ]


def logits_by_formula(
    network: Network, params: Params, statistics: list[Statistics], standardization: Standardization, inputs: Floats
) -> Floats:
    """In float64: standardise, then in each layer sum, normalise by the given statistics, scale, shift, activate."""
    values: Floats = (inputs.astype(np.float64) - standardization.mean) / standardization.deviation
    for depth, layer in enumerate(params.layers):
        values = values @ layer.weights.astype(np.float64)
        if layer.scale is not None:
            mean, variance = statistics[depth]
            values = (values - mean) / (variance + np.float64(1e-5)) ** 0.5 * layer.scale
        if layer.bias is not None:
            values = values + layer.bias
        if depth < len(params.layers) - 1:
            values = FORMULAS[network.activation](values)
    return values


@pytest.mark.parametrize("standardization", [Standardization(), Standardization(0.13, 0.31)], ids=["as_is", "standard"])
@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_plain_network_gives_the_same_for_inputs_as_they_are(
    activation: str, sizes: tuple[int, ...], bias: bool, batch_norm: bool, standardization: Standardization
) -> None:
    rng = np.random.default_rng(0)
    network = Network(sizes, activation, bias=bias, batch_norm=batch_norm)
    params, statistics = random_params(network, rng, dtype=np.float32), random_statistics(network, rng)
    before, inputs = params.flat.copy(), rng.random((9, sizes[0]), dtype=np.float32)
    plain, folded = plain_network(network, params, statistics, standardization)
    expected = logits_by_formula(network, params, statistics, standardization, inputs)
    logits, _ = forward(plain, folded, inputs)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5 * max(1, abs(expected).max()))
    assert (plain.bias, plain.batch_norm, plain.sizes, plain.activation) == (True, False, sizes, activation)
    assert folded.flat.dtype == np.float32
    np.testing.assert_array_equal(params.flat, before)


def test_it_gives_what_training_saw_of_a_batch_with_these_statistics() -> None:
    rng = np.random.default_rng(1)
    network = Network((4, 6, 5, 3), "tanh", batch_norm=True)
    params, inputs = random_params(network, rng), rng.normal(size=(8, 4))
    logits, tape = forward(network, params, inputs)
    statistics = [layer.statistics for layer in tape if layer.statistics]
    plain, folded = plain_network(network, params, statistics)
    np.testing.assert_allclose(forward(plain, folded, inputs)[0], logits, rtol=1e-10)


def test_a_plain_network_is_returned_as_it_is() -> None:
    network = Network((4, 3, 2), "sigmoid")
    params = random_params(network, np.random.default_rng(0))
    same, untouched = plain_network(network, params, [])
    assert same is network
    assert untouched is params


def test_standardization_is_of_all_numbers_together() -> None:
    inputs = np.array([[1, 2, 3], [4, 5, 9]], np.float32)
    mean, deviation = standardization_of(inputs)
    assert mean == 4
    assert deviation == pytest.approx(((9 + 4 + 1 + 0 + 1 + 25) / 6) ** 0.5, rel=1e-12)


def test_standardization_of_millions_of_numbers_loses_no_digits() -> None:
    low, high = np.float32(0.1), np.float32(0.3)
    inputs = np.full((4000, 784), low)
    inputs[::2] = high
    middle, half_way = (float(low) + float(high)) / 2, (float(high) - float(low)) / 2
    assert standardization_of(inputs) == pytest.approx((middle, half_way), rel=1e-10)


def test_inputs_that_never_change_have_deviation_1() -> None:
    assert standardization_of(np.full((3, 2), 0.5, np.float32)) == (0.5, 1)

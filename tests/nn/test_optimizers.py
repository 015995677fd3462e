"""The optimisers' steps against the published formulas, a number at a time."""

import math

import numpy as np
import pytest

from mnistnet.nn.network import Network, Params, new_params
from mnistnet.nn.optimizers import OPTIMIZERS, Adam, Momentum

NETWORK = Network((3, 2))
RATES = [0.1, 0.2, 0.05, 0.05, 0.3]


def gradients() -> list[np.ndarray]:
    return list(np.random.default_rng(5).normal(size=(len(RATES), 8)))


def params_of(values: np.ndarray) -> Params:
    params = new_params(NETWORK, dtype=np.float64)
    params.flat[:] = values
    return params


def start() -> np.ndarray:
    return np.linspace(-1, 1, 8)


def test_momentum_follows_its_formula() -> None:
    expected, velocity = start().tolist(), [0.0] * 8
    params = params_of(start())
    optimizer = Momentum(params, momentum=0.8)
    for rate, gradient in zip(RATES, gradients(), strict=True):
        optimizer.step(params, params_of(gradient), learning_rate=rate)
        for i in range(8):
            velocity[i] = 0.8 * velocity[i] - rate * float(gradient[i])
            expected[i] += velocity[i]
        np.testing.assert_allclose(params.flat, expected, rtol=1e-12)


def test_adam_follows_algorithm_1_of_its_paper() -> None:
    expected, mean, square = start().tolist(), [0.0] * 8, [0.0] * 8
    params = params_of(start())
    optimizer = Adam(params, beta1=0.8, beta2=0.95, epsilon=1e-3)
    for t, (rate, gradient) in enumerate(zip(RATES, gradients(), strict=True), start=1):
        optimizer.step(params, params_of(gradient), learning_rate=rate)
        for i in range(8):
            g = float(gradient[i])
            mean[i] = 0.8 * mean[i] + 0.2 * g
            square[i] = 0.95 * square[i] + 0.05 * g * g
            expected[i] -= rate * (mean[i] / (1 - 0.8**t)) / (math.sqrt(square[i] / (1 - 0.95**t)) + 1e-3)
        np.testing.assert_allclose(params.flat, expected, rtol=1e-12)


def test_adams_first_step_is_the_learning_rate_against_the_gradients_sign() -> None:
    params = params_of(np.zeros(8))
    gradient = np.array([5.0, -5, 1e-3, -1e-3, 100, -100, 1, -1])
    Adam(params).step(params, params_of(gradient), learning_rate=0.01)
    np.testing.assert_allclose(params.flat, -0.01 * np.sign(gradient), rtol=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_walks_down_a_valley_in_float32(name: str) -> None:
    params = new_params(NETWORK)
    params.flat[:] = start()
    target = np.linspace(2, 0, 8, dtype=np.float32)
    optimizer = OPTIMIZERS[name](params)
    for _ in range(2000):
        gradient = new_params(NETWORK)
        gradient.flat[:] = params.flat - target
        optimizer.step(params, gradient, learning_rate=0.01)
    np.testing.assert_allclose(params.flat, target, atol=1e-3)
    assert params.flat.dtype == np.float32

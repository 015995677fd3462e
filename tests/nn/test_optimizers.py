"""Optimisers step by step: worked examples, the papers' formulas a number at a time, and PyTorch."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.nn import optimizers
from mnistnet.nn.network import Network, Params, new_params
from mnistnet.nn.optimizers import OPTIMIZERS, decay_weights
from tests.nn.networks import random_params

NETWORK = Network((5, 3, 2), batch_norm=True)
MOMENTUM, SQUARE_DECAY = 0.8, 0.95
RATES = [0.1, 0.2, 0.05, 0.05, 0.3, 0.01, 0.2, 0.1, 0.1, 0.04]
EPSILON = 1e-8

Steps = Iterable[tuple[float, float]]
"""A learning rate and a gradient for each step of one parameter."""


def params_of(values: Floats) -> Params:
    params = new_params(NETWORK, dtype=np.float64)
    params.flat[:] = values
    return params


def start() -> Floats:
    return random_params(NETWORK, np.random.default_rng(4)).flat


def gradients() -> list[Floats]:
    """One a step; those of every third parameter are so small that epsilon counts."""
    drawn = np.random.default_rng(5).normal(size=(len(RATES), start().size))
    drawn[:, ::3] *= EPSILON
    return list(drawn)


WORKED = {
    # p starts at 1, the rate is 0.1, momentum 1/2, square_decay 3/4, and the gradients are 2 and 1
    "sgd": [1 - 0.2, 0.8 - 0.1],
    "momentum": [1 - 0.2, 0.8 - (0.1 + 0.1)],
    "nesterov": [1 - (0.1 + 0.2), 0.7 - (0.1 + 0.1)],  # v is -0.2 both times
    "rmsprop": [1 - 0.1 * 2 / 1, 0.8 - 0.1 * 1 / 1],  # s is 4 / 4, then 3 / 4 + 1 / 4
    "adam": [1 - 0.1 * 2 / 2, 0.9 - 0.1 * (1 / (3 / 4)) / math.sqrt(1 / (7 / 16))],  # both means are 1 both times
    "adamw": [1 - 0.1 * 2 / 2, 0.9 - 0.1 * (1 / (3 / 4)) / math.sqrt(1 / (7 / 16))],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_steps_worked_by_hand(name: str) -> None:
    params = params_of(np.ones(start().size))
    optimizer = OPTIMIZERS[name](params, momentum=1 / 2, square_decay=3 / 4)
    for gradient, expected in zip([2, 1], WORKED[name], strict=True):
        optimizer.step(params, params_of(np.full(start().size, gradient)), learning_rate=0.1)
        np.testing.assert_allclose(params.flat, expected, rtol=1e-8)


def sgd(p: float, steps: Steps) -> Iterator[float]:
    for rate, g in steps:
        p -= rate * g
        yield p


def momentum(p: float, steps: Steps) -> Iterator[float]:
    velocity = 0.0
    for rate, g in steps:
        velocity = MOMENTUM * velocity - rate * g
        p += velocity
        yield p


def nesterov(p: float, steps: Steps) -> Iterator[float]:
    """As Sutskever et al. 2013 write it: the gradient is taken where the velocity will lead, at point + momentum v.

    The optimiser's parameters are that place ahead.
    """
    point, velocity = p, 0.0
    for rate, g in steps:
        velocity = MOMENTUM * velocity - rate * g
        point += velocity
        yield point + MOMENTUM * velocity


def rmsprop(p: float, steps: Steps) -> Iterator[float]:
    square = 0.0
    for rate, g in steps:
        square = SQUARE_DECAY * square + (1 - SQUARE_DECAY) * g**2
        p -= rate * g / (math.sqrt(square) + EPSILON)
        yield p


def adam(p: float, steps: Steps) -> Iterator[float]:
    m, v = 0.0, 0.0
    for t, (rate, g) in enumerate(steps, start=1):
        m = MOMENTUM * m + (1 - MOMENTUM) * g
        v = SQUARE_DECAY * v + (1 - SQUARE_DECAY) * g**2
        p -= rate * (m / (1 - MOMENTUM**t)) / (math.sqrt(v / (1 - SQUARE_DECAY**t)) + EPSILON)
        yield p


FORMULAS = {"sgd": sgd, "momentum": momentum, "nesterov": nesterov, "rmsprop": rmsprop, "adam": adam, "adamw": adam}


@pytest.mark.parametrize("block", [7, optimizers.BLOCK])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_is_the_papers_for_each_parameter(name: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers, "BLOCK", block)
    columns = np.array(gradients()).T.tolist()
    walks = [
        FORMULAS[name](p, zip(RATES, column, strict=True)) for p, column in zip(start().tolist(), columns, strict=True)
    ]
    params = params_of(start())
    optimizer = OPTIMIZERS[name](params, momentum=MOMENTUM, square_decay=SQUARE_DECAY)
    for rate, gradient, *expected in zip(RATES, gradients(), *walks, strict=True):
        optimizer.step(params, params_of(gradient), learning_rate=rate)
        np.testing.assert_allclose(params.flat, expected, rtol=1e-10)


def weight_places() -> Floats:
    """1 where the flat vector holds a weight, 0 where it holds a bias or a scale."""
    params = new_params(NETWORK, dtype=np.float64)
    for layer in params.layers:
        layer.weights[:] = 1
    return params.flat


def test_decay_takes_its_share_of_the_weights_only_and_in_place() -> None:
    params = params_of(start())
    flat = params.flat
    decay_weights(params, share=0.1)
    assert params.flat is flat
    np.testing.assert_allclose(flat, start() * (1 - 0.1 * weight_places()), rtol=1e-12)
    assert 0 < weight_places().mean() < 1


def test_adamw_decays_the_weights_apart_from_the_gradients_means() -> None:
    params, expected = params_of(start()), start()
    optimizer, plain = (OPTIMIZERS[name](params) for name in ("adamw", "adam"))
    for rate, gradient in zip(RATES, gradients(), strict=True):
        decay_weights(params, share=rate * 0.3)
        optimizer.step(params, params_of(gradient), learning_rate=rate)
        step = params_of(np.zeros(start().size))
        plain.step(step, params_of(gradient), learning_rate=rate)
        expected = expected * (1 - rate * 0.3 * weight_places()) + step.flat
        np.testing.assert_allclose(params.flat, expected, rtol=1e-10)
    assert OPTIMIZERS["adamw"].usual_weight_decay == 0.01
    assert not any(OPTIMIZERS[name].usual_weight_decay for name in OPTIMIZERS if name != "adamw")


ROWS = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 1, "adam": 2, "adamw": 2}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_it_changes_params_in_place_and_counts_its_steps(name: str) -> None:
    params = random_params(NETWORK, np.random.default_rng(0), dtype=np.float32)
    flat, weights, before = params.flat, params.layers[0].weights, params.flat.copy()
    optimizer = OPTIMIZERS[name](params)
    assert optimizer.steps == 0
    assert not optimizer.state.any()
    state = optimizer.state
    for step in (1, 2):
        optimizer.step(
            params, random_params(NETWORK, np.random.default_rng(step), dtype=np.float32), learning_rate=0.01
        )
        assert optimizer.steps == step
    assert optimizer.state is state
    assert state.shape == (ROWS[name], flat.size)
    assert state.all()
    assert params.flat is flat
    assert params.layers[0].weights is weights
    assert (flat != before).all()
    np.testing.assert_array_equal(weights.ravel(), flat[: weights.size])
    assert flat.dtype == state.dtype == np.float32


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_and_steps_put_back_go_on_to_the_same_bits(name: str) -> None:
    params = params_of(start())
    optimizer = OPTIMIZERS[name](params)
    for turn, (rate, gradient) in enumerate(zip(RATES, gradients(), strict=True)):
        if turn == 4:
            halfway, state, steps = params.flat.copy(), optimizer.state.copy(), optimizer.steps
        optimizer.step(params, params_of(gradient), learning_rate=rate)
    resumed = params_of(halfway)
    optimizer = OPTIMIZERS[name](resumed)
    optimizer.state[:], optimizer.steps = state, steps
    for rate, gradient in zip(RATES[4:], gradients()[4:], strict=True):
        optimizer.step(resumed, params_of(gradient), learning_rate=rate)
    np.testing.assert_array_equal(resumed.flat, params.flat)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_walks_down_a_valley_in_float32(name: str) -> None:
    params = random_params(NETWORK, np.random.default_rng(0), dtype=np.float32)
    target = random_params(NETWORK, np.random.default_rng(1), dtype=np.float32).flat
    optimizer = OPTIMIZERS[name](params)
    for step in range(1000):
        gradient = new_params(NETWORK)
        gradient.flat[:] = params.flat - target
        optimizer.step(params, gradient, learning_rate=0.03 * (1 - step / 1000))
    np.testing.assert_allclose(params.flat, target, atol=1e-3)
    assert params.flat.dtype == np.float32


def torch_optimizer(torch: Any, name: str, weights: list[Any], others: list[Any], *, rate: float) -> Any:
    """PyTorch's optimiser of the same name and settings."""
    both, betas = weights + others, (MOMENTUM, SQUARE_DECAY)
    optim = torch.optim
    return {
        "sgd": lambda: optim.SGD(both, lr=rate),
        "momentum": lambda: optim.SGD(both, lr=rate, momentum=MOMENTUM),
        "nesterov": lambda: optim.SGD(both, lr=rate, momentum=MOMENTUM, nesterov=True),
        "rmsprop": lambda: optim.RMSprop(both, lr=rate, alpha=SQUARE_DECAY),
        "adam": lambda: optim.Adam(both, lr=rate, betas=betas),
        "adamw": lambda: optim.AdamW(
            [{"params": weights, "weight_decay": 0.3}, {"params": others, "weight_decay": 0.0}], lr=rate, betas=betas
        ),
    }[name]()


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_is_pytorchs(name: str) -> None:
    """At a constant rate where there is a velocity: PyTorch's is of gradients, ours of steps, -rate times it."""
    torch = pytest.importorskip("torch")
    params = params_of(start())
    ours = OPTIMIZERS[name](params, momentum=MOMENTUM, square_decay=SQUARE_DECAY)
    arrays = [array for layer in params.layers for array in layer if array is not None]
    twins = [torch.tensor(array.copy(), requires_grad=True) for array in arrays]
    theirs = torch_optimizer(
        torch, name, [t for t in twins if t.ndim == 2], [t for t in twins if t.ndim == 1], rate=RATES[0]
    )
    for turn, gradient in enumerate(gradients()):
        rate = RATES[0] if name in ("momentum", "nesterov") else RATES[turn]
        for group in theirs.param_groups:
            group["lr"] = rate
        parts = [array for layer in params_of(gradient).layers for array in layer if array is not None]
        for twin, part in zip(twins, parts, strict=True):
            twin.grad = torch.tensor(part.copy())
        theirs.step()
        if name == "adamw":
            decay_weights(params, share=rate * 0.3)
        ours.step(params, params_of(gradient), learning_rate=rate)
        for array, twin in zip(arrays, twins, strict=True):
            np.testing.assert_allclose(array, twin.detach().numpy(), rtol=1e-9)
    if name in ("momentum", "nesterov"):
        buffers = [theirs.state[twin]["momentum_buffer"].numpy().ravel() for twin in twins]
        np.testing.assert_allclose(ours.state[0], -RATES[0] * np.concatenate(buffers), rtol=1e-9)

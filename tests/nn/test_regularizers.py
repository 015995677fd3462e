"""Regularisers: the penalties' gradient, dropout's statistics, clipping and averaging."""

import math

import numpy as np
import pytest

from mnistnet.nn.gradient_check import numeric_gradient, relative_error
from mnistnet.nn.network import Masks, Network, Params, new_params
from mnistnet.nn.regularizers import add_penalty_gradient, clip_norm, dropout_masks, move_average, penalty
from tests.nn.networks import random_params

NETWORK = Network((4, 3, 5, 2), batch_norm=True)


def test_the_penalty_is_summed_over_the_weights_alone() -> None:
    params = new_params(Network((2, 1, 1), batch_norm=True), dtype=np.float64)
    params.flat[:] = 100  # biases and scales
    params.layers[0].weights[:] = [[1], [-2]]
    params.layers[1].weights[:] = [[3]]
    assert penalty(params, l1=0.1, l2=0) == pytest.approx(0.1 * 6)
    assert penalty(params, l1=0, l2=0.1) == pytest.approx(0.1 * (1 + 4 + 9) / 2)
    assert penalty(params, l1=0.1, l2=0.5) == pytest.approx(0.6 + 3.5)


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0), (0, 0.2), (0.3, 0.2), (0, 0)])
def test_its_gradient_agrees_with_central_differences(l1: float, l2: float) -> None:
    params, gradient = random_params(NETWORK, np.random.default_rng(0)), new_params(NETWORK, dtype=np.float64)
    gradient.flat[:] = 7
    before = params.flat.copy()
    add_penalty_gradient(gradient, params, l1=l1, l2=l2)
    np.testing.assert_array_equal(params.flat, before)
    numeric = numeric_gradient(lambda: penalty(params, l1=l1, l2=l2), params.flat)
    assert relative_error(gradient.flat - 7, numeric) < 1e-8
    for layer in gradient.layers:
        assert layer.bias is not None
        assert (layer.bias == 7).all()
        assert layer.scale is None or (layer.scale == 7).all()


def masks_of(count: int, *, inputs: float, hidden: float, seed: int = 0) -> Masks:
    return dropout_masks(NETWORK, count, inputs=inputs, hidden=hidden, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_dropout_drops_its_share_and_makes_up_for_it(share: float) -> None:
    masks = masks_of(20_000, inputs=share, hidden=share)
    assert len(masks) == len(NETWORK.sizes) - 1
    for mask, size in zip(masks, NETWORK.sizes[:-1], strict=True):
        assert mask is not None
        assert mask.shape == (20_000, size)
        assert mask.dtype == np.float32
        np.testing.assert_array_equal(np.unique(mask), np.array([0, 1 / (1 - share)], np.float32))
        deviation = math.sqrt(share * (1 - share) / mask.size)  # of a binomial distribution's share
        assert abs((mask == 0).mean() - share) < 4 * deviation
        assert abs(mask.mean(dtype=np.float64) - 1) < 4 * deviation / (1 - share)


def test_examples_and_units_drop_independently() -> None:
    first, second, _ = masks_of(20_000, inputs=0.5, hidden=0.5)
    assert first is not None
    assert second is not None
    dropped = np.hstack([first, second]) == 0
    assert abs(np.corrcoef(dropped.T) - np.eye(7)).max() < 4 / math.sqrt(20_000)  # units
    assert abs(np.corrcoef(dropped[:-1, 0], dropped[1:, 0])[0, 1]) < 4 / math.sqrt(20_000)  # examples


def test_inputs_and_hidden_units_have_their_own_shares_and_0_makes_no_mask() -> None:
    first, *others = masks_of(1000, inputs=0.2, hidden=0)
    assert first is not None
    assert first.max() == np.float32(1.25)
    assert others == [None, None]
    first, *others = masks_of(1000, inputs=0, hidden=0.5)
    assert first is None
    assert [mask is not None and mask.max() for mask in others] == [2, 2]
    assert list(masks_of(1000, inputs=0, hidden=0)) == [None, None, None]


def test_the_generator_alone_decides_what_is_dropped() -> None:
    once, again, other = (masks_of(50, inputs=0.5, hidden=0.5, seed=seed) for seed in (0, 0, 1))
    for mask, same, different in zip(once, again, other, strict=True):
        assert mask is not None
        assert same is not None
        assert different is not None
        assert (mask == same).all()
        assert (mask != different).any()


def gradient_of(values: list[float]) -> Params:
    gradient = new_params(Network((2, 1)), dtype=np.float32)
    gradient.flat[:] = values
    return gradient


def test_a_long_gradient_is_shortened_in_its_direction() -> None:
    gradient = gradient_of([6, -2, 3])  # of length 7
    flat = gradient.flat
    clip_norm(gradient, limit=3.5)
    assert gradient.flat is flat
    np.testing.assert_allclose(flat, [3, -1, 1.5], rtol=1e-6)
    np.testing.assert_allclose(gradient.layers[0].weights, [[3], [-1]], rtol=1e-6)


@pytest.mark.parametrize("limit", [7, 100])
def test_a_short_gradient_stays_as_it_is(limit: float) -> None:
    gradient = gradient_of([6, -2, 3])
    clip_norm(gradient, limit=limit)
    np.testing.assert_array_equal(gradient.flat, [6, -2, 3])
    nothing = gradient_of([0, 0, 0])
    clip_norm(nothing, limit=limit)
    assert not nothing.flat.any()


def test_the_moving_average_is_the_sum_of_values_with_fading_weights() -> None:
    values = np.random.default_rng(3).normal(size=(6, 4))
    average = np.ones(4)
    view = average[:]
    for value in values:
        move_average(average, value, share=0.3)
    expected = [0.7**6 + sum(0.3 * 0.7 ** (5 - step) * values[step, i] for step in range(6)) for i in range(4)]
    np.testing.assert_allclose(view, expected, rtol=1e-12)

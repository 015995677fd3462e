"""Weights in 8 bits: how far they are from what they were, and what that changes."""

from dataclasses import replace

import numpy as np
import pytest

from mnistnet.data.mnist import Examples, load_sample
from mnistnet.export.eight_bit import eight_bit_model, in_steps, measure_change, to_steps
from mnistnet.model_file import load_model
from mnistnet.nn.network import Network, initial_params, new_params, probabilities
from mnistnet.places import shipped
from tests.models import small_model


def test_every_weight_is_within_half_a_step_of_what_it_was() -> None:
    weights = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32) * np.arange(1, 8, dtype=np.float32)
    steps, scale = to_steps(weights, spread=False)
    assert (steps.dtype, scale.dtype) == (np.int8, np.float32)
    np.testing.assert_array_equal(np.abs(steps).max(axis=0), 127)  # nothing of the range is wasted
    assert (np.abs(steps * scale - weights) <= scale * 0.501).all()


@pytest.mark.parametrize("spread", [False, True])
def test_what_is_0_stays_0(spread: bool) -> None:
    weights = np.random.default_rng(0).normal(size=(784, 5)).astype(np.float32)
    weights[100:600] = weights[:, 2] = 0
    steps, scale = to_steps(weights, spread=spread)
    assert not steps[weights == 0].any()
    assert scale[2] == 0
    assert (np.abs(steps * scale - weights) <= scale * 2.5).all()


def test_spread_errors_cancel_over_patches_of_a_picture() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(784, 40)).astype(np.float32)
    patches = np.lib.stride_tricks.sliding_window_view(np.eye(784).reshape(28, 28, 784), (5, 5), axis=(0, 1))
    sums = patches.sum(axis=(-2, -1)).reshape(-1, 784)  # one row a patch of 5 x 5 pixels
    off = []
    for spread in (False, True):
        steps, scale = to_steps(weights, spread=spread)
        off.append(np.sqrt(np.mean((sums @ (steps * scale - weights) / scale) ** 2)))
    assert off[0] == pytest.approx(5 / np.sqrt(12), rel=0.1)  # 25 independent errors between -1/2 and 1/2
    assert off[1] < 0.6 * off[0]


def test_the_last_layer_stays_as_it_is_and_so_do_biases() -> None:
    network = Network((784, 6, 5, 10))
    params = initial_params(network, rng=np.random.default_rng(0))
    params.flat[-40:] += 0.123
    model = replace(small_model(), network=network, params=params)
    before = params.flat.copy()
    rounded = eight_bit_model(model)
    np.testing.assert_array_equal(params.flat, before)
    assert len(in_steps(params, of_pictures=True)) == 2
    np.testing.assert_array_equal(rounded.params.layers[-1].weights, params.layers[-1].weights)
    for one, other in zip(rounded.params.layers, params.layers, strict=True):
        np.testing.assert_array_equal(one.bias, other.bias)
    for one, other in zip(rounded.params.layers[:-1], params.layers[:-1], strict=True):
        assert (one.weights != other.weights).any()


def test_a_network_of_one_layer_has_nothing_to_round() -> None:
    network = Network((784, 10))
    params = new_params(network)
    params.flat[:] = 0.1
    detector = Network((0 + 1, 1), output="sigmoid")
    calibration = replace(small_model().calibration, detector=detector, detector_params=new_params(detector))
    model = replace(small_model(), network=network, params=params, calibration=calibration)
    np.testing.assert_array_equal(eight_bit_model(model).params.flat, params.flat)


def test_the_change_is_counted() -> None:
    model, test = small_model(), load_sample().test
    model.params.flat[:] = np.random.default_rng(0).normal(size=model.params.flat.shape)
    rounded = eight_bit_model(model)
    as_it_is, in_8_bits = (
        probabilities(one.network, one.params, test.images).argmax(axis=1) for one in (model, rounded)
    )
    differ = int((as_it_is != in_8_bits).sum())
    assert differ > 0
    assert measure_change(model, Examples(test.images, in_8_bits)) == (1_000, differ, 0, differ)
    assert measure_change(model, Examples(test.images, as_it_is)) == (1_000, 0, differ, differ)


def test_the_shipped_model_hardly_changes() -> None:
    change = measure_change(load_model(shipped("mnist.npz")), load_sample().test)
    assert abs(change.eight_bit_errors - change.errors) <= change.answered_otherwise <= 1

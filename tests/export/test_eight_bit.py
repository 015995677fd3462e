"""Weights in 8 bits: how far they are from what they were, and what that changes."""

from dataclasses import replace

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.export.eight_bit import MOST_INPUTS, in_eight_bits, measure_change, to_steps
from mnistnet.model_file import load_model
from mnistnet.nn.network import Network, initial_params, new_params, probabilities
from mnistnet.places import shipped
from tests.models import small_model

RNG = np.random.default_rng


def normal(inputs: int, units: int) -> Floats:
    return RNG(0).normal(size=(inputs, units)).astype(np.float32)


def test_every_weight_is_within_half_a_step_of_what_it_was() -> None:
    weights = normal(50, 7) * np.arange(1, 8, dtype=np.float32)
    steps, scale = to_steps(weights)
    assert (steps.dtype, scale.dtype) == (np.int8, np.float32)
    np.testing.assert_array_equal(np.abs(steps).max(axis=0), 127)  # nothing of the range is wasted
    assert (np.abs(steps * scale - weights) <= scale * 0.501).all()


@pytest.mark.parametrize("images", [None, load_sample().learning.images[:200]])
def test_what_is_0_stays_0(images: Floats | None) -> None:
    weights = normal(784, 5) * (RNG(1).random((784, 5)) < 0.5)
    weights[:, 2] = 0
    steps, scale = to_steps(weights, images)
    assert not steps[weights == 0].any()
    assert scale[2] == 0
    assert steps.any()


def test_compensated_errors_change_sums_less_also_of_images_that_were_not_shown() -> None:
    sample, weights = load_sample(), normal(784, 40)
    off = []
    for shown in (None, sample.learning.images):
        steps, scale = to_steps(weights, shown)
        off.append(np.sqrt(np.mean((sample.test.images @ (steps * scale - weights) / scale) ** 2)))
    norms = np.square(sample.test.images).sum(axis=1).mean()
    assert off[0] == pytest.approx(np.sqrt(norms / 12), rel=0.1)  # independent errors between -1/2 and 1/2
    assert off[1] < 0.5 * off[0]


def test_a_layer_too_large_for_that_is_rounded_plainly() -> None:
    weights = normal(MOST_INPUTS + 1, 2)
    np.testing.assert_array_equal(to_steps(weights, np.ones((3, MOST_INPUTS + 1))).steps, to_steps(weights).steps)


def test_the_last_layer_stays_as_it_is_and_so_do_biases() -> None:
    network = Network((784, 6, 5, 10))
    params = initial_params(network, rng=RNG(0))
    params.layers[0].bias[:] = 0.123  # type: ignore[index]
    detector = Network((11, 3, 1), output="sigmoid")
    calibration = replace(
        small_model().calibration, detector=detector, detector_params=initial_params(detector, rng=RNG(1))
    )
    before = params.flat.copy()
    model = replace(small_model(), network=network, params=params, calibration=calibration)
    rounded, steps = in_eight_bits(model, load_sample().test.images[:50])
    np.testing.assert_array_equal(params.flat, before)
    assert list(steps) == ["weights_0", "weights_1", "detector_weights_0"]
    np.testing.assert_array_equal(rounded.params.layers[-1].weights, params.layers[-1].weights)
    for one, other in zip(rounded.params.layers, params.layers, strict=True):
        np.testing.assert_array_equal(one.bias, other.bias)
    for one, other in zip(rounded.params.layers[:-1], params.layers[:-1], strict=True):
        assert (one.weights != other.weights).any()


def test_a_network_of_one_layer_has_nothing_to_round() -> None:
    network = Network((784, 10))
    params = new_params(network)
    params.flat[:] = 0.1
    rounded, steps = in_eight_bits(replace(small_model(), network=network, params=params), np.ones((1, 784)))
    np.testing.assert_array_equal(rounded.params.flat, params.flat)
    assert list(steps) == ["detector_weights_0"]


def test_the_change_is_counted() -> None:
    model, test = small_model(), load_sample().test
    model.params.flat[:] = RNG(0).normal(size=model.params.flat.shape)
    rounded = in_eight_bits(model, test.images[:10]).model
    as_it_is, in_8_bits = (
        probabilities(one.network, one.params, test.images).argmax(axis=1) for one in (model, rounded)
    )
    differ = int((as_it_is != in_8_bits).sum())
    assert differ > 0
    assert measure_change(model, rounded, Examples(test.images, in_8_bits)) == (1_000, differ, 0, differ)
    assert measure_change(model, rounded, Examples(test.images, as_it_is)) == (1_000, 0, differ, differ)


@pytest.mark.slow
def test_the_shipped_model_hardly_changes() -> None:
    model, sample = load_model(shipped("mnist.npz")), load_sample()
    change = measure_change(model, in_eight_bits(model, sample.learning.images).model, sample.test)
    assert abs(change.eight_bit_errors - change.errors) <= change.answered_otherwise <= 1

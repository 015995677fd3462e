import numpy as np
import pytest

from mnistnet.nn.gradient_check import hidden_sums, numeric_gradient
from mnistnet.nn.inside import active, contributions, sought
from mnistnet.nn.network import Network, Params, forward
from tests.nn.networks import random_params

HIDDEN = [(7,), (7, 6), (7, 6, 5)]
ACTIVATIONS = ["relu", "leaky_relu", "tanh", "sigmoid"]


def a_pass(hidden, activation, *, bias=True):
    """A network with random parameters, a picture of 9 pixels, and its forward pass."""
    rng = np.random.default_rng(len(hidden))
    network = Network((9, *hidden, 4), activation, bias=bias)
    params = random_params(network, rng)
    params.flat[:] *= 0.7  # keeps tanh and sigmoid off their flat ends
    image = rng.uniform(0.1, 1, 9)
    return network, params, image, forward(network, params, image[None])[1]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_units_look_for_is_the_slope_of_their_sums_in_the_pixels(hidden, activation):
    network, params, image, tape = a_pass(hidden, activation)
    for depth in range(len(hidden)):

        def sum_of(unit, depth=depth):
            return hidden_sums(params.layers[depth], forward(network, params, image[None])[1][depth])[0, unit]

        units = [hidden[depth] - 1, 0, 2]
        expected = [numeric_gradient(lambda unit=unit: sum_of(unit), image) for unit in units]
        np.testing.assert_allclose(sought(network, params, tape[: depth + 1], units), expected, rtol=1e-6, atol=1e-8)


def test_in_the_first_layer_it_is_the_weights_and_further_on_what_active_units_make_of_them():
    network, params, _, tape = a_pass((7, 6), "relu")
    first, second, _ = params.layers
    np.testing.assert_array_equal(sought(network, params, tape[:1], [3, 5]), first.weights.T[[3, 5]])
    on = tape[0].outputs[0] > 0
    assert 0 < on.sum() < 7
    np.testing.assert_allclose(
        sought(network, params, tape[:2], [4])[0], first.weights[:, on] @ second.weights[on, 4], rtol=1e-12
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_unit_adds_is_its_output_times_the_slope_of_the_difference_in_it(hidden, activation):
    network, params, _, tape = a_pass(hidden, activation)
    found = contributions(network, params, tape, answer=2, rival=0)
    assert [len(adds) for adds in found] == list(hidden)
    for depth, adds in enumerate(found, start=1):
        rest = Network(network.sizes[depth:], activation)
        outputs = tape[depth].inputs.copy()

        def difference(rest=rest, depth=depth, outputs=outputs):
            logits = forward(rest, Params(params.flat, params.layers[depth:]), outputs)[0][0]
            return logits[2] - logits[0]

        slopes = numeric_gradient(difference, outputs)
        np.testing.assert_allclose(adds, (outputs * slopes)[0], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_without_biases_what_the_units_of_any_layer_add_is_the_whole_difference(activation):
    network, params, _, tape = a_pass((7, 6, 5), activation, bias=False)
    logits = tape[-1].outputs[0]
    for adds in contributions(network, params, tape, answer=1, rival=3):
        assert adds.sum() == pytest.approx(logits[1] - logits[3], rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_the_last_layers_units_add_is_all_but_the_biases(activation):
    network, params, _, tape = a_pass((7, 6), activation)
    logits, bias = tape[-1].outputs[0], params.layers[-1].bias
    adds = contributions(network, params, tape, answer=1, rival=3)[-1]
    assert adds.sum() + bias[1] - bias[3] == pytest.approx(logits[1] - logits[3], rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_units_with_a_sum_above_0_are_active(activation):
    network, params, _, tape = a_pass((7, 6), activation)
    for layer, of_layer in zip(params.layers[:-1], tape[:-1], strict=True):
        sums = hidden_sums(layer, of_layer)[0]
        assert 0 < (sums > 0).sum() < len(sums)
        np.testing.assert_array_equal(active(network, of_layer.outputs[0]), sums > 0)

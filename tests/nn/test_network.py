"""The network's shapes, and its backward pass against central differences."""

import numpy as np
import pytest

from mnistnet.nn.gradient_check import numeric_gradient, relative_error
from mnistnet.nn.losses import softmax_cross_entropy
from mnistnet.nn.network import Network, Params, backward, forward, initial_params, new_params, probabilities


def random_params(network: Network, rng: np.random.Generator) -> Params:
    params = new_params(network, dtype=np.float64)
    params.flat[:] = rng.normal(size=params.flat.shape)
    return params


@pytest.mark.parametrize("sizes", [(3, 4), (5, 7, 3), (4, 6, 5, 3), (1, 2, 2, 2, 2)])
@pytest.mark.parametrize("count", [1, 6])
def test_backward_agrees_with_central_differences(sizes: tuple[int, ...], count: int) -> None:
    rng = np.random.default_rng(len(sizes) + count)
    network = Network(sizes)
    params = random_params(network, rng)
    inputs, labels = rng.normal(size=(count, sizes[0])), rng.integers(sizes[-1], size=count)

    logits, tape = forward(params, inputs)
    gradient = backward(network, params, tape, softmax_cross_entropy(logits, labels)[1])

    def loss() -> float:
        return softmax_cross_entropy(forward(params, inputs)[0], labels)[0]

    for layer, gradients in zip(params.layers, gradient.layers, strict=True):
        assert relative_error(gradients.weights, numeric_gradient(loss, layer.weights)) < 1e-6
        assert relative_error(gradients.bias, numeric_gradient(loss, layer.bias)) < 1e-6


def test_forward_is_the_sum_over_units_written_out() -> None:
    rng = np.random.default_rng(0)
    params = random_params(Network((3, 2, 2)), rng)
    (w1, b1), (w2, b2) = params.layers
    x = rng.normal(size=3)
    hidden = [max(0.0, sum(x[i] * w1[i, j] for i in range(3)) + b1[j]) for j in range(2)]
    expected = [sum(hidden[j] * w2[j, k] for j in range(2)) + b2[k] for k in range(2)]
    np.testing.assert_allclose(forward(params, x[None])[0][0], expected, rtol=1e-12)


def test_layers_are_views_that_cover_the_flat_vector() -> None:
    params = new_params(Network((4, 3, 2)))
    assert params.flat.size == 4 * 3 + 3 + 3 * 2 + 2
    for layer in params.layers:
        layer.weights[:] = 1
        layer.bias[:] = 1
    assert (params.flat == 1).all()


def test_forward_leaves_the_inputs_alone() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(5, 4)).astype(np.float32)
    before = inputs.copy()
    forward(initial_params(Network((4, 3, 2)), rng=rng), inputs)
    np.testing.assert_array_equal(inputs, before)


def test_initial_params_have_the_spread_of_he_and_follow_the_generator() -> None:
    network = Network((1000, 500, 10))
    params = initial_params(network, rng=np.random.default_rng(3))
    assert params.flat.dtype == np.float32
    assert params.layers[0].weights.std() == pytest.approx(np.sqrt(2 / 1000), rel=0.01)
    assert params.layers[1].weights.std() == pytest.approx(np.sqrt(2 / 500), rel=0.05)
    assert not params.layers[0].bias.any()
    again = initial_params(network, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(params.flat, again.flat)


def test_probabilities_sum_to_one_whatever_the_logits() -> None:
    params = new_params(Network((2, 3)))
    params.layers[0].weights[:] = [[1000, -1000, 0], [0, 0, 0]]
    shares = probabilities(params, np.array([[1, 0], [-1, 0], [0, 1]], np.float32))
    np.testing.assert_allclose(shares, [[1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]], atol=1e-6)


@pytest.mark.parametrize("sizes", [(), (784,), (784, 0, 10), (784, -3)])
def test_sizes_that_make_no_network_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least two sizes"):
        Network(sizes)

"""The network's shapes, its forward pass written out, and its backward pass against central differences."""

import math
import pickle
from collections.abc import Callable
from copy import deepcopy
from itertools import product

import numpy as np
import pytest

from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.gradient_check import numeric_gradient, relative_error
from mnistnet.nn.initializers import INITIALIZERS
from mnistnet.nn.losses import LOSSES, network_loss
from mnistnet.nn.network import (
    Network,
    Params,
    backward,
    forward,
    initial_params,
    new_params,
    outputs_of,
    probabilities,
)
from mnistnet.nn.regularizers import add_penalty_gradient, dropout_masks, penalty
from tests.nn.networks import random_params

PAIRS = [(loss, output) for loss, outputs in LOSSES.items() for output in outputs]
USUAL_INITIALIZERS = {
    "relu": "he_normal",
    "leaky_relu": "he_normal",
    "sigmoid": "xavier_sigmoid",
    "tanh": "xavier_uniform",
    "identity": "xavier_uniform",
}


def gradient_error(
    network: Network, loss: str, *, examples: int, drop: float, l1: float, l2: float, rng: np.random.Generator
) -> float:
    """The relative error of backward's gradient of the loss with penalties, for random numbers everywhere."""
    params = random_params(network, rng)
    inputs = rng.normal(size=(examples, network.sizes[0]))
    labels = rng.integers(network.sizes[-1], size=examples)
    masks = dropout_masks(network, examples, inputs=drop, hidden=drop, rng=rng)

    def value() -> float:
        logits, _ = forward(network, params, inputs, masks=masks)
        return network_loss(loss, network.output, logits, labels)[0] + penalty(params, l1=l1, l2=l2)

    logits, tape = forward(network, params, inputs, masks=masks)
    _, grad = network_loss(loss, network.output, logits, labels)
    gradient = backward(network, params, tape, grad, masks=masks)
    add_penalty_gradient(gradient, params, l1=l1, l2=l2)
    return relative_error(gradient.flat, numeric_gradient(value, params.flat))


@pytest.mark.parametrize(("loss", "output"), PAIRS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_backward_agrees_with_central_differences(activation: str, loss: str, output: str) -> None:
    rng = np.random.default_rng(0)
    for bias, batch_norm, drop, (l1, l2) in product([True, False], [True, False], [0, 0.3], [(0, 0), (0.01, 0.02)]):
        network = Network((3, 4, 3, 2), activation, output, bias=bias, batch_norm=batch_norm)
        error = gradient_error(network, loss, examples=5, drop=drop, l1=l1, l2=l2, rng=rng)
        assert error < 1e-6, f"{network} with {loss}, dropout {drop}, l1 {l1} and l2 {l2}"


@pytest.mark.parametrize("sizes", [(3, 4), (1, 2, 2, 2, 2), (2, 7, 1)])
@pytest.mark.parametrize("examples", [1, 7])
def test_backward_agrees_for_other_depths_and_batches(sizes: tuple[int, ...], examples: int) -> None:
    rng = np.random.default_rng(examples)
    network = Network(sizes, "tanh", "sigmoid")
    error = gradient_error(network, "binary_cross_entropy", examples=examples, drop=0.2, l1=0, l2=0.1, rng=rng)
    assert error < 1e-6


def test_backward_leaves_its_arguments_alone() -> None:
    rng = np.random.default_rng(0)
    network = Network((4, 3, 3, 2), batch_norm=True)
    params, inputs = random_params(network, rng), rng.normal(size=(5, 4))
    masks = dropout_masks(network, 5, inputs=0.5, hidden=0.5, rng=rng)
    logits, tape = forward(network, params, inputs, masks=masks)
    grad = rng.normal(size=(5, 2))
    arrays = [params.flat, grad, logits, inputs]
    arrays += [
        a
        for layer in tape
        for a in (layer.inputs, layer.outputs, layer.normalized, *(layer.statistics or ()))
        if a is not None
    ]
    arrays += [mask for mask in masks if mask is not None]
    before = [array.copy() for array in arrays]
    first = backward(network, params, tape, grad, masks=masks)
    again = backward(network, params, tape, grad, masks=masks)
    np.testing.assert_array_equal(first.flat, again.flat)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_forward_is_the_sum_over_units_written_out() -> None:
    rng = np.random.default_rng(0)
    network = Network((3, 2, 2), "sigmoid")
    params = random_params(network, rng)
    (w1, b1, _), (w2, b2, _) = params.layers
    assert b1 is not None
    assert b2 is not None
    x = rng.normal(size=3)
    hidden = [1 / (1 + math.exp(-sum(x[i] * w1[i, j] for i in range(3)) - b1[j])) for j in range(2)]
    expected = [sum(hidden[j] * w2[j, k] for j in range(2)) + b2[k] for k in range(2)]
    np.testing.assert_allclose(forward(network, params, x[None])[0][0], expected, rtol=1e-12)


def test_batch_norm_and_dropout_written_out() -> None:
    rng = np.random.default_rng(1)
    network = Network((3, 2, 1), "leaky_relu", batch_norm=True)
    params = random_params(network, rng)
    (w1, b1, s1), (w2, b2, s2) = params.layers
    assert s1 is not None
    assert b1 is not None
    assert b2 is not None
    assert s2 is None  # the last layer is not normalised
    x = rng.normal(size=(4, 3))
    masks = [np.array([[2, 0, 2], [0, 2, 2], [2, 2, 0], [2, 2, 2]]), np.array([[0, 4], [4, 0], [4, 4], [0, 0]])]
    sums = [[sum(masks[0][n, i] * x[n, i] * w1[i, j] for i in range(3)) for j in range(2)] for n in range(4)]
    hidden = np.zeros((4, 2))
    for j in range(2):
        column = [row[j] for row in sums]
        mean = sum(column) / 4
        deviation = math.sqrt(sum((z - mean) ** 2 for z in column) / 4 + 1e-5)
        for n in range(4):
            z = (column[n] - mean) / deviation * s1[j] + b1[j]
            hidden[n, j] = max(z, z / 100)
    expected = [[sum(masks[1][n, j] * hidden[n, j] * w2[j, 0] for j in range(2)) + b2[0]] for n in range(4)]
    logits, tape = forward(network, params, x, masks=masks)
    np.testing.assert_allclose(logits, expected, rtol=1e-12)
    np.testing.assert_allclose(tape[0].outputs, hidden, rtol=1e-12)
    assert tape[-1].outputs is logits


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_forward_leaves_the_inputs_and_parameters_alone(activation: str, batch_norm: bool) -> None:
    rng = np.random.default_rng(1)
    network = Network((4, 3, 2), activation, batch_norm=batch_norm)
    params, inputs = random_params(network, rng, dtype=np.float32), rng.normal(size=(5, 4)).astype(np.float32)
    before, flat = inputs.copy(), params.flat.copy()
    logits, _ = forward(network, params, inputs)
    np.testing.assert_array_equal(inputs, before)
    np.testing.assert_array_equal(params.flat, flat)
    assert logits.dtype == np.float32


@pytest.mark.parametrize(
    ("bias", "batch_norm", "count"),
    [
        (True, False, 18 + 3 + 6 + 2),
        (False, False, 18 + 6),
        (True, True, 18 + 3 + 3 + 6 + 2),
        (False, True, 18 + 3 + 6),
    ],
)
def test_layers_are_views_that_cover_the_flat_vector(bias: bool, batch_norm: bool, count: int) -> None:
    params = new_params(Network((6, 3, 2), bias=bias, batch_norm=batch_norm))
    assert params.flat.shape == (count,)
    assert not params.flat.any()
    assert [layer.weights.shape for layer in params.layers] == [(6, 3), (3, 2)]
    assert [layer.bias is not None and layer.bias.shape for layer in params.layers] == (
        [(3,), (2,)] if bias else [False] * 2
    )
    assert [layer.scale is not None for layer in params.layers] == [batch_norm, False]
    for layer in params.layers:
        for array in layer:
            if array is not None:
                array += 1
    assert (params.flat == 1).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("initializer", [None, "scaled_normal"])
def test_initial_weights_are_drawn_in_order_by_the_activations_usual_initializer(
    activation: str, initializer: str | None
) -> None:
    network = Network((50, 20, 10), activation, batch_norm=True)
    params = initial_params(network, rng=np.random.default_rng(3), initializer=initializer)
    rng, draw = np.random.default_rng(3), INITIALIZERS[initializer or USUAL_INITIALIZERS[activation]]
    for layer, shape in zip(params.layers, [(50, 20), (20, 10)], strict=True):
        np.testing.assert_array_equal(layer.weights, draw(*shape, rng=rng))
        assert layer.bias is not None
        assert not layer.bias.any()
        assert layer.scale is None or (layer.scale == 1).all()
    assert params.flat.dtype == np.float32


def one_layer(output: str) -> tuple[Network, Params]:
    """Its logits are 1000, -1000 and 0 times its input."""
    network = Network((1, 3), output=output, bias=False)
    params = new_params(network)
    params.layers[0].weights[:] = [[1000, -1000, 0]]
    return network, params


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("softmax", [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]),
        ("sigmoid", [[1, 0, 0.5], [0.5, 0.5, 0.5]]),
        ("identity", [[1000, -1000, 0], [0, 0, 0]]),
    ],
)
def test_outputs_are_what_output_makes_of_the_logits(output: str, expected: list[list[float]]) -> None:
    outputs = outputs_of(*one_layer(output), np.array([[1], [0]], np.float32))
    np.testing.assert_allclose(outputs, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("softmax", [[1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]]),
        ("sigmoid", [[2 / 3, 0, 1 / 3], [0, 2 / 3, 1 / 3], [1 / 3, 1 / 3, 1 / 3]]),
        ("identity", [[1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]]),
    ],
)
def test_probabilities_sum_to_one_whatever_the_logits(output: str, expected: list[list[float]]) -> None:
    shares = probabilities(*one_layer(output), np.array([[1], [-1], [0]], np.float32))
    np.testing.assert_allclose(shares, expected, atol=1e-5)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_probabilities_of_outputs_beyond_0_and_1_are_shares_of_what_lies_between() -> None:
    network = Network((1, 3), output="identity", bias=False)
    params = new_params(network)
    params.layers[0].weights[:] = [[4, 0.5, -2]]
    shares = probabilities(network, params, np.ones((1, 1), np.float32))
    np.testing.assert_allclose(shares, [[1 / 1.5, 0.5 / 1.5, 0]], atol=1e-5)


@pytest.mark.parametrize("sizes", [(), (784,), (784, 0, 10), (784, -3)])
def test_sizes_that_make_no_network_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least two sizes"):
        Network(sizes)


def test_unknown_functions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"activation must be one of relu, .*, got softplus"):
        Network((2, 2), activation="softplus")
    with pytest.raises(ValueError, match=r"output must be one of softmax, .*, got relu"):
        Network((2, 2), output="relu")


def test_of_a_vector_that_lies_askew_in_a_message_a_copy_is_taken() -> None:
    network = Network((4, 3, 2))
    params, parts = random_params(network, np.random.default_rng(0)), []
    pickled = pickle.dumps(params, protocol=5, buffer_callback=parts.append)
    message = b"askew" + parts[0].raw()
    other = pickle.loads(pickled, buffers=[memoryview(message)[5:]])
    assert not np.frombuffer(memoryview(message)[5:], np.float32).flags.aligned
    assert other.flat.flags.aligned
    np.testing.assert_array_equal(other.flat, params.flat)


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(4, 3), (4, 3, 5, 2)])
@pytest.mark.parametrize("copied", [deepcopy, lambda params: pickle.loads(pickle.dumps(params))])
def test_layers_of_a_copy_are_views_into_its_own_vector(
    copied: Callable[[Params], Params], sizes: tuple[int, ...], bias: bool, batch_norm: bool
) -> None:
    params = random_params(Network(sizes, bias=bias, batch_norm=batch_norm), np.random.default_rng(0))
    before, other = params.flat.copy(), copied(params)
    np.testing.assert_array_equal(other.flat, before)
    other.flat[:] *= 2
    np.testing.assert_array_equal(params.flat, before)
    for layer, its in zip(other.layers, params.layers, strict=True):
        assert [array is None for array in layer] == [array is None for array in its]
        for array, half in zip(layer, its, strict=True):
            if array is not None and half is not None:
                np.testing.assert_array_equal(array, 2 * half)

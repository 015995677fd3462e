"""A workspace changes no result: steps with one against steps that make their arrays anew."""

from itertools import product

import numpy as np
import pytest

from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.losses import softmax_cross_entropy
from mnistnet.nn.network import Network, Params, backward, forward, initial_params, new_params
from mnistnet.nn.regularizers import dropout_masks
from mnistnet.nn.workspace import NEW_ARRAYS, Workspace

OPTIONS = list(product(ACTIVATIONS, (False, True), (False, True), (False, True)))


def gradient(network: Network, params: Params, count: int, *, drop: bool, space: Workspace) -> tuple[float, Params]:
    rng = np.random.default_rng(count)
    inputs, labels = rng.random((count, network.sizes[0]), dtype=np.float32), rng.integers(3, size=count)
    masks = dropout_masks(network, count, inputs=0.2, hidden=0.4, rng=rng) if drop else None
    logits, tape = forward(network, params, inputs, masks=masks, space=space)
    loss, grad = softmax_cross_entropy(logits, labels)
    return loss, backward(network, params, tape, grad, masks=masks, space=space)


@pytest.mark.parametrize(("activation", "batch_norm", "bias", "drop"), OPTIONS)
def test_steps_of_odd_and_short_batches_give_the_same_bits(
    activation: str, batch_norm: bool, bias: bool, drop: bool
) -> None:
    network = Network((7, 5, 11, 3), activation, bias=bias, batch_norm=batch_norm)
    params = initial_params(network, rng=np.random.default_rng(0))
    space = Workspace()
    for count in (6, 6, 2, 9, 1, 6):
        loss, new = gradient(network, params, count, drop=drop, space=NEW_ARRAYS)
        loss_in_space, in_space = gradient(network, params, count, drop=drop, space=space)
        assert loss_in_space == loss
        np.testing.assert_array_equal(in_space.flat, new.flat)


def test_another_network_and_another_dtype_get_arrays_of_their_own() -> None:
    space = Workspace()
    for sizes, dtype in (((4, 5, 3), np.float32), ((4, 6, 3), np.float32), ((4, 6, 3), np.float64)):
        network = Network(sizes)
        params = new_params(network, dtype=dtype)
        params.flat[:] = 0.5
        logits, _ = forward(network, params, np.ones((2, 4), dtype), space=space)
        assert (logits.shape, logits.dtype) == ((2, 3), dtype)
        np.testing.assert_allclose(logits, 0.5 * (sizes[1] * 2.5) + 0.5)  # 4 x 0.5 + 0.5 from every hidden unit


def test_the_same_arrays_come_again() -> None:
    space = Workspace()
    network = Network((4, 5, 7, 3), batch_norm=True)
    params = initial_params(network, rng=np.random.default_rng(0))
    _, first = gradient(network, params, 6, drop=True, space=space)
    arrays = list(space.arrays.values())
    _, second = gradient(network, params, 6, drop=True, space=space)
    assert all(one is other for one, other in zip(arrays, space.arrays.values(), strict=True))
    assert all(np.shares_memory(layer.weights, second.flat) for layer in first.layers)
    _, other = gradient(network, params, 6, drop=True, space=NEW_ARRAYS)
    assert not np.shares_memory(first.flat, other.flat)

"""The watch, against the numbers it is about, worked out once more by hand."""

from dataclasses import replace

import numpy as np
import pytest

from mnistnet.data.mnist import Examples
from mnistnet.nn.losses import softmax_cross_entropy
from mnistnet.nn.network import Network, Params, backward, forward, initial_params
from mnistnet.training.state import State, copied, present_network
from mnistnet.training.watch import StepWatch, watch_layers
from tests.training.training import SETTINGS, train


def test_gradient_and_update_are_those_of_the_last_whole_batch(digits: tuple[Examples, Examples]) -> None:
    settings = replace(
        SETTINGS, epochs=1, optimizer="sgd", label_smoothing=0.0, l2=0.5, schedule="constant", warmup=0.0
    )
    seen: list[Params] = []

    def look(state: State) -> None:
        seen.append(copied(state.network, state.params.flat))

    state = train(digits, settings, before_batch=look)
    old, after = seen[-2:]  # 20 whole batches of 50, and 17 more
    order = np.random.default_rng(0)
    initial_params(state.network, rng=order)  # the same draws as in the training
    rows = order.permutation(1017)[950:1000]
    logits, tape = forward(state.network, old, digits[0].images[rows])
    _, grad = softmax_cross_entropy(logits, digits[0].labels[rows])
    gradient = backward(state.network, old, tape, grad)
    for watched, layer, weights, new in zip(
        state.epochs[0].layers, gradient.layers, old.layers, after.layers, strict=True
    ):
        assert watched.gradient == pytest.approx(np.sqrt((layer.weights**2).sum()), rel=1e-4)
        change = np.sqrt(((new.weights - weights.weights) ** 2).sum())
        assert watched.update == pytest.approx(change / np.sqrt((weights.weights**2).sum()), rel=1e-4)
        step = settings.peak_rate * (layer.weights + 0.5 * weights.weights)  # the penalty is in the step alone
        assert watched.update == pytest.approx(np.linalg.norm(step) / np.linalg.norm(weights.weights), rel=1e-3)


def test_activations_are_those_of_the_validation_images(digits: tuple[Examples, Examples]) -> None:
    state = train(digits)
    network, params = present_network(state)
    hidden = np.maximum(digits[1].images @ params.layers[0].weights + params.layers[0].bias, 0)
    watched = state.epochs[-1].layers
    assert watched[0].activation == pytest.approx(np.sqrt((hidden**2).mean()), rel=1e-5)
    assert watched[0].dead == (hidden == 0).all(axis=0).mean()
    assert (len(watched), watched[1].dead) == (len(network.sizes) - 1, 0.0)


@pytest.mark.parametrize(
    ("activation", "dead"), [("relu", 0.75), ("leaky_relu", 0.0), ("sigmoid", 0.5), ("tanh", 0.5), ("identity", 0.0)]
)
def test_a_unit_is_dead_that_passes_no_gradient_on_for_any_image(activation: str, dead: float) -> None:
    network = Network((1, 4, 1), activation)
    params = initial_params(network, rng=np.random.default_rng(0))
    bias = params.layers[0].bias
    assert bias is not None
    params.layers[0].weights[:] = [[0.1, 0.1, 0.1, 0.1]]
    bias[:] = [100, -100, -1, -1]  # relu: only the first is on; sigmoid and tanh: the first two are saturated
    _, tape = forward(network, params, np.array([[0.5], [1.0]], np.float32))
    steps = [StepWatch(0.0, 0.0)] * 2
    assert watch_layers(steps, network, tape)[0].dead == dead


def test_watching_changes_no_bit(digits: tuple[Examples, Examples]) -> None:
    watched, not_watched = train(digits), train(digits, replace(SETTINGS, watch=False))
    np.testing.assert_array_equal(watched.params.flat, not_watched.params.flat)
    assert all(epoch.layers for epoch in watched.epochs)
    assert not any(epoch.layers for epoch in not_watched.epochs)

"""Steps of training, against the same steps worked out in float64 from the formulas: every setting counts."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mnistnet.data.mnist import Examples, load_sample
from mnistnet.training.augmentation import Warps, warped
from mnistnet.training.batches import draws, prepared
from mnistnet.training.settings import Settings
from mnistnet.training.state import State, new_state
from mnistnet.training.trainer import fit, train_step

Array = NDArray[np.float64]
PLAIN = Settings(
    hidden=(5,), optimizer="sgd", learning_rate=0.3, label_smoothing=0.0, batch_size=4, watch=False, average=0.0
)
RATES = (0.3, 0.2, 0.1)
SEEDS = (11, 12, 13)


def examples() -> Examples:
    rng = np.random.default_rng(7)
    return Examples(rng.random((12, 6), dtype=np.float32), rng.integers(3, size=12))


def trained(settings: Settings) -> tuple[State, list[Array]]:
    """A 6-5-3 network after three steps, and the weights and biases that it began with."""
    network = settings.network(inputs=6, outputs=3)
    state = new_state(network, settings, examples(), rng=np.random.default_rng(0))
    before = [array.astype(float) for layer in state.params.layers for array in layer if array is not None]
    for number, (rate, seed) in enumerate(zip(RATES, SEEDS, strict=True)):
        rows = slice(4 * number, 4 * number + 4)
        batch = Examples(examples().images[rows], examples().labels[rows])
        train_step(state, prepared(batch, state, settings, seed=seed), settings, learning_rate=rate)
    return state, before


def expected_steps(arrays: list[Array], settings: Settings) -> list[Array]:
    """The same three steps of a ReLU network for softmax and cross-entropy, written out."""
    w1, b1, w2, b2 = (array.copy() for array in arrays)
    images, labels = examples().images.astype(float), examples().labels
    if settings.standardize:
        images = (images - images.mean()) / images.std()
    momentum = settings.momentum if settings.momentum is not None else 0.9
    square_decay = settings.square_decay if settings.square_decay is not None else 0.999
    means = [np.zeros_like(array) for array in arrays]
    squares = [np.zeros_like(array) for array in arrays]
    for number, (rate, seed) in enumerate(zip(RATES, SEEDS, strict=True)):
        x, y = images[4 * number : 4 * number + 4], labels[4 * number : 4 * number + 4]
        rng = np.random.default_rng(seed)
        if settings.input_dropout:
            x = x * (rng.random((4, 6), dtype=np.float32) >= settings.input_dropout) / (1 - settings.input_dropout)
        keep = np.ones((4, 5))
        if settings.dropout:
            keep = (rng.random((4, 5), dtype=np.float32) >= settings.dropout) / (1 - settings.dropout)
        z = x @ w1 + b1
        h = np.maximum(z, 0) * keep
        scores = np.exp(h @ w2 + b2)
        target = (1 - settings.label_smoothing) * np.eye(3)[y] + settings.label_smoothing / 3
        d2 = (scores / scores.sum(axis=1, keepdims=True) - target) / 4
        d1 = d2 @ w2.T * keep * (z > 0)
        gradients = [x.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)]
        for k, weights in ((0, w1), (2, w2)):
            gradients[k] = gradients[k] + settings.l1 * np.sign(weights) + settings.l2 * weights
        length = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
        if settings.clip_norm and length > settings.clip_norm:
            gradients = [gradient * settings.clip_norm / length for gradient in gradients]
        for weights in (w1, w2):
            weights *= 1 - rate * (settings.weight_decay or 0.0)
        for k, (array, gradient) in enumerate(zip((w1, b1, w2, b2), gradients, strict=True)):
            if settings.optimizer == "sgd":
                array -= rate * gradient
            elif settings.optimizer == "momentum":
                means[k] = momentum * means[k] - rate * gradient
                array += means[k]
            else:
                means[k] = momentum * means[k] + (1 - momentum) * gradient
                squares[k] = square_decay * squares[k] + (1 - square_decay) * gradient**2
                mean = means[k] / (1 - momentum ** (number + 1))
                array -= rate * mean / (np.sqrt(squares[k] / (1 - square_decay ** (number + 1))) + 1e-8)
    return [w1, b1, w2, b2]


@pytest.mark.parametrize(
    "options",
    [
        {}, {"standardize": True}, {"label_smoothing": 0.1}, {"l1": 0.02}, {"l2": 0.3}, {"weight_decay": 0.4},
        {"clip_norm": 0.2}, {"clip_norm": 0.2, "l2": 0.3}, {"dropout": 0.4}, {"input_dropout": 0.3},
        {"dropout": 0.5, "input_dropout": 0.2}, {"optimizer": "momentum"}, {"optimizer": "momentum", "momentum": 0.5},
        {"optimizer": "adam"}, {"optimizer": "adam", "momentum": 0.6}, {"optimizer": "adam", "square_decay": 0.7},
        {"optimizer": "adamw", "weight_decay": 0.4},
    ],
    ids=str,
)  # fmt: skip
def test_a_step_is_the_one_of_the_formulas(options: dict[str, object]) -> None:
    settings = replace(PLAIN, **options)  # type: ignore[arg-type]
    state, before = trained(settings)
    got = [array for layer in state.params.layers for array in layer if array is not None]
    for array, expected, start in zip(got, expected_steps(before, settings), before, strict=True):
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-5)
        assert np.abs(expected - start).max() > 1e-3


def test_adamw_decays_by_its_usual_share_and_adam_does_not() -> None:
    adam, _ = trained(replace(PLAIN, optimizer="adam"))
    adamw, before = trained(replace(PLAIN, optimizer="adamw"))
    expected = expected_steps(before, replace(PLAIN, optimizer="adamw", weight_decay=0.01))
    np.testing.assert_allclose(adamw.params.layers[0].weights, expected[0], rtol=1e-5, atol=1e-6)
    assert (adamw.params.layers[0].weights != adam.params.layers[0].weights).any()


def test_standardization_is_that_of_the_training_images() -> None:
    state, _ = trained(replace(PLAIN, standardize=True))
    images = examples().images.astype(float)
    assert tuple(state.standardization) == pytest.approx((images.mean(), images.std()))


@pytest.mark.parametrize("average", [0.0, 0.8])
def test_running_statistics_are_the_written_out_average_of_the_batches(average: float) -> None:
    """The first batch replaces what was there; a short batch counts for less."""
    settings = replace(PLAIN, batch_norm=True, learning_rate=1e-9, average=average, batch_size=5)
    network = settings.network(inputs=6, outputs=3)
    state = new_state(network, settings, examples(), rng=np.random.default_rng(0))
    mean = variance = np.zeros(5)
    for step, rows in enumerate(([0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]), start=1):
        sums = examples().images[rows].astype(float) @ state.params.layers[0].weights
        share = max(1 / step, 1 - min(average, (1 + step) / (10 + step)) if average else 0.1) * len(rows) / 5
        mean = mean + share * (sums.mean(axis=0) - mean)
        variance = variance + share * (sums.var(axis=0) - variance)
        batch = Examples(examples().images[rows], examples().labels[rows])
        train_step(state, prepared(batch, state, settings), settings, learning_rate=1e-9)
    np.testing.assert_allclose(state.statistics[0].mean, mean, rtol=1e-4)
    np.testing.assert_allclose(state.statistics[0].variance, variance, rtol=1e-4)


def test_a_batch_of_all_examples_is_a_whole_one_however_many_it_might_have() -> None:
    arrays = []
    for size in (12, 1000):
        settings = replace(PLAIN, batch_norm=True, epochs=3, batch_size=size)
        network = settings.network(inputs=6, outputs=3)
        state = new_state(network, settings, examples(), rng=np.random.default_rng(0))
        assert len(list(fit(state, examples(), examples(), settings))) == 3
        arrays.append(np.concatenate([state.params.flat, *state.statistics[0]]))
    np.testing.assert_array_equal(*arrays)


def test_digits_are_warped_as_the_settings_say_before_all_else() -> None:
    digits = load_sample().test.images[:20]
    plain = replace(PLAIN, batch_size=20, standardize=True)
    warps = Warps(rotation=20, scale=0.1, shear=0.2, shift=2, field=0.5)
    warping = replace(plain, rotation=20, scale=0.1, shear=0.2, shift=2, elastic=0.5)
    arrays = []
    for settings, images in ((plain, warped(digits, warps, rng=np.random.default_rng(5))), (warping, digits)):
        examples = Examples(images, np.arange(20) % 10)
        state = new_state(settings.network(), settings, Examples(digits, examples.labels), rng=np.random.default_rng(0))
        train_step(state, prepared(examples, state, settings, seed=5), settings, learning_rate=0.1)
        arrays.append(state.params.flat)
    np.testing.assert_array_equal(*arrays)


def test_every_batch_drops_others() -> None:
    settings = replace(PLAIN, dropout=0.5)
    state = new_state(settings.network(inputs=6, outputs=3), settings, examples(), rng=np.random.default_rng(0))
    seeds = [seed for _, seed, _ in draws(state, 12, settings)]
    assert len(set(seeds)) == 3


@pytest.mark.parametrize(("count", "watched"), [(12, 2), (13, 2), (15, 2), (3, 0), (4, 0), (5, 0)])
def test_the_last_whole_batch_is_watched(count: int, watched: int) -> None:
    settings = replace(PLAIN, watch=True)
    state = new_state(settings.network(inputs=6, outputs=3), settings, examples(), rng=np.random.default_rng(0))
    drawn = list(draws(state, count, settings))
    assert [watch for _, _, watch in drawn] == [number == watched for number in range(len(drawn))]
    assert sorted(np.concatenate([rows for rows, _, _ in drawn])) == list(range(count))
    assert all(len(rows) == 4 for rows, _, _ in drawn[:-1])


@pytest.mark.parametrize("options", [{}, {"optimizer": "adam", "l1": 0.1, "l2": 0.1, "weight_decay": 0.1}])
def test_units_see_their_receptive_field_only_whatever_is_learned(options: dict[str, object]) -> None:
    settings = replace(PLAIN, hidden=(40,), receptive_field=9, batch_size=20, **options)  # type: ignore[arg-type]
    digits = load_sample().test
    state = new_state(settings.network(), settings, digits, rng=np.random.default_rng(0))
    before = state.params.layers[0].weights.copy()
    for start in (0, 20):
        batch = Examples(digits.images[start : start + 20], digits.labels[start : start + 20])
        train_step(state, prepared(batch, state, settings), settings, learning_rate=0.01)
    after = state.params.layers[0].weights
    assert (after != before)[before != 0].mean() > 0.5
    np.testing.assert_array_equal(after[before == 0], 0)

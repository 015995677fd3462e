"""Training on digits of the bundled sample: it learns, repeats itself to the bit, and notices when it diverges."""

import json
import math
import time
from dataclasses import replace

import numpy as np
import pytest

from mnistnet.data.mnist import Examples
from mnistnet.errors import TrainingError
from mnistnet.nn.network import forward
from mnistnet.training.checkpoint import read_epoch
from mnistnet.training.settings import Settings
from mnistnet.training.state import best_network, copied, new_state, present_network
from mnistnet.training.trainer import accuracy, fit, is_finished
from tests.training.training import EVERYTHING, SETTINGS, train

Digits = tuple[Examples, Examples]


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "adam"}, {"activation": "sigmoid"}, {"activation": "identity"}, {"loss": "binary_cross_entropy"},
        {"loss": "mse"}, {"dropout": 0.2, "input_dropout": 0.1}, {"batch_norm": True},
        {"standardize": True}, {"average": 0.9}, {"bias": False},
    ],
)  # fmt: skip
def test_it_learns_with_every_option(digits: Digits, options: dict[str, object]) -> None:
    settings = replace(SETTINGS, epochs=5, **options)  # type: ignore[arg-type]
    epochs = train(digits, settings).epochs
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5]
    assert epochs[-1].loss < 0.85 * epochs[0].loss
    assert epochs[-1].validation_accuracy > 0.5


def test_it_learns_with_all_options_at_once(digits: Digits) -> None:
    assert train(digits, replace(EVERYTHING, epochs=10, learning_rate=0.01)).epochs[-1].validation_accuracy > 0.8


def test_validation_measures_the_network_that_is_kept(digits: Digits) -> None:
    state = train(digits, EVERYTHING)
    network, params = best_network(state)
    assert not network.batch_norm
    logits, _ = forward(network, params, digits[1].images)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    assert state.best is not None
    assert state.best.validation_loss == pytest.approx(-log_probs[range(1000), digits[1].labels].mean(), rel=1e-5)
    assert state.best.validation_accuracy == (logits.argmax(axis=1) == digits[1].labels).mean()


@pytest.mark.parametrize("settings", [SETTINGS, EVERYTHING])
def test_the_same_seed_gives_the_same_bits_and_another_does_not(digits: Digits, settings: Settings) -> None:
    one, two, other = train(digits, settings), train(digits, settings), train(digits, replace(settings, seed=1))
    assert one.epochs == two.epochs
    np.testing.assert_array_equal(one.params.flat, two.params.flat)
    assert (one.params.flat != other.params.flat).any()


def test_batches_made_ready_in_the_background_are_the_same(digits: Digits) -> None:
    """Each is used a while after the next one was begun, and lies where no other does."""
    settings = Settings(hidden=(20,), batch_size=50, epochs=1, rotation=10.0, dropout=0.1)
    slow = train(digits, settings, ahead=True, before_batch=lambda _: time.sleep(0.01))
    np.testing.assert_array_equal(slow.params.flat, train(digits, settings).params.flat)


def test_where_nothing_is_kept_aside_the_last_epoch_is_taken_and_nothing_is_claimed(digits: Digits) -> None:
    settings = replace(EVERYTHING, validation=0.0, patience=0)
    learning, nothing = digits[0], Examples(digits[0].images[:0], digits[0].labels[:0])
    state = train((learning, nothing), settings)
    assert state.best is state.epochs[-1]
    np.testing.assert_array_equal(best_network(state)[1].flat, present_network(state)[1].flat)
    facts = json.loads(json.dumps([epoch.as_json() for epoch in state.epochs], allow_nan=False))
    assert [(epoch["validation_loss"], epoch["validation_accuracy"]) for epoch in facts] == [(None, None)] * 4
    assert all(len(epoch["layers"]) == 3 for epoch in facts)
    assert [read_epoch(epoch) for epoch in facts] == state.epochs


@pytest.mark.parametrize(("count", "size"), [(10, 3), (9, 3), (2, 5), (1, 1)])
def test_every_example_counts_once_an_epoch_and_none_is_dropped(count: int, size: int) -> None:
    """Plain gradient descent of the identity on one weight moves it by the mean of what it is shown."""
    settings = Settings(
        hidden=(1,), activation="identity", bias=False, loss="mse", epochs=1, batch_size=size, optimizer="sgd",
        learning_rate=1e-6, schedule="constant", warmup=0, label_smoothing=0,
    )  # fmt: skip
    inputs = np.eye(count, dtype=np.float32)
    examples = Examples(inputs, np.ones((count, 1), np.float32))
    state = new_state(settings.network(inputs=count, outputs=1), settings, examples, rng=np.random.default_rng(0))
    before = copied(state.network, state.params.flat)
    list(fit(state, examples, examples, settings))
    moved = (state.params.layers[0].weights - before.layers[0].weights)[:, 0]
    assert (moved != 0).all()
    told = state.epochs[0]
    outputs = before.layers[0].weights @ before.layers[1].weights
    assert told.loss == pytest.approx(float(((outputs - 1) ** 2).mean()), rel=1e-3)
    assert math.isnan(told.validation_accuracy)


def test_on_batch_is_told_every_image(digits: Digits) -> None:
    told: list[int] = []
    state = new_state(SETTINGS.network(), SETTINGS, digits[0], rng=np.random.default_rng(0))
    list(fit(state, *digits, SETTINGS, on_batch=lambda images, _: told.append(images)))
    assert sum(told) == 3 * 1017
    assert told[20] == 17


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_outputs_that_hide_an_explosion_do_not_hide_it_from_us(digits: Digits, output: str) -> None:
    settings = replace(SETTINGS, loss="mse", output_activation=output, learning_rate=1e38)
    with pytest.raises(TrainingError, match="loss exploded"):
        train(digits, settings)


def test_penalties_are_named_among_the_causes_where_there_are_any(digits: Digits) -> None:
    with pytest.raises(TrainingError, match=r"or smaller penalties$"):
        train(digits, replace(SETTINGS, l2=1e10))


@pytest.mark.filterwarnings("error")
def test_a_loss_that_is_no_number_stops_it_and_names_step_and_learning_rate(digits: Digits) -> None:
    with pytest.raises(TrainingError, match=r"loss exploded at step \d+: it became (nan|inf); .* --learning-rate 0\.2"):
        train(digits, replace(SETTINGS, learning_rate=1e12))


def test_the_best_epoch_is_kept_and_patience_ends_it(digits: Digits) -> None:
    settings = replace(SETTINGS, epochs=40, patience=2, learning_rate=0.5, schedule="constant")
    state = new_state(settings.network(), settings, digits[0], rng=np.random.default_rng(0))
    seen = [present_network(state)[1].flat.copy() for _ in fit(state, *digits, settings)]
    scores = [epoch.validation_accuracy for epoch in state.epochs]
    best = scores.index(max(scores))
    assert len(scores) == best + 1 + 2 < 40
    np.testing.assert_array_equal(best_network(state)[1].flat, seen[best])
    assert is_finished(state, settings)


def test_the_average_is_that_of_the_parameters(digits: Digits) -> None:
    settings = replace(SETTINGS, epochs=1, average=0.5)
    expected: list[np.ndarray] = []  # type: ignore[type-arg]

    def look(state: object) -> None:
        expected.append(state.params.flat.astype(float))  # type: ignore[attr-defined]

    state = train(digits, settings, before_batch=look)
    average = expected[0]
    for step, params in enumerate([*expected[1:], state.params.flat], start=1):
        kept = min(0.5, (1 + step) / (10 + step))
        average = kept * average + (1 - kept) * params
    assert state.average is not None
    np.testing.assert_allclose(state.average, average, atol=1e-5)


@pytest.mark.parametrize(
    ("logits", "labels", "right"),
    [
        ([[1, 2], [3, 1], [0, 1]], [1, 0, 0], 2 / 3),
        ([[-1], [2], [1]], [0, 1, 0], 2 / 3),
        ([[1.0], [2.0]], [[1.0], [2.0]], math.nan),
    ],
)
def test_accuracy_of_classes_of_one_yes_or_no_and_of_numbers(
    logits: list[list[float]], labels: list[int], right: float
) -> None:
    assert accuracy("sigmoid", np.array(logits, np.float32), np.array(labels)) == pytest.approx(right, nan_ok=True)

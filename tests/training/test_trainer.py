"""Training on digits of the bundled sample: it learns, repeats itself to the bit, and notices when it diverges."""

from dataclasses import replace

import numpy as np
import pytest

from mnistnet.data.mnist import Examples, load_sample
from mnistnet.errors import TrainingError
from mnistnet.nn.network import Network, Params, initial_params
from mnistnet.training.recipes import Settings
from mnistnet.training.run import keep_best
from mnistnet.training.trainer import Epoch, batches, evaluate, fit

SETTINGS = Settings(hidden=(32,), epochs=3, batch_size=50)
NETWORK = Network((784, 32, 10))


@pytest.fixture(scope="module")
def digits() -> tuple[Examples, Examples]:
    """1,017 digits to learn (the last batch is short) and 1,000 others."""
    sample = load_sample()
    return Examples(sample.learning.images[:1017], sample.learning.labels[:1017]), sample.test


def train(digits: tuple[Examples, Examples], settings: Settings = SETTINGS) -> tuple[list[Epoch], Params]:
    rng = np.random.default_rng(settings.seed)
    params = initial_params(NETWORK, rng=rng)
    return list(fit(NETWORK, params, *digits, settings, rng=rng)), params


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_it_learns(digits: tuple[Examples, Examples], optimizer: str) -> None:
    epochs, params = train(digits, Settings(hidden=(32,), epochs=5, batch_size=50, optimizer=optimizer))
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5]
    assert epochs[-1].loss < 0.5 * epochs[0].loss
    assert epochs[-1].validation_accuracy > 0.8
    assert evaluate(params, digits[1]) == (epochs[-1].validation_loss, epochs[-1].validation_accuracy)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(digits: tuple[Examples, Examples]) -> None:
    (first, one), (second, two), (_, other) = train(digits), train(digits), train(digits, replace(SETTINGS, seed=1))
    assert first == second
    np.testing.assert_array_equal(one.flat, two.flat)
    assert (one.flat != other.flat).any()


@pytest.mark.parametrize(("count", "size"), [(10, 3), (9, 3), (2, 5), (1, 1)])
def test_batches_hold_every_example_once_and_none_is_dropped(count: int, size: int) -> None:
    drawn = list(batches(count, size, rng=np.random.default_rng(0)))
    assert sorted(np.concatenate(drawn)) == list(range(count))
    assert all(len(batch) == size for batch in drawn[:-1])
    assert len(drawn[-1]) == count - size * (len(drawn) - 1)


def test_on_batch_is_told_every_image(digits: tuple[Examples, Examples]) -> None:
    told: list[int] = []
    rng = np.random.default_rng(0)
    params = initial_params(NETWORK, rng=rng)
    list(fit(NETWORK, params, *digits, SETTINGS, rng=rng, on_batch=lambda images, _: told.append(images)))
    assert sum(told) == 3 * 1017
    assert told[20] == 17


@pytest.mark.filterwarnings("error")
def test_a_loss_that_is_no_number_stops_it_and_names_the_learning_rate(digits: tuple[Examples, Examples]) -> None:
    with pytest.raises(TrainingError, match=r"loss became (nan|inf) in epoch 1 .* --learning-rate 0\.2"):
        train(digits, replace(SETTINGS, learning_rate=1e12))


def scripted(accuracies: list[float], params: Params, *, stop_after: int | None = None):  # type: ignore[no-untyped-def]
    """Epochs with these accuracies, which leave their number in params; Ctrl-C after one of them."""
    for number, accuracy in enumerate(accuracies, start=1):
        params.flat[:] = number
        if stop_after == number - 1:
            raise KeyboardInterrupt
        yield Epoch(number, 1.0, 1.0, accuracy)


@pytest.mark.parametrize(
    ("accuracies", "stop_after", "best", "partial", "left"),
    [
        ([0.5, 0.9, 0.9, 0.7], None, 2, False, 2),
        ([0.5, 0.6, 0.7], 2, 2, True, 2),
        ([0.5, 0.6], 0, 0, True, 1),
    ],
)
def test_the_best_epoch_is_kept_also_when_stopped(
    accuracies: list[float], stop_after: int | None, best: int, partial: bool, left: float
) -> None:
    params = initial_params(Network((2, 2)), rng=np.random.default_rng(0))
    shown: list[Epoch] = []
    outcome = keep_best(scripted(accuracies, params, stop_after=stop_after), params, on_epoch=shown.append)
    assert (outcome.best_epoch, outcome.partial) == (best, partial)
    assert outcome.epochs == shown
    assert (params.flat == left).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": ()}, {"hidden": (0,)}, {"epochs": 0}, {"epochs": -1}, {"batch_size": 0}, {"optimizer": "magic"},
        {"learning_rate": -0.1}, {"learning_rate": float("nan")}, {"learning_rate": float("inf")}, {"seed": -1},
        {"label_smoothing": -0.1}, {"label_smoothing": 1.0},
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


def test_the_learning_rate_is_the_optimisers_own_unless_given() -> None:
    assert Settings(optimizer="adam").peak_rate == 0.001
    assert replace(Settings(), optimizer="adam").peak_rate == 0.001
    assert Settings(optimizer="adam", learning_rate=0.01).peak_rate == 0.01

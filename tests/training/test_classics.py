"""Small problems: what they ask, and that the engine solves them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mnistnet.nn.network import Network, new_params, outputs_of
from mnistnet.training.classics import PROBLEMS, Attempt, Problem, attempt, ball, sine, xor
from mnistnet.training.state import Epoch

XOR = xor(rng=np.random.default_rng(0))


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mse"])
@pytest.mark.parametrize(("activation", "epochs"), [("sigmoid", 200), ("tanh", 80)])
def test_three_hidden_units_learn_xor_from_nine_of_ten_seeds(activation: str, epochs: int, loss: str) -> None:
    settings = replace(XOR.settings, activation=activation, loss=loss, epochs=epochs)
    attempts = [attempt(XOR, settings, seed=seed) for seed in range(10)]
    assert attempts[0].network.sizes == (2, 3, 1)
    right = 0
    for tried in attempts:
        answers = outputs_of(
            tried.network, tried.params, np.array([[a, b] for a in (0, 1) for b in (0, 1)], np.float32)
        )
        right += [answer > 0.5 for answer in answers[:, 0]] == [bool(a ^ b) for a in (0, 1) for b in (0, 1)]
    assert right == sum(tried.solved(XOR) for tried in attempts) >= 9


def test_no_linear_network_can_learn_xor() -> None:
    settings = replace(XOR.settings, activation="identity", epochs=100)
    for seed in range(3):
        tried = attempt(XOR, settings, seed=seed)
        assert tried.first_solved(XOR) is None
        assert max(epoch.validation_accuracy for epoch in tried.epochs) <= XOR.baseline == 0.75


def test_the_ball_holds_half_of_the_points_and_is_learned_far_better_than_guessed() -> None:
    problem = ball(rng=np.random.default_rng(0))
    points, labels = problem.scored
    assert [math.dist(point, (0, 0, 0)) < 1.538 for point in points] == labels.astype(bool).tolist()
    assert labels.mean() == pytest.approx(0.5, abs=0.05)
    assert not {*map(tuple, points)} & {*map(tuple, problem.train.images)}
    tried = attempt(problem, problem.settings, seed=0)
    assert tried.network.sizes == (3, 4, 1)
    answers = outputs_of(tried.network, tried.params, points)[:, 0] > 0.5
    assert (answers == labels).mean() == pytest.approx(tried.epochs[-1].validation_accuracy)
    assert tried.epochs[-1].validation_accuracy > 0.9 > 0.55 > problem.baseline


def test_the_sine_wave_is_followed_far_nearer_than_by_a_line() -> None:
    problem = sine(rng=np.random.default_rng(0))
    assert problem.baseline == pytest.approx(math.sqrt(0.5 - 3 / math.pi**2), rel=0.05)  # by calculus
    tried = attempt(problem, problem.settings, seed=0)
    inputs = np.linspace(-1, 1, 2001)[:, None]
    error = np.sqrt(np.square(outputs_of(tried.network, tried.params, inputs) - np.sin(math.pi * inputs)).mean())
    last = tried.epochs[-1]
    assert math.sqrt(last.validation_loss) == pytest.approx(error, rel=0.1)
    assert error < 0.1
    assert (math.isnan(last.validation_accuracy), last.score) == (True, -last.validation_loss)
    assert tried.solved(problem)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    settings = replace(XOR.settings, epochs=3)
    one, two, other = (attempt(XOR, settings, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.params.flat, two.params.flat)
    assert (one.params.flat != other.params.flat).any()


@pytest.mark.parametrize(
    ("accuracies", "first", "solved"),
    [([0.5, 1.0, 0.75, 1.0], 2, True), ([1.0, 0.5], 1, False), ([0.5, 0.75], None, False)],
)
def test_solved_is_what_is_right_in_the_end(accuracies: list[float], first: int | None, solved: bool) -> None:
    network = Network((2, 3, 1))
    epochs = [Epoch(n, 0.1, 0.1, accuracy, 1.0, 0.1, 0.1, 1, ()) for n, accuracy in enumerate(accuracies, start=1)]
    tried = Attempt(0, network, new_params(network), tuple(epochs), "")
    assert (tried.first_solved(XOR), tried.solved(XOR)) == (first, solved)
    assert not tried._replace(failed="loss exploded").solved(XOR)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_same_generator_draws_the_same_points(name: str) -> None:
    def draw(seed: int) -> Problem:
        return PROBLEMS[name](rng=np.random.default_rng(seed))

    for one, two in zip((*draw(3).train, *draw(3).scored), (*draw(3).train, *draw(3).scored), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (draw(3).train.images != draw(4).train.images).any() == (name != "xor")

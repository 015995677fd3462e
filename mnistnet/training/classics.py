"""Classics: small problems that the same engine must solve, XOR above all.

- xor: is exactly one of two inputs 1? No straight line parts the answers, so a network without a hidden layer cannot
  learn it (Minsky & Papert 1969), and one with 2-3-1 units can (Rumelhart et al. 1986). There are only four points:
  they are learned from and scored alike.
- ball: is a point in space inside a ball? 500 points to learn from, 1,000 others to be scored.
- sine: one period of a sine wave, a regression. 100 points to learn from, 1,000 others to be scored.

Scored points choose nothing: what counts is the network after the last epoch.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples
from mnistnet.errors import TrainingError
from mnistnet.nn.network import Network, Params
from mnistnet.training.settings import Settings
from mnistnet.training.state import Epoch, new_state, present_network
from mnistnet.training.trainer import fit

BALL_RADIUS = 1.538
"""Half of all points of N(0, 1) in three dimensions are nearer to 0."""

RATE_FACTORS = {"sgd": 4.0, "momentum": 1.0, "nesterov": 1.0, "rmsprop": 0.1, "adam": 0.1, "adamw": 0.1}
"""Learning rate of each optimiser over that of momentum, where none is named."""


class Problem(NamedTuple):
    """A small problem."""

    train: Examples
    scored: Examples
    settings: Settings
    """With which it is usually solved."""
    losses: tuple[str, ...]
    """Those that make sense for it."""
    goal: float
    """Epoch.score from which it counts as solved."""
    baseline: float
    """Accuracy, or root mean square error, on the scored points, of the best that needs no network."""
    baseline_name: str

    @property
    def sizes(self) -> dict[str, int]:
        """How many inputs and outputs a network has."""
        return {"inputs": self.train.images.shape[1], "outputs": 1}


class Attempt(NamedTuple):
    """A problem, tried from one seed: the network after the last epoch that could be finished."""

    seed: int
    network: Network
    params: Params
    epochs: tuple[Epoch, ...]
    failed: str
    """Why training could not go on; "" where it could."""

    def solved(self, problem: Problem) -> bool:
        """Whether it ended at the goal."""
        return not self.failed and self.epochs[-1].score >= problem.goal

    def first_solved(self, problem: Problem) -> int | None:
        """The first epoch at whose end the goal was met, None if there is none."""
        return next((epoch.number for epoch in self.epochs if epoch.score >= problem.goal), None)


def attempt(problem: Problem, settings: Settings, *, seed: int) -> Attempt:
    """Train a new network."""
    state = new_state(settings.network(**problem.sizes), settings, problem.train, rng=np.random.default_rng(seed))
    failed = ""
    try:
        for _ in fit(state, problem.train, problem.scored, settings):
            pass
    except TrainingError as error:
        failed = str(error)
    return Attempt(seed, *present_network(state), tuple(state.epochs), failed)


def small_settings(**named: Any) -> Settings:
    """Settings without what is meant for large networks."""
    return Settings(optimizer="momentum", initializer="xavier_uniform", label_smoothing=0.0, watch=False, **named)


def xor(*, rng: np.random.Generator) -> Problem:
    """The four points; the networks have three hidden units."""
    del rng
    points = Examples(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0]))
    settings = small_settings(
        hidden=(3,),
        activation="tanh",
        loss="binary_cross_entropy",
        output_activation="sigmoid",
        epochs=500,
        batch_size=4,
        learning_rate=1.0,
        schedule="constant",
    )
    return Problem(points, points, settings, ("binary_cross_entropy", "mse"), 1.0, 0.75, "the best straight line")


def ball(*, rng: np.random.Generator) -> Problem:
    """Points of N(0, 1) in three dimensions, 1 inside BALL_RADIUS and 0 outside; four hidden units."""

    def draw(count: int) -> Examples:
        points = rng.standard_normal((count, 3), dtype=np.float32)
        return Examples(points, (np.linalg.norm(points, axis=1) < BALL_RADIUS).astype(np.int64))

    train, scored = draw(500), draw(1000)
    settings = small_settings(
        hidden=(4,),
        activation="sigmoid",
        loss="binary_cross_entropy",
        output_activation="sigmoid",
        epochs=100,
        batch_size=50,
        learning_rate=0.4,
    )
    guess = round(float(train.labels.mean()))
    return Problem(
        train,
        scored,
        settings,
        ("binary_cross_entropy", "mse"),
        0.88,
        float((scored.labels == guess).mean()),
        "always the answer that is more frequent",
    )


def sine(*, rng: np.random.Generator) -> Problem:
    """sin(pi x) for x from -1 to 1; eight hidden units."""

    def draw(count: int) -> Examples:
        inputs = rng.uniform(-1, 1, (count, 1)).astype(np.float32)
        targets: NDArray[Any] = sine_wave(inputs)  # numbers to come near to, where others have class numbers
        return Examples(inputs, targets)

    train, scored = draw(100), draw(1000)
    settings = small_settings(hidden=(8,), activation="tanh", loss="mse", epochs=300, batch_size=20, learning_rate=0.2)
    line = np.polynomial.Polynomial.fit(train.images[:, 0], train.labels[:, 0], 1)
    error = float(np.sqrt(np.square(line(scored.images) - scored.labels).mean()))
    return Problem(train, scored, settings, ("mse",), -(0.1**2), error, "the best straight line")


def sine_wave(inputs: Floats) -> Floats:
    """sin(pi inputs)."""
    wave: Floats = np.sin(np.pi * inputs)
    return wave


PROBLEMS: dict[str, Callable[..., Problem]] = {"xor": xor, "ball": ball, "sine": sine}

"""Time to: seconds of training until so many of the validation images are read right, by recipe."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from benchmarks.ours import Point, our_epochs
from benchmarks.pytorch import keras_mnist_mlp
from benchmarks.scikit_learn import sklearn_mlp_adam
from mnistnet.data.mnist import Examples, split
from mnistnet.training.recipes import RECIPES

TITLE = "Training: seconds to an accuracy on validation images"
NOTE = (
    "Each library's published recipe, unchanged but for two things, on the same 11 of 12 images; looked at after every "
    "epoch, with only training on the clock; each seed another split, another start, another order. "
    "keras-team/keras, examples/mnist_mlp.py (release 2.3): its recipe runs in PyTorch, not in Keras. "
    "scikit-learn/scikit-learn, benchmarks/bench_mnist.py, MLP-adam: without its rule to stop when the loss stands "
    "still."
)
TARGETS = (0.98, 0.99)
"""Shares of the validation images."""
VALIDATION = 1 / 12
"""Share of the images to learn from: 5,000 of MNIST's 60,000."""


class Learn(Protocol):
    """A training by some recipe, an epoch at a time."""

    def __call__(self, train: Examples, validation: Examples, *, seed: int) -> Iterator[Point]: ...


RECIPES_BY_NAME: Mapping[str, Learn] = {
    "mnistnet quick": partial(our_epochs, settings=RECIPES["quick"]),
    "mnistnet standard": partial(our_epochs, settings=RECIPES["standard"]),
    "Keras mnist_mlp in PyTorch": keras_mnist_mlp,
    "scikit-learn MLP-adam": sklearn_mlp_adam,
}
"""Each as its authors published it."""


def measure(job: Job) -> Iterator[Comparison]:
    """Each target; all trainings go on to the highest."""
    learning = job.dataset().learning
    curves: dict[str, list[list[Point]]] = {name: [] for name in RECIPES_BY_NAME}
    for seed in range(job.work.seeds):
        kept = round(VALIDATION * len(learning.labels))
        train, validation = split(learning, validation=kept, rng=np.random.default_rng(seed))
        for name, learn in RECIPES_BY_NAME.items():
            job.show(f"{name}, seed {seed}")
            curves[name].append(curve(learn, train, validation, seed=seed, limit=job.work.limit))
    notes = {name: best(of_name) for name, of_name in curves.items()}
    for target in TARGETS:
        figures = {name: [seconds_to(target, one) for one in of_name] for name, of_name in curves.items()}
        yield Comparison("time-to", job.threads, f"to {100 * target:.0f} %", "s", figures, notes)


def curve(learn: Learn, train: Examples, validation: Examples, *, seed: int, limit: float) -> list[Point]:
    """Every epoch of a training, until the highest target is reached or the limit of seconds is passed."""
    points = []
    for point in learn(train, validation, seed=seed):
        points.append(point)
        if point.accuracy >= max(TARGETS) or point.seconds >= limit:
            break
    return points


def seconds_to(target: float, points: Sequence[Point]) -> float | None:
    """When the first epoch ended that was good enough."""
    return next((point.seconds for point in points if point.accuracy >= target), None)


def best(curves: Sequence[Sequence[Point]]) -> str:
    """The highest accuracy of any epoch of any seed, and how long the longest training was."""
    accuracy = max(point.accuracy for points in curves for point in points)
    return f"best {100 * accuracy:.2f} %, longest {max(points[-1].seconds for points in curves):.0f} s"

"""Ours: mnistnet's training, timed from outside."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from mnistnet.arrays import CLASSES, SIDE
from mnistnet.data.mnist import Examples
from mnistnet.training.environment import has_spare_core, usual_threads
from mnistnet.training.run import with_other_hands
from mnistnet.training.settings import Settings
from mnistnet.training.state import new_state
from mnistnet.training.trainer import fit

LEARNING_RATES = {"adam": 0.001, "momentum": 0.05}
"""Of the optimisers compared; momentum is 0.9."""


class Enough(Exception):  # noqa: N818 - not an error
    """Leaves a training that need not be finished."""


class Case(NamedTuple):
    """A training that every contestant does alike: float32, ReLU, cross-entropy, no warps, no dropout, no penalty."""

    hidden: tuple[int, ...]
    batch: int
    optimizer: str
    """A name in LEARNING_RATES."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Of all layers, from the inputs on."""
        return SIDE * SIDE, *self.hidden, CLASSES

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch}, {self.optimizer}"

    def settings(self) -> Settings:
        """What makes mnistnet train so."""
        return Settings(
            hidden=self.hidden,
            batch_size=self.batch,
            optimizer=self.optimizer,
            learning_rate=LEARNING_RATES[self.optimizer],
            schedule="constant",
            warmup=0.0,
            label_smoothing=0.0,
            epochs=1_000_000,
            watch=False,
        )


CASES = [
    Case(hidden, batch, optimizer)
    for hidden, batch in (((512, 256), 128), ((1024, 1024), 256))
    for optimizer in LEARNING_RATES
]


class Rate(Protocol):
    """Images a second that a contestant learns from in so many steps of training, after a first one."""

    def __call__(self, case: Case, train: Examples, *, steps: int) -> float: ...


class Point(NamedTuple):
    """Where a training stands after an epoch."""

    seconds: float
    """Of training alone: reading the validation images is not counted."""
    accuracy: float
    """On the validation images."""


def our_rate(case: Case, train: Examples, *, steps: int) -> float:
    """Of the loop of `mnistnet train`."""
    return fit_rate(case.settings(), train, steps=steps)


def fit_rate(settings: Settings, train: Examples, *, steps: int) -> float:
    """The same with any settings; a new network each time."""
    state = new_state(settings.network(), settings, train, rng=np.random.default_rng(0))
    few = Examples(train.images[:10], train.labels[:10])  # looking at them between two epochs takes no time
    seen: list[int] = []
    ended: list[float] = []

    def on_batch(images: int, _loss: float) -> None:
        seen.append(images)
        ended.append(time.perf_counter())
        if len(ended) > steps:
            raise Enough

    with as_trained(settings) as ahead, suppress(Enough):
        for _ in fit(state, train, few, settings, ahead=ahead, on_batch=on_batch):
            pass
    return sum(seen[1:]) / (ended[-1] - ended[0])


@contextmanager
def as_trained(settings: Settings) -> Iterator[bool]:
    """Inside the block NumPy has as many threads as in `mnistnet train`; whether that makes batches ready ahead."""
    with threadpool_limits(usual_threads(noisy=settings.noisy) or None, "blas"):
        yield settings.noisy and has_spare_core()


def our_epochs(train: Examples, validation: Examples, *, settings: Settings, seed: int) -> Iterator[Point]:
    """Train by a recipe."""
    rng = np.random.default_rng(seed)
    train = with_other_hands(train, settings, rng=rng)
    state = new_state(settings.network(), settings, train, rng=rng)
    ended = seconds = 0.0

    def on_batch(_images: int, _loss: float) -> None:
        nonlocal ended
        ended = time.perf_counter()

    with as_trained(settings) as ahead:
        began = time.perf_counter()
        for epoch in fit(state, train, validation, settings, ahead=ahead, on_batch=on_batch):
            seconds += ended - began
            yield Point(seconds, epoch.validation_accuracy)
            began = time.perf_counter()

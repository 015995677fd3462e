"""Ours: mnistnet's training, timed from outside."""

import time
from contextlib import suppress
from typing import NamedTuple, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.curves import Epochs, Point
from mnistnet.arrays import CLASSES, SIDE
from mnistnet.data.mnist import Examples
from mnistnet.training.environment import blas_threads, usual_threads
from mnistnet.training.recipes import Settings
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


class Seconds(Protocol):
    """How long a contestant takes for so many steps of training, after a first one."""

    def __call__(self, case: Case, train: Examples, *, steps: int) -> float: ...


def images_per_second(seconds: Seconds, case: Case, train: Examples, *, steps: int) -> float:
    """The same as a rate."""
    return steps * case.batch / seconds(case, train, steps=steps)


def our_seconds(case: Case, train: Examples, *, steps: int) -> float:
    """Seconds that so many steps of fit take, after a first one; a new network each time."""
    settings = case.settings()
    state = new_state(settings.network(), settings, train, rng=np.random.default_rng(0))
    ended: list[float] = []

    def on_batch(_images: int, _loss: float) -> None:
        ended.append(time.perf_counter())
        if len(ended) > steps:
            raise Enough

    with suppress(Enough):
        for _ in fit(state, train, few(train), settings, on_batch=on_batch):
            pass
    return ended[-1] - ended[0]


def few(examples: Examples) -> Examples:
    """So few that looking at them between two epochs takes no time."""
    return Examples(examples.images[:10], examples.labels[:10])


def our_epochs(train: Examples, validation: Examples, *, settings: Settings, cores: int, seed: int) -> Epochs:
    """Train by a recipe, on so many cores as `mnistnet train` does."""
    state = new_state(settings.network(), settings, train, rng=np.random.default_rng(seed))
    ended = seconds = 0.0

    def on_batch(_images: int, _loss: float) -> None:
        nonlocal ended
        ended = time.perf_counter()

    with threadpool_limits(usual_threads(noisy=settings.noisy) or None, "blas"):
        ahead = settings.noisy and blas_threads() < cores
        began = time.perf_counter()
        for epoch in fit(state, train, validation, settings, ahead=ahead, on_batch=on_batch):
            seconds += ended - began
            yield Point(seconds, epoch.validation_accuracy)
            began = time.perf_counter()

"""Batches: the training images in random order, each batch with its noise, made ready ahead of time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from typing import NamedTuple, TypeVar

import numpy as np

from mnistnet.arrays import Floats, Labels
from mnistnet.data.mnist import Examples
from mnistnet.nn.folding import Standardization
from mnistnet.nn.network import Masks
from mnistnet.nn.regularizers import dropout_masks
from mnistnet.nn.workspace import NEW_ARRAYS, Workspace
from mnistnet.training.augmentation import warped
from mnistnet.training.settings import Settings
from mnistnet.training.state import State

Item = TypeVar("Item")
Result = TypeVar("Result")


class Draw(NamedTuple):
    """What was drawn for a batch."""

    rows: Labels
    """The numbers of its examples."""
    seed: int
    """Of its warps and dropout."""
    watch: bool


class Batch(NamedTuple):
    """What a step learns from."""

    inputs: Floats  # (n, inputs)
    labels: Labels
    masks: Masks | None
    """What dropout leaves, as forward takes it."""
    watch: bool = False
    """Whether to note what its step does in each layer."""


def draws(state: State, count: int, settings: Settings) -> Iterator[Draw]:
    """What is left of the epoch under way, a batch at a time; the last whole one is watched.

    Each of count examples comes once an epoch, in random order; the last batch may be short.
    """
    size = settings.batch_size
    starts = range(0, count, size)
    state.rng.bit_generator.state = state.epoch.generator
    order = state.rng.permutation(count)
    seeds = state.rng.integers(2**63, size=len(starts)) if settings.noisy else np.zeros(len(starts), int)
    watched = max(0, count // size - 1) * size
    for number in range(state.epoch.batches, len(starts)):
        start = starts[number]
        yield Draw(order[start : start + size], int(seeds[number]), settings.watch and start == watched)


def batches(state: State, train: Examples, settings: Settings, *, ahead: bool = False) -> Iterator[Batch]:
    """The batches of what is left of the epoch under way, each to be used before the next one is asked for.

    ahead: in the background, each while the one before it is used.
    """
    spaces = cycle([Workspace() for _ in range(1 + ahead)])  # one to be used, one to be made ready

    def make(draw: Draw, space: Workspace) -> Batch:
        batch = prepared(take(train, draw.rows, space=space), state, settings, seed=draw.seed, space=space)
        return batch._replace(watch=draw.watch)

    jobs = zip(draws(state, len(train.labels), settings), spaces, strict=False)
    return in_background(lambda job: make(*job), jobs) if ahead else (make(*job) for job in jobs)


def take(examples: Examples, rows: Labels, *, space: Workspace) -> Examples:
    """The examples of these numbers; the images may lie in space."""
    images = examples.images
    out = space.array("images", 0, (len(rows), *images.shape[1:]), images.dtype)
    return Examples(np.take(images, rows, axis=0, out=out, mode="clip"), examples.labels[rows])


def prepared(
    examples: Examples, state: State, settings: Settings, *, seed: int = 0, space: Workspace = NEW_ARRAYS
) -> Batch:
    """A batch of these examples: warped, standardised, and with masks for dropout; it may lie in space."""
    images, masks = examples.images, None
    if settings.noisy:
        rng = np.random.default_rng(seed)
        if settings.warps:
            images = warped(images, settings.warps, rng=rng, space=space)
        masks = dropout_masks(
            state.network, len(images), inputs=settings.input_dropout, hidden=settings.dropout, rng=rng
        )
    return Batch(standardized(images, state.standardization), examples.labels, masks)


def standardized(images: Floats, standardization: Standardization) -> Floats:
    """(images - mean) / deviation; images themselves where that changes nothing."""
    if standardization == Standardization():
        return images
    return ((images - standardization.mean) / standardization.deviation).astype(images.dtype, copy=False)


def in_background(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """function(item) of every item, in order, each computed in a thread while the caller uses the one before it."""
    pool = ThreadPoolExecutor(1)
    try:
        coming: Future[Result] | None = None
        for item in items:
            ready, coming = coming, pool.submit(function, item)
            if ready:
                yield ready.result()
        if coming:
            yield coming.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever leaves the loop, as Ctrl-C does, need not wait

"""Warps: warped digits a second, and what they cost an epoch."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from benchmarks.ours import Case, fit_rate
from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples
from mnistnet.nn.workspace import Workspace
from mnistnet.training.augmentation import warped
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings

TITLE = "Warps: warped digits a second, and what they cost an epoch"
NOTE = (
    "Rotation, scale, shear, shift and the elastic field together. Warps alone: in so many threads of Python. "
    "Training: the loop of `mnistnet train` over the same part of an epoch, without warps and with the record's; "
    "1.10 x as fast means that an epoch with warps takes 1.10 times as long."
)
BATCHES = (128, 256)
STRENGTHS = ("rotation", "scale", "shear", "shift", "elastic")


def measure(job: Job) -> Iterator[Comparison]:
    """The record's warps, alone in batches of each size; then in training a small network, and the record's."""
    train = job.dataset().learning
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(job.threads) as pool:
        for batch in BATCHES:
            sizes = {"batch": batch, "steps": job.work.steps(batch), "threads": job.threads}
            alone = {"mnistnet": partial(warps_per_second, pool, train.images, **sizes)}
            yield job.compare(f"warps alone, batch {batch}", "images/s", alone)
    record, small = RECIPES["record"], Case((512, 256), 128, "momentum")
    strengths = {name: getattr(record, name) for name in STRENGTHS}
    yield pair(job, train, str(small), small.settings().changed(strengths))
    yield pair(job, train, "the recipe record", record)


def pair(job: Job, train: Examples, name: str, settings: Settings) -> Comparison:
    """Training without warps and with those of settings."""
    without, steps = settings.changed(dict.fromkeys(STRENGTHS, 0.0)), job.work.steps(settings.batch_size)
    contestants = {
        "without warps": partial(fit_rate, without, train, steps=steps),
        "with warps": partial(fit_rate, settings, train, steps=steps),
    }
    return job.compare(f"training, {name}", "images/s", contestants)


def warps_per_second(pool: ThreadPoolExecutor, images: Floats, *, batch: int, steps: int, threads: int) -> float:
    """Images a second that all threads together make, each so many batches."""
    list(pool.map(partial(warp, images, batch=batch, steps=1), range(threads)))
    began = time.perf_counter()
    list(pool.map(partial(warp, images, batch=batch, steps=steps), range(threads)))
    return threads * steps * batch / (time.perf_counter() - began)


def warp(images: Floats, seed: int, *, batch: int, steps: int) -> None:
    """So many batches, as training warps them."""
    rng, space, warps = np.random.default_rng(seed), Workspace(), RECIPES["record"].warps
    assert warps is not None
    for step in range(steps):
        start = step * batch % (len(images) - batch)
        warped(images[start : start + batch], warps, rng=rng, space=space)

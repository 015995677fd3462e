"""Warps: warped digits a second."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.comparison import Comparison, alternate
from benchmarks.job import Job
from mnistnet.arrays import Floats
from mnistnet.nn.workspace import Workspace
from mnistnet.training.augmentation import Warps, warped

BATCHES = (128, 256)


def measure(job: Job) -> Iterator[Comparison]:
    """Each batch size, with all of Warps' defaults; so many threads of Python, each of which multiplies by itself."""
    images = job.dataset().learning.images
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(job.threads) as pool:
        for batch in BATCHES:
            job.on_case(f"batch {batch}")
            sizes = {"batch": batch, "steps": job.work.steps(batch), "threads": job.threads}
            contestants = {"mnistnet": partial(warps_per_second, pool, images, **sizes)}
            figures = alternate(contestants, repeats=job.work.repeats)
            yield Comparison("warps", job.threads, f"affine and elastic, batch {batch}", "images/s", figures)


def warps_per_second(pool: ThreadPoolExecutor, images: Floats, *, batch: int, steps: int, threads: int) -> float:
    """Images a second that all threads together make, each so many batches."""
    list(pool.map(partial(warp, images, batch=batch, steps=1), range(threads)))
    began = time.perf_counter()
    list(pool.map(partial(warp, images, batch=batch, steps=steps), range(threads)))
    return threads * steps * batch / (time.perf_counter() - began)


def warp(images: Floats, seed: int, *, batch: int, steps: int) -> None:
    """So many batches, as training warps them."""
    rng, space = np.random.default_rng(seed), Workspace()
    for step in range(steps):
        start = step * batch % (len(images) - batch)
        warped(images[start : start + batch], Warps(), rng=rng, space=space)

"""Products: how near training comes to the rate at which NumPy multiplies matrices of the same shapes."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.comparison import Comparison, alternate
from benchmarks.job import Job
from benchmarks.ours import CASES, Case, our_seconds
from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples

MULTIPLICATION_AND_ADDITION = 2


def measure(job: Job) -> Iterator[Comparison]:
    """Each case of the training."""
    train = job.dataset().learning
    for case in CASES:
        job.on_case(str(case))
        work = gigaflops(case) * (steps := job.work.steps(case.batch))
        contestants = {
            "mnistnet": partial(rate, work, partial(our_seconds, case, train, steps=steps)),
            "products alone": partial(rate, work, partial(products_seconds, case, train, steps=steps)),
        }
        figures = alternate(contestants, repeats=job.work.repeats)
        yield Comparison("matmul", job.threads, str(case), "GFLOP/s", figures)


def rate(work: float, seconds: Callable[[], float]) -> float:
    """Work a second."""
    return work / seconds()


def gigaflops(case: Case) -> float:
    """Of all matrix products of a training step: three a layer, but for the first, whose inputs need no gradient."""
    sizes = [inputs * outputs for inputs, outputs in pairwise(case.sizes)]
    return MULTIPLICATION_AND_ADDITION * case.batch * (3 * sum(sizes) - sizes[0]) / 1e9


def products_seconds(case: Case, train: Examples, *, steps: int) -> float:
    """Seconds that the products of so many steps take, after those of a first one."""
    products = step_products(case, train)
    multiply(products)
    began = time.perf_counter()
    for _ in range(steps):
        multiply(products)
    return time.perf_counter() - began


def multiply(products: list[tuple[Floats, Floats, Floats]]) -> None:
    """Each product of two arrays into a third."""
    for left, right, out in products:
        np.matmul(left, right, out=out)


def step_products(case: Case, train: Examples) -> list[tuple[Floats, Floats, Floats]]:
    """The factors and results of a step's products, in their order: forward, then from the last layer to the first the
    weights' gradient and the inputs'."""
    rng = np.random.default_rng(0)
    layers = list(pairwise(case.sizes))
    inputs = [train.images[: case.batch], *(uniform(rng, case.batch, width) for width in case.sizes[1:])]
    weights = [uniform(rng, *layer) for layer in layers]
    products = [(inputs[depth], weights[depth], inputs[depth + 1]) for depth in range(len(layers))]
    grads = [uniform(rng, case.batch, width) for width in case.sizes]
    for depth in reversed(range(len(layers))):
        products.append((inputs[depth].T, grads[depth + 1], uniform(rng, *layers[depth])))
        if depth > 0:
            products.append((grads[depth + 1], weights[depth].T, grads[depth]))
    return products


def uniform(rng: np.random.Generator, *shape: int) -> Floats:
    """Numbers as small as those that training multiplies."""
    return (0.05 * rng.random(shape, np.float32)).astype(np.float32)

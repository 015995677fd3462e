"""Products: how near training comes to the rate at which NumPy multiplies matrices of the same shapes."""

import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from benchmarks.ours import CASES, Case, our_rate
from mnistnet.arrays import Floats
from mnistnet.data.mnist import Examples

TITLE = "Training: beside nothing but its matrix products"
NOTE = (
    "Products alone: what one step multiplies, by NumPy in the same process, into arrays made before. 0.80 x as fast "
    "means that training spends four fifths of its time on them."
)


def measure(job: Job) -> Iterator[Comparison]:
    """Each case of the training."""
    train = job.dataset().learning
    for case in CASES:
        steps = job.work.steps(case.batch)
        contestants = {
            "mnistnet": partial(our_rate, case, train, steps=steps),
            "products alone": partial(products_rate, case, train, steps=steps),
        }
        yield job.compare(str(case), "images/s", contestants)


def products_rate(case: Case, train: Examples, *, steps: int) -> float:
    """Images a second, were there nothing but the products of so many steps, after those of a first one."""
    products = step_products(case, train)
    multiply(products)
    began = time.perf_counter()
    for _ in range(steps):
        multiply(products)
    return steps * case.batch / (time.perf_counter() - began)


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

"""Time to: seconds of training until so many of the validation images are read right, by recipe."""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import torch

from benchmarks.comparison import Comparison
from benchmarks.curves import TARGETS, Learn, Point, best, curve, longest, seconds_to
from benchmarks.job import Job
from benchmarks.ours import Case, our_epochs, our_seconds
from benchmarks.peers import keras_mnist_mlp, sklearn_mlp_adam, sklearn_seconds, torch_seconds
from mnistnet.data.mnist import Examples, split
from mnistnet.training.recipes import RECIPES

VALIDATION = 1 / 12
"""Share of the images to learn from: 5,000 of MNIST's 60,000."""


def measure(job: Job) -> Iterator[Comparison]:
    """Each target; all trainings go on to the highest."""
    torch.set_num_threads(job.threads)
    learning = job.dataset().learning
    warm_up(learning)
    recipes = contestants(job)
    curves: dict[str, list[list[Point]]] = {name: [] for name in recipes}
    for seed in range(job.work.seeds):
        kept = round(VALIDATION * len(learning.labels))
        train, validation = split(learning, validation=kept, rng=np.random.default_rng(seed))
        for name, learn in recipes.items():
            job.on_case(f"{name}, seed {seed}")
            curves[name].append(curve(learn, train, validation, seed=seed, limit=job.work.limit))
    notes = {name: f"best {100 * best(of_name):.2f} % in {longest(of_name):.0f} s" for name, of_name in curves.items()}
    for target in TARGETS:
        figures = {name: [seconds_to(target, one) for one in of_name] for name, of_name in curves.items()}
        yield Comparison("time-to", job.threads, f"to {100 * target:.0f} %", "s", figures, notes)


def contestants(job: Job) -> Mapping[str, Learn]:
    """Each recipe as its authors published it."""
    return {
        "mnistnet quick": partial(our_epochs, settings=RECIPES["quick"], cores=job.threads),
        "mnistnet standard": partial(our_epochs, settings=RECIPES["standard"], cores=job.threads),
        "Keras mnist_mlp in PyTorch": keras_mnist_mlp,
        "scikit-learn MLP-adam": sklearn_mlp_adam,
    }


def warm_up(learning: Examples) -> None:
    """Let every library do for the first time what it does for the first time only."""
    case = Case((100,), 100, "adam")
    for seconds in (our_seconds, partial(torch_seconds, fused=None), sklearn_seconds):
        seconds(case, learning, steps=2)

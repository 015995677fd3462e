"""Training: images a second, on the same network, batch, optimiser and precision."""

from collections.abc import Iterator, Mapping
from functools import partial

import torch

from benchmarks.comparison import Comparison, alternate
from benchmarks.job import Job
from benchmarks.ours import CASES, Seconds, images_per_second, our_seconds
from benchmarks.peers import sklearn_seconds, torch_seconds

CONTESTANTS: Mapping[str, Seconds] = {
    "mnistnet": our_seconds,
    "PyTorch": partial(torch_seconds, fused=None),
    "PyTorch, fused": partial(torch_seconds, fused=True),
    "scikit-learn": sklearn_seconds,
}


def measure(job: Job) -> Iterator[Comparison]:
    """Each case."""
    torch.set_num_threads(job.threads)
    train = job.dataset().learning
    for case in CASES:
        job.on_case(str(case))
        steps = job.work.steps(case.batch)
        rates = {
            name: partial(images_per_second, seconds, case, train, steps=steps) for name, seconds in CONTESTANTS.items()
        }
        figures = alternate(rates, repeats=job.work.repeats)
        yield Comparison("training", job.threads, str(case), "images/s", figures)

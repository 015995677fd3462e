"""Growth: how mnistnet's training time grows with width, batch and data."""

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.comparison import Comparison, alternate
from benchmarks.job import Job
from benchmarks.ours import Case, Seconds, our_seconds
from benchmarks.peers import torch_seconds
from mnistnet.data.mnist import Examples

OPTIMIZER = "momentum"
WIDTHS = (128, 256, 512, 1024, 2048)
BATCHES = (16, 64, 256, 1024)
SHARES = (0.125, 0.25, 0.5, 1.0)
USUAL_WIDTH, USUAL_BATCH = 512, 128
QUARTER = 4
"""Of the images of other measurements: there are many points."""
MOST_DATA = 5
"""Times the images of other measurements, or as many as there are."""


def measure(job: Job) -> Iterator[Comparison]:
    """Two hidden layers: microseconds an image by width and by batch, and seconds an epoch by the number of images."""
    torch.set_num_threads(job.threads)
    train = job.dataset().learning
    for width in WIDTHS:
        yield image_time(job, train, Case((width, width), USUAL_BATCH, OPTIMIZER), f"width {width}")
    for batch in BATCHES:
        yield image_time(job, train, Case((USUAL_WIDTH, USUAL_WIDTH), batch, OPTIMIZER), f"batch {batch}")
    most = min(len(train.labels), MOST_DATA * job.work.images)
    for share in SHARES:
        count = round(share * most)
        yield epoch_time(job, Examples(train.images[:count], train.labels[:count]))


def image_time(job: Job, train: Examples, case: Case, name: str) -> Comparison:
    """Of one point."""
    steps = max(2, job.work.steps(case.batch) // QUARTER)
    return compared(job, name, case, train, steps=steps, scale=1e6 / (steps * case.batch), unit="us an image")


def epoch_time(job: Job, train: Examples) -> Comparison:
    """Of one epoch over all these examples."""
    case = Case((USUAL_WIDTH, USUAL_WIDTH), USUAL_BATCH, OPTIMIZER)
    steps = -(-len(train.labels) // case.batch)
    return compared(job, f"data {len(train.labels)}", case, train, steps=steps, scale=1.0, unit="s an epoch")


def compared(job: Job, name: str, case: Case, train: Examples, *, steps: int, scale: float, unit: str) -> Comparison:
    """Training and PyTorch's, seconds times scale."""
    job.on_case(name)
    contestants = {
        "mnistnet": partial(scaled, our_seconds, case, train, steps=steps, scale=scale),
        "PyTorch, fused": partial(scaled, partial(torch_seconds, fused=True), case, train, steps=steps, scale=scale),
    }
    return Comparison("growth", job.threads, name, unit, alternate(contestants, repeats=min(job.work.repeats, 3)))


def scaled(seconds: Seconds, case: Case, train: Examples, *, steps: int, scale: float) -> float:
    """Seconds in another unit."""
    return scale * seconds(case, train, steps=steps)

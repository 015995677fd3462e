"""Growth: how mnistnet's training time grows with width, batch and data."""

from collections.abc import Iterator

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from benchmarks.ours import Case, our_rate
from mnistnet.data.mnist import Examples

TITLE = "Training: how its time grows"
NOTE = "mnistnet, 784-512-512-10 with momentum SGD at batch 128, but for what is named."
WIDTH, BATCH = 512, 128
WIDTHS = (128, 256, 512, 1024, 2048)
BATCHES = (16, 64, 256, 1024)
QUARTER = 4
"""Of the images of other measurements: there are many points."""
MOST_DATA = 5
"""Times the images of other measurements, or as many as there are."""
SHARES = (0.125, 0.25, 0.5, 1.0)


def measure(job: Job) -> Iterator[Comparison]:
    """Two hidden layers: microseconds an image by width and by batch, and seconds an epoch by the number of images."""
    train = job.dataset().learning
    for width in WIDTHS:
        yield image_time(job, train, f"width {width}", width=width)
    for batch in BATCHES:
        yield image_time(job, train, f"batch {batch}", batch=batch)
    most = min(len(train.labels), MOST_DATA * job.work.images)
    for count in (round(share * most) for share in SHARES):
        yield epoch_time(job, Examples(train.images[:count], train.labels[:count]))


def image_time(job: Job, train: Examples, name: str, *, width: int = WIDTH, batch: int = BATCH) -> Comparison:
    """Of one point."""
    case, steps = momentum_case(width, batch), max(2, job.work.steps(batch) // QUARTER)
    return job.compare(name, "us an image", {"mnistnet": lambda: 1e6 / our_rate(case, train, steps=steps)})


def epoch_time(job: Job, train: Examples) -> Comparison:
    """Of one epoch over all these examples."""
    case, count = momentum_case(WIDTH, BATCH), len(train.labels)
    seconds = {"mnistnet": lambda: count / our_rate(case, train, steps=count // BATCH)}
    return job.compare(f"data {count}", "s an epoch", seconds)


def momentum_case(width: int, batch: int) -> Case:
    """Of two hidden layers."""
    return Case((width, width), batch, "momentum")

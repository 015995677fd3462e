"""Training: images a second, on the same network, batch, optimiser and precision."""

from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from benchmarks.ours import CASES, Rate, our_rate
from benchmarks.pytorch import torch_rate
from benchmarks.scikit_learn import sklearn_rate

TITLE = "Training: images a second"
NOTE = (
    "The same network, batch, optimiser and rate (Adam 0.001; SGD 0.05 with momentum 0.9), float32, ReLU, "
    "cross-entropy, shuffled, batches gathered from memory. mnistnet: the loop of `mnistnet train`. PyTorch: eager, "
    "tensors in memory, with its default optimiser and with fused=True. scikit-learn: MLPClassifier.partial_fit."
)
CONTESTANTS: Mapping[str, Rate] = {
    "mnistnet": our_rate,
    "PyTorch": partial(torch_rate, fused=None),
    "PyTorch, fused": partial(torch_rate, fused=True),
    "scikit-learn": sklearn_rate,
}


def measure(job: Job) -> Iterator[Comparison]:
    """Each case."""
    train = job.dataset().learning
    for case in CASES:
        steps = job.work.steps(case.batch)
        rates = {name: partial(rate, case, train, steps=steps) for name, rate in CONTESTANTS.items()}
        yield job.compare(str(case), "images/s", rates)

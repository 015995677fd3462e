"""scikit-learn: the same trainings by its MLPClassifier."""

import time
from collections.abc import Iterator

import numpy as np
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]

from benchmarks.ours import LEARNING_RATES, Case, Point
from mnistnet.arrays import CLASSES
from mnistnet.data.mnist import Examples


def sklearn_network(case: Case) -> MLPClassifier:
    """About to be trained."""
    return MLPClassifier(
        case.hidden,
        solver={"adam": "adam", "momentum": "sgd"}[case.optimizer],
        momentum=0.9,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=case.batch,
        random_state=0,
        learning_rate_init=LEARNING_RATES[case.optimizer],
    )


def sklearn_rate(case: Case, train: Examples, *, steps: int) -> float:
    """Of a new network in partial_fit, scikit-learn's own loop over one epoch: of so many steps, or over all images."""
    count, network = min(steps * case.batch, len(train.labels)), sklearn_network(case)
    network.partial_fit(train.images[: case.batch], train.labels[: case.batch], classes=np.arange(CLASSES))
    began = time.perf_counter()
    network.partial_fit(train.images[:count], train.labels[:count])
    return count / (time.perf_counter() - began)


def sklearn_mlp_adam(train: Examples, validation: Examples, *, seed: int) -> Iterator[Point]:
    """The recipe MLP-adam of scikit-learn's benchmarks/bench_mnist.py: 784-100-100-10, Adam at 0.001, L2 penalty 1e-4,
    batch 200 (what its "auto" means), at most 400 epochs. Its rule to stop when the loss stands still is left out."""
    network = MLPClassifier(
        (100, 100),
        solver="adam",
        learning_rate_init=0.001,
        alpha=1e-4,
        random_state=np.random.RandomState(seed),  # a number would give each epoch the same order
    )
    seconds = 0.0
    for _ in range(400):
        began = time.perf_counter()
        network.partial_fit(train.images, train.labels, classes=np.arange(CLASSES))
        seconds += time.perf_counter() - began
        yield Point(seconds, float(network.score(validation.images, validation.labels)))

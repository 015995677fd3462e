"""Estimator: mnistnet's MLPClassifier beside scikit-learn's, in time and accuracy, at equal settings."""

import gzip
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.neural_network  # type: ignore[import-untyped]
from sklearn.datasets import load_digits  # type: ignore[import-untyped]
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from mnistnet.data.idx import parse_idx
from mnistnet.data.mnist import Examples
from mnistnet.data.mnist_files import FILES
from mnistnet.sklearn import MLPClassifier

TITLE = "Estimator: seconds of fit, and accuracy"
NOTE = (
    "mnistnet.sklearn.MLPClassifier and scikit-learn's own with the same arguments: one hidden layer of 100, ReLU, "
    "Adam 0.001, batches of 200, alpha 0.0001, so many epochs without an early end, features in float32 from 0 to 1. "
    "Each round another seed: another start and order, and of load_digits another split. Accuracy is that on test "
    "examples."
)
FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist has it; left out where that is not installed."""
SMALL = 10
"""load_digits, which is small, is gone over so many times as often."""
CONTESTANTS: Mapping[str, type[Any]] = {"mnistnet": MLPClassifier, "scikit-learn": sklearn.neural_network.MLPClassifier}


def measure(job: Job) -> Iterator[Comparison]:
    """Each data set."""
    dataset, epochs = job.dataset(), job.work.epochs
    yield compare(job, "load_digits", SMALL * epochs, None)
    yield compare(job, dataset.name, epochs, (dataset.learning, dataset.test))
    if FASHION.is_dir():
        yield compare(job, "Fashion-MNIST", epochs, fashion())


def compare(job: Job, name: str, epochs: int, data: tuple[Examples, Examples] | None) -> Comparison:
    """Train and test both in turns, once a round; None for load_digits."""
    case = f"{name}, {epochs} epoch{'s' * (epochs > 1)}"
    job.show(case)
    seconds: dict[str, list[float | None]] = {contestant: [] for contestant in CONTESTANTS}
    accuracies: dict[str, list[float]] = {contestant: [] for contestant in CONTESTANTS}
    for seed in range(job.work.repeats):
        train, test = data or small_digits(seed)
        for contestant, made in CONTESTANTS.items():
            model = made(max_iter=epochs, n_iter_no_change=epochs, random_state=seed)
            seconds[contestant].append(seconds_of_fit(model, train))
            accuracies[contestant].append(float(model.score(test.images, test.labels)))
    notes = {contestant: accuracy_text(shares) for contestant, shares in accuracies.items()}
    return Comparison(job.part, job.threads, case, "s", seconds, notes)


def seconds_of_fit(model: Any, train: Examples) -> float:
    """Of a whole training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it ends when it is told to
        began = time.perf_counter()
        model.fit(*train)
        return time.perf_counter() - began


def accuracy_text(shares: list[float]) -> str:
    """Mean and sample standard deviation over the rounds."""
    spread = f", spread {100 * np.std(shares, ddof=1):.2f}" if len(shares) > 1 else ""
    return f"{100 * np.mean(shares):.2f} % right{spread}"


def small_digits(seed: int) -> tuple[Examples, Examples]:
    """scikit-learn's 1,797 digits of 8 x 8 pixels: three quarters to learn from, a quarter to test."""
    images, labels = load_digits(return_X_y=True)
    parts = train_test_split((images / 16).astype(np.float32), labels, stratify=labels, random_state=seed)
    return Examples(*parts[::2]), Examples(*parts[1::2])


def fashion() -> tuple[Examples, Examples]:
    """Fashion-MNIST, to learn from and to test."""
    contents = [gzip.decompress((FASHION / file.packed_name).read_bytes()) for file in FILES]
    arrays = [parse_idx(content, name=file.name) for content, file in zip(contents, FILES, strict=True)]
    images = [np.divide(pixels.reshape(len(pixels), -1), 255, dtype=np.float32) for pixels in arrays[::2]]
    return Examples(images[0], arrays[1].astype(np.int64)), Examples(images[1], arrays[3].astype(np.int64))

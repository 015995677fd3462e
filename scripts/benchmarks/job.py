"""Job: what a part of the benchmark is asked to do."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparison import Comparison, alternate
from mnistnet.data.mnist import Dataset, load_folder, load_sample


@dataclass(frozen=True)
class Work:
    """How much is measured; the defaults take about a quarter of an hour in all."""

    repeats: int = 5
    """Rounds that count, after the one that does not."""
    images: int = 6_400
    """Trained on in one measurement."""
    passes: int = 5
    """Over the test images, in one measurement of reading many."""
    readings: int = 1_000
    """Of a single image, in one measurement."""
    seeds: int = 3
    """Trainings by each recipe."""
    epochs: int = 10
    """Of each training of the estimators."""
    limit: float = 45.0
    """Seconds of training after which a recipe is given up."""

    def steps(self, batch: int) -> int:
        """As many as there are batches in the images of one measurement."""
        return max(1, self.images // batch)


QUICK = Work(repeats=2, images=2_560, passes=1, readings=200, seeds=1, epochs=1, limit=5.0)
"""For a rough answer in two or three minutes."""


@dataclass(frozen=True)
class Job:
    """Given to the function measure of each part."""

    part: str
    threads: int
    """0 for as many as libraries take by themselves."""
    data: str
    """A folder with MNIST's files, or sample."""
    work: Work
    quiet: bool

    def dataset(self) -> Dataset:
        """The digits."""
        return load_sample() if self.data == "sample" else load_folder(Path(self.data))

    def show(self, case: str) -> None:
        """Say what is measured next."""
        if not self.quiet:
            part = f"{self.part}, {threads_text(self.threads)}" if self.threads else self.part
            print(f"{part}: {case}", file=sys.stderr, flush=True)

    def compare(self, case: str, unit: str, contestants: Mapping[str, Callable[[], float]]) -> Comparison:
        """Measure contestants in turns."""
        self.show(case)
        return Comparison(self.part, self.threads, case, unit, alternate(contestants, repeats=self.work.repeats))


def threads_text(threads: int) -> str:
    """Such as 2 threads."""
    return f"{threads} thread{'s' * (threads > 1)}"

"""Job: what a part of the benchmark is asked to do."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mnistnet.data.mnist import Dataset, load_folder, load_sample


@dataclass(frozen=True)
class Work:
    """How much is measured; the defaults take about a quarter of an hour in all."""

    repeats: int = 5
    """Rounds that count, after the one that does not."""
    images: int = 12_800
    """Trained on in one measurement."""
    passes: int = 5
    """Over the test images, in one measurement of reading many."""
    readings: int = 1_000
    """Of a single image, in one measurement."""
    seeds: int = 1
    """Trainings by each recipe."""
    limit: float = 60.0
    """Seconds of training after which a recipe is given up."""

    def steps(self, batch: int) -> int:
        """As many as there are batches in the images of one measurement."""
        return max(1, self.images // batch)


QUICK = Work(repeats=2, images=2_560, passes=1, readings=200, limit=3.0)
"""For a rough answer in two or three minutes."""


@dataclass(frozen=True)
class Job:
    """Given to the function measure of each part."""

    data: str
    """A folder with MNIST's files, or sample."""
    threads: int
    """0 for as many as libraries take by themselves."""
    work: Work
    on_case: Callable[[str], None]
    """Told of each case before it is measured."""

    def dataset(self) -> Dataset:
        """The digits."""
        return load_sample() if self.data == "sample" else load_folder(Path(self.data))

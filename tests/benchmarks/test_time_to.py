"""How long a recipe is followed, and when it got there. What is tested imports PyTorch, which is slow."""

from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest
from benchmarks.ours import Point

from mnistnet.data.mnist import Examples

pytestmark = pytest.mark.slow
NO_EXAMPLES = Examples(np.zeros((0, 784), np.float32), np.zeros(0, np.int64))


@pytest.fixture
def time_to() -> ModuleType:
    """The module, where the packages that it needs are installed."""
    for name in ("torch", "sklearn"):
        pytest.importorskip(name, reason="the extra bench is not installed")
    from benchmarks import time_to

    return time_to


def recipe(_train: Examples, _validation: Examples, *, seed: int) -> Iterator[Point]:
    for seconds, accuracy in ((1, 0.97), (2, 0.985), (3, 0.98), (4, 0.991), (5, 0.995)):
        yield Point(seconds + seed, accuracy)


def test_it_ends_at_the_highest_target(time_to: ModuleType) -> None:
    points = time_to.curve(recipe, NO_EXAMPLES, NO_EXAMPLES, seed=0, limit=60)
    assert [point.seconds for point in points] == [1, 2, 3, 4]
    assert (time_to.seconds_to(0.98, points), time_to.seconds_to(0.99, points)) == (2, 4)


def test_it_ends_at_the_limit(time_to: ModuleType) -> None:
    points = time_to.curve(recipe, NO_EXAMPLES, NO_EXAMPLES, seed=0, limit=2)
    assert [point.seconds for point in points] == [1, 2]
    assert (time_to.seconds_to(0.98, points), time_to.seconds_to(0.99, points)) == (2, None)


def test_the_best_and_the_longest_are_of_all_seeds(time_to: ModuleType) -> None:
    curves = [
        time_to.curve(recipe, NO_EXAMPLES, NO_EXAMPLES, seed=seed, limit=limit) for seed, limit in ((0, 60), (10, 12))
    ]
    assert time_to.best(curves) == "best 99.10 %, longest 12 s"

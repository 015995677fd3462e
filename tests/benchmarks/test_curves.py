"""How long a recipe is followed, and when it got there."""

from collections.abc import Iterator

import numpy as np
from benchmarks.curves import Point, best, curve, longest, seconds_to

from mnistnet.data.mnist import Examples

NO_EXAMPLES = Examples(np.zeros((0, 784), np.float32), np.zeros(0, np.int64))


def recipe(_train: Examples, _validation: Examples, *, seed: int) -> Iterator[Point]:
    for seconds, accuracy in ((1, 0.97), (2, 0.985), (3, 0.98), (4, 0.991), (5, 0.995)):
        yield Point(seconds + seed, accuracy)


def test_it_ends_at_the_highest_target() -> None:
    points = curve(recipe, NO_EXAMPLES, NO_EXAMPLES, seed=0, limit=60)
    assert [point.seconds for point in points] == [1, 2, 3, 4]
    assert (seconds_to(0.98, points), seconds_to(0.99, points)) == (2, 4)


def test_it_ends_at_the_limit() -> None:
    points = curve(recipe, NO_EXAMPLES, NO_EXAMPLES, seed=0, limit=2)
    assert [point.seconds for point in points] == [1, 2]
    assert (seconds_to(0.98, points), seconds_to(0.99, points)) == (2, None)


def test_the_best_and_the_longest_are_of_all_seeds() -> None:
    curves = [curve(recipe, NO_EXAMPLES, NO_EXAMPLES, seed=seed, limit=limit) for seed, limit in ((0, 60), (10, 12))]
    assert (best(curves), longest(curves)) == (0.991, 12)

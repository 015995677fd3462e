"""The best reading against all readings there are, and digits whose places are known."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistnet.arrays import Floats
from mnistnet.reading import best_reading, digit_gains
from mnistnet.vision.normalize import ink_box, to_mnist
from mnistnet.vision.segmentation import find_candidates
from tests.vision.pictures import alike, strip

PARTS = 5
SPANS = [(first, last) for first in range(PARTS) for last in range(first + 1, PARTS + 1)]
WORTH = st.floats(-10, 10)


def worth(reading: tuple[int, ...], spans: list[tuple[int, int]], gains: Floats, losses: Floats) -> float:
    taken = [part for number in reading for part in range(*spans[number])]
    if len(taken) > len(set(taken)):
        return -np.inf
    return float(sum(gains[list(reading)]) - sum(losses[part] for part in range(PARTS) if part not in taken))


@given(
    st.lists(st.sampled_from(SPANS), max_size=9),
    st.lists(WORTH, min_size=9, max_size=9),
    st.lists(WORTH, min_size=PARTS, max_size=PARTS),
)
def test_no_reading_is_worth_more(spans: list[tuple[int, int]], gains: list[float], losses: list[float]) -> None:
    worths = np.array(gains[: len(spans)]), np.array(losses)
    chosen = tuple(best_reading(np.array(spans, int).reshape(-1, 2), *worths))
    everything = [some for count in range(PARTS + 1) for some in combinations(range(len(spans)), count)]
    best = max(worth(reading, spans, *worths) for reading in everything)
    assert worth(chosen, spans, *worths) == pytest.approx(best)
    assert [spans[number] for number in chosen] == sorted(spans[number] for number in chosen)


def test_without_candidates_nothing_is_read() -> None:
    none = np.zeros((0, 2), int)
    assert best_reading(none, np.zeros(0), np.ones(3)) == []
    assert best_reading(none, np.zeros(0), np.zeros(0)) == []


def test_gains_are_the_logarithm_of_both_probabilities() -> None:
    probabilities = np.array([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]])
    likeness = np.log([9.0, 0.25])  # the odds of a digit: 9 to 1 and 1 to 4
    assert digit_gains(probabilities, likeness) == pytest.approx(np.log([0.7 * 0.9, 0.5 * 0.2]))
    assert np.isfinite(digit_gains(probabilities, np.array([1e4, -1e4]))).all()


@pytest.mark.parametrize(("gap", "least"), [(6, 12), (1, 12), (-1, 9)])
def test_who_knows_the_digits_reads_them_in_order_whether_apart_or_touching(gap: int, least: int) -> None:
    right = 0
    for start in range(12):
        ink, alone = strip(range(start, start + 1000, 270), gap=gap)
        candidates = find_candidates(ink)
        known = [to_mnist(one, ink_box(one)) for one in alone]
        likeness = np.array([[alike(candidate.image, digit) for digit in known] for candidate in candidates.found])
        spans = np.array([(candidate.first, candidate.last) for candidate in candidates.found])
        chosen = best_reading(spans, 20 * np.log(likeness.max(axis=1) + 1e-6), candidates.skipping)
        right += likeness[chosen].argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert right >= least

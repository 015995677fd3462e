"""Metrics against hand-worked examples and counting one by one."""

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistnet.evaluation.metrics import confusion_matrix, digit_scores, edit_distance, wilson_interval

LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 9])
PREDICTIONS = np.array([0, 0, 0, 1, 1, 0, 0, 9])


def test_the_confusion_matrix_counts_pairs() -> None:
    confusion = confusion_matrix(LABELS, PREDICTIONS)
    for true in range(10):
        for predicted in range(10):
            expected = sum((t, p) == (true, predicted) for t, p in zip(LABELS, PREDICTIONS, strict=True))
            assert confusion[true, predicted] == expected


def test_the_confusion_matrix_may_have_answers_that_are_no_digit() -> None:
    confusion = confusion_matrix(np.array([0, 9, 9]), np.array([11, 9, 10]), columns=12)
    assert confusion.shape == (10, 12)
    assert {(int(row), int(column)) for row, column in np.argwhere(confusion)} == {(0, 11), (9, 9), (9, 10)}
    assert confusion_matrix(LABELS[:0], PREDICTIONS[:0], columns=12).shape == (10, 12)


@cache
def distance_by_definition(true: str, read: str) -> int:
    """Levenshtein's recursion, word for word."""
    if not true or not read:
        return len(true) + len(read)
    if true[0] == read[0]:
        return distance_by_definition(true[1:], read[1:])
    ways = (true[1:], read), (true, read[1:]), (true[1:], read[1:])
    return 1 + min(distance_by_definition(*way) for way in ways)


@given(st.text("0123", max_size=7), st.text("0123", max_size=7))
def test_the_edit_distance_is_that_of_its_definition(true: str, read: str) -> None:
    assert edit_distance(true, read) == distance_by_definition(true, read)


@pytest.mark.parametrize(("true", "read", "expected"), [("kitten", "sitting", 3), ("", "12", 2), ("1205", "125", 1)])
def test_edit_distances_by_hand(true: str, read: str, expected: int) -> None:
    assert edit_distance(true, read) == expected


def test_digit_scores_by_hand() -> None:
    scores = digit_scores(confusion_matrix(LABELS, PREDICTIONS))
    assert scores[0].precision_interval == wilson_interval(3, 5)
    assert scores[0].recall_interval == wilson_interval(3, 4)
    assert scores[3].recall_interval == (0, 1)  # there is no 3
    names = ("digit", "images", "precision", "recall", "f1")
    zero, one, two, three, *_, nine = [tuple(getattr(score, name) for name in names) for score in scores]
    assert zero == pytest.approx((0, 4, 3 / 5, 3 / 4, 2 / 3))
    assert one == pytest.approx((1, 2, 1 / 2, 1 / 2, 1 / 2))
    assert two == (2, 1, 0, 0, 0)
    assert three == (3, 0, 0, 0, 0)
    assert nine == (9, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [
        (81, 263, (0.2553, 0.3662)),  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0000, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_intervals_as_published(successes: int, trials: int, expected: tuple[float, float]) -> None:
    assert wilson_interval(successes, trials) == pytest.approx(expected, abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_bounds_are_where_the_score_test_is_just_rejected(counts: tuple[int, int]) -> None:
    successes, trials = counts
    for bound in wilson_interval(successes, trials):
        assert 0 <= bound <= 1
        error = math.sqrt(max(bound * (1 - bound), 0) / trials)
        assert abs(successes / trials - bound) == pytest.approx(1.959964 * error, abs=1e-6)

"""Comparisons, held against enumeration, simulation and definitions."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistnet.evaluation.comparison import (
    Contestant,
    Pair,
    compare,
    comparison_text,
    count_pair,
    holm,
    mcnemar,
    p_text,
    paired_difference,
    verdict,
)

COUNTS = st.integers(0, 40)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 1), (3, 3), (1, 7), (7, 1), (0, 10), (4, 9)])
def test_mcnemars_p_is_the_share_of_all_splits_as_uneven_or_more(first: int, second: int) -> None:
    splits = [sum(one) for one in itertools.product((0, 1), repeat=first + second)]
    as_uneven = [split for split in splits if abs(2 * split - first - second) >= abs(first - second)]
    assert mcnemar(first, second) == pytest.approx(len(as_uneven) / len(splits))


def test_mcnemars_p_of_thousands_is_a_number() -> None:
    assert 0 < mcnemar(4_000, 4_400) < 1e-4
    assert mcnemar(5_000, 5_000) == 1


@pytest.mark.slow
@settings(deadline=None)
@given(first=st.integers(0, 400), second=st.integers(0, 400))
def test_mcnemars_p_is_scipys(first: int, second: int) -> None:
    from scipy.stats import binomtest

    if first + second:
        assert mcnemar(first, second) == pytest.approx(binomtest(first, first + second).pvalue)


@given(both=COUNTS, first=COUNTS, second=COUNTS, neither=COUNTS)
def test_the_difference_is_that_of_the_means_and_its_interval_that_of_four_halves_more(
    both: int, first: int, second: int, neither: int
) -> None:
    differences = np.repeat([0, -1, 1, 0], [both, first, second, neither])
    if not len(differences):
        return
    difference, (low, high) = paired_difference(Pair(both, first, second, neither))
    assert difference == pytest.approx(differences.mean())
    weights = np.concatenate([np.ones(len(differences)), np.full(4, 0.5)])
    more = np.concatenate([differences, [0, -1, 1, 0]])
    mean = np.average(more, weights=weights)
    error = math.sqrt(np.average((more - mean) ** 2, weights=weights) / weights.sum())
    assert low == pytest.approx(max(-1, mean - 1.959964 * error))
    assert high == pytest.approx(min(1, mean + 1.959964 * error))
    assert -1 <= low <= high <= 1


def test_95_of_100_intervals_hold_the_true_difference() -> None:
    rng = np.random.default_rng(0)
    shares = (0.96, 0.01, 0.02, 0.01)
    intervals = [paired_difference(Pair(*map(int, rng.multinomial(1000, shares))))[1] for _ in range(4000)]
    assert np.mean([low <= 0.01 <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.012)


def test_pairs_are_counted_by_who_is_right() -> None:
    first = [True, True, True, False, False, False]
    second = [True, False, False, True, False, True]
    assert count_pair(first, second) == Pair(1, 2, 2, 1)


def contestants() -> list[Contestant]:
    return [
        Contestant("one", ["3", "5", "", "7"], 2.0, 1000, 5_000_000),
        Contestant("another", ["3", "6", "", "7"], 1.0, 20, 1_000, "trained on little"),
        Contestant("a name\nof two lines" * 9, ["3", "5", "12", "1"], 0.5, 30, 2_000),
    ]


def test_a_comparison_tells_models_pairs_and_the_pictures_answered_differently() -> None:
    comparison = compare(contestants(), ["3", "5", "", "1"], ["a", "b", "c", "d"], of="pictures", notice="beware")
    assert [model["errors"] for model in comparison["models"]] == [1, 2, 1]
    assert comparison["models"][0]["pictures_per_second"] == 2
    assert [(pair["first"], pair["second"]) for pair in comparison["pairs"]] == [(0, 1), (0, 2), (1, 2)]
    assert [pair["only_first_right"] for pair in comparison["pairs"]] == [1, 1, 1]
    assert [pair["only_second_right"] for pair in comparison["pairs"]] == [0, 1, 2]
    assert comparison["pairs"][2]["difference"] == 0.25
    assert comparison["differ"] == [
        {"picture": "b", "label": "5", "answers": ["5", "6", "5"]},
        {"picture": "c", "label": "", "answers": ["", "", "12"]},
        {"picture": "d", "label": "1", "answers": ["7", "7", "1"]},
    ]
    text = comparison_text(comparison)
    assert "NOTICE: beware" in text
    assert "NOTICE: another: trained on little" in text
    assert "C against A: +0.00 points" in text
    assert "C against B: +25.00 points" in text
    assert "Answered differently: 3 of 4" in text


@pytest.mark.parametrize(
    ("p_value", "difference", "words"),
    [(0.06, 0.1, "no difference"), (0.04, 0.1, "so C is better"), (0.04, -0.1, "so C is worse")],
)
def test_the_verdict_follows_p(p_value: float, difference: float, words: str) -> None:
    pair = {"second": 2, "p_adjusted": p_value, "difference": difference, "interval": (-0.2, 0.2)}
    assert words in verdict(pair)
    assert "approximation" not in verdict(pair)
    assert ("approximation" in verdict(pair | {"interval": (0.01, 0.2)})) == (p_value > 0.05)


def test_holms_values_of_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # his procedure, step by step
    assert holm([0.4, 0.9]) == [0.8, 0.9]
    assert holm([0.02]) == [0.02]


def test_a_p_of_0_is_not_claimed() -> None:
    assert mcnemar(2_500, 10) == 0  # no float is so small
    assert p_text(mcnemar(2_500, 10)) == "p < 1e-99"
    assert p_text(0.0123) == "p = 0.012"

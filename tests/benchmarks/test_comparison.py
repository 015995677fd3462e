"""Measuring in turns, and what is made of the figures."""

import statistics

import numpy as np
import pytest
from benchmarks.comparison import Comparison, alternate, summary


def test_contestants_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []

    def measure(name: str) -> int:
        turns.append(name)
        return len(turns)

    figures = alternate({name: lambda name=name: measure(name) for name in "ABC"}, repeats=2)
    assert "".join(turns) == "ABCABCABC"
    assert figures == {"A": [4, 7], "B": [5, 8], "C": [6, 9]}


@pytest.mark.parametrize("figures", [[1.0, 2.0], [5.0, 1.0, 4.0], [7.0, 7.5, 1.0, 2.0, 9.0, 3.0]])
def test_a_summary_is_what_the_standard_library_says(figures: list[float]) -> None:
    lower, median, upper = statistics.quantiles(figures, n=4, method="inclusive")
    np.testing.assert_allclose(summary(figures), (median, lower, upper))


def test_the_summary_of_one_figure_is_this_one() -> None:
    assert summary([3.0]) == (3.0, 3.0, 3.0)


def test_ratios_are_of_figures_of_the_same_round_and_more_is_better_only_of_a_rate() -> None:
    figures = {"ours": [10.0, 20.0], "theirs": [5.0, 40.0]}
    assert Comparison("training", 1, "case", "images/s", figures).speedups("theirs") == [2.0, 0.5]
    assert Comparison("start", 0, "case", "ms", figures).speedups("theirs") == [0.5, 2.0]


def test_rounds_that_did_not_get_there_have_no_ratio() -> None:
    comparison = Comparison("time-to", 1, "to 99 %", "s", {"ours": [None, 2.0, 3.0], "theirs": [1.0, 4.0, None]})
    assert comparison.speedups("theirs") == [2.0]
    assert comparison.measured("ours") == [2.0, 3.0]

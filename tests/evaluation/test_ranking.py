"""Ranking: means, spreads and their differences against figures worked out by hand."""

import json
import re

import pytest

from mnistnet.evaluation.ranking import Alternative, exceeds_spread, rank, ranking_json, ranking_text


def measured(name: str, *accuracies: float, failure: str = "") -> Alternative:
    """An alternative that had its best accuracy with every seed in the first of two epochs."""
    curves = [[accuracy, accuracy - 0.1] if accuracy else [] for accuracy in accuracies]
    return Alternative({"optimizer": name}, curves, seconds=2.0, failure=failure)


BEST = measured("adam", 0.97, 0.98, 0.99)  # mean 0.98, s 0.01, s^2 / n 3.33e-5


def test_mean_and_spread_are_those_of_the_best_epochs() -> None:
    assert BEST.mean == pytest.approx(0.98)
    assert BEST.spread == pytest.approx(0.01)
    assert measured("sgd", 0.5).spread is None


@pytest.mark.parametrize(
    ("other", "exceeds"),
    [
        (measured("sgd", 0.954, 0.964, 0.974), False),  # behind by 0.016; 2 sqrt(2 * 3.33e-5) = 0.0163
        (measured("sgd", 0.953, 0.963, 0.973), True),  # behind by 0.017
        (measured("sgd", 0.963, 0.963, 0.963), True),  # 2 sqrt(3.33e-5) = 0.0115
        (measured("sgd", 0.963), None),
        (measured("sgd", 0, 0, 0), None),
    ],
)
def test_a_difference_is_held_against_twice_its_standard_error(other: Alternative, exceeds: bool | None) -> None:
    assert exceeds_spread(BEST, other) is exceeds
    assert exceeds_spread(other, BEST) is exceeds


def test_the_best_comes_first_and_what_failed_last() -> None:
    failing = measured("rmsprop", 0.999, 0, 0.999, failure="seed 1 failed: loss exploded")
    order = rank([failing, measured("sgd", 0.5, 0.5, 0.5), BEST])
    assert [one.values["optimizer"] for one in order] == ["adam", "sgd", "rmsprop"]


def test_the_table_shows_it_all_within_100_columns() -> None:
    failing = measured("rmsprop", 0.9, 0, 0, failure="seed 1 failed: loss exploded; " + "lower the rate " * 20)
    text = ranking_text(rank([failing, measured("sgd", 0.95, 0.96, 0.97), measured("nag", 0.975, 0.97, 0.98), BEST]))
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert rows[:5] == [
        "optimizer accuracy spread behind exceeds spread s a run",
        "* adam 98.00 % 1.00 - - 2.0",
        "nag 97.50 % 0.50 0.50 no 2.0",
        "sgd 96.00 % 1.00 2.00 yes 2.0",
        "rmsprop 90.00 % - - 2 of 3 failed 2.0",
    ]
    assert "2 sqrt(s1^2/n1 + s2^2/n2)" in text
    assert "\nrmsprop, seed 1 failed: loss exploded" in text
    assert max(map(len, text.splitlines())) <= 100


def test_with_one_seed_it_says_that_nothing_is_known_of_chance() -> None:
    text = ranking_text(rank([measured("sgd", 0.95), measured("adam", 0.96)]))
    assert re.search(r"\* adam +96\.00 % +- +- +- ", text)
    assert re.search(r" sgd +95\.00 % +- +1\.00 +unknown ", text)
    assert "1 seed: spread unknown" in text


def test_many_settings_are_wrapped_within_100_columns() -> None:
    values = {f"a-setting-of-long-name-{number}": f"value-{number}" for number in range(8)}
    one = Alternative(values, [[0.9], [0.91]], seconds=1.0)
    text = ranking_text([one, one])
    assert max(map(len, text.splitlines())) <= 100
    assert all(text.count(value) == 2 for value in values.values())


def test_where_all_failed_none_is_best() -> None:
    text = ranking_text([measured("sgd", 0, 0, failure="seed 0 failed: loss exploded")])
    assert "*" not in text.splitlines()[1]
    assert "2 of 2 failed" in text


def test_json_says_the_same() -> None:
    rows = json.loads(json.dumps(ranking_json(rank([measured("sgd", 0.95, 0, failure="seed 1 failed"), BEST]))))
    assert [row["best"] for row in rows] == [True, False]
    assert rows[0]["spread"] == pytest.approx(0.01)
    assert rows[1]["accuracies"] == [0.95, None]
    assert rows[1]["exceeds_spread"] is None
    assert rows[1]["behind"] == pytest.approx(0.03)

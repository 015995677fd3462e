"""The reading score against answers counted by hand."""

import json
from collections import Counter

import pytest

from mnistnet.evaluation.metrics import wilson_interval
from mnistnet.evaluation.reading_score import Answer, Score, score_answers, score_text

ANSWERS = [
    Answer("a", "3", "3", 0.9, True, "photo"),
    Answer("b", "3", "3", 0.6, False, "photo"),
    Answer("c", "3", "8", 0.98, False, "photo"),
    Answer("d", "3", "33", 0.95, True, "scan"),
    Answer("e", "4", "", 0.0, False, "scan"),
    Answer("f", "4", "9", 0.99, True, "scan"),
    Answer("g", "1205", "1205", 0.9, True, "multi"),
    Answer("h", "1205", "125", 0.97, True, "multi"),  # one digit lost
    Answer("i", "77", "1171", 0.5, False, "multi"),  # two too many, one wrong
    Answer("j", "", "", 0.0, False, ""),
    Answer("k", "", "5", 0.3, False, ""),
    Answer("l", "", "5", 0.96, True, ""),
]


@pytest.fixture
def score() -> Score:
    return score_answers(ANSWERS)


def share(count: int, of: int) -> dict[str, object]:
    return {"count": count, "of": of, "share": count / of, "interval": wilson_interval(count, of)}


def test_shares_by_hand(score: Score) -> None:
    single, numbers = score["single_digits"], score["numbers"]
    assert score["pictures"] == 12
    assert single["right"] == share(2, 6)
    assert single["right_of_sure"] == share(1, 3)
    assert single["unsure_of_right"] == share(1, 2)
    assert numbers["right"] == share(1, 3)
    assert numbers["right_of_sure"] == share(1, 2)
    assert numbers["unsure_of_right"] == share(0, 1)
    assert score["no_digit"]["refused"] == share(2, 3)


def test_digits_of_numbers_by_hand(score: Score) -> None:
    numbers = score["numbers"]
    assert (numbers["digits"], numbers["edits"]) == (10, 4)
    assert numbers["digit_accuracy"] == pytest.approx(0.6)


def test_the_confusion_matrix_has_every_single_digit_once(score: Score) -> None:
    single = score["single_digits"]
    pairs = {("3", "3"): 2, ("3", "8"): 1, ("3", "many"): 1, ("4", "none"): 1, ("4", "9"): 1}
    columns = single["confusion_columns"]
    assert columns == [*"0123456789", "many", "none"]
    counted = {
        (str(digit), columns[column]): count
        for digit, row in enumerate(single["confusion"])
        for column, count in enumerate(row)
        if count
    }
    assert counted == pairs
    assert single["unsure"] == [0, 0, 0, 2, 1, 0, 0, 0, 0, 0]


def test_groups_share_out_the_whole(score: Score) -> None:
    groups = score["groups"]
    assert list(groups) == ["", "multi", "photo", "scan"]
    assert groups["photo"]["single_digits"]["right"] == share(2, 3)
    assert groups["scan"]["single_digits"]["right"] == share(0, 3)
    assert groups["multi"]["numbers"] == score["numbers"]
    assert groups[""]["no_digit"] == score["no_digit"]
    for part in ("single_digits", "numbers"):
        for name in ("right", "right_of_sure", "unsure_of_right"):
            total = Counter[str]()
            for group in groups.values():
                total.update({key: group[part][name][key] for key in ("count", "of")})
            assert dict(total) == {key: score[part][name][key] for key in ("count", "of")}


def test_without_groups_there_are_none() -> None:
    assert score_answers([answer._replace(group="") for answer in ANSWERS])["groups"] == {}


def test_the_misread_come_sure_ones_first_then_by_confidence(score: Score) -> None:
    assert [answer["file"] for answer in score["misread"]] == ["f", "h", "l", "d", "c", "i", "e"]
    assert score["misread"][0] == {
        "file": "f",
        "label": "4",
        "digits": "9",
        "confidence": 0.99,
        "sure": True,
        "group": "scan",
    }


def test_nothing_is_no_division_by_zero() -> None:
    score = score_answers([])
    assert score["pictures"] == 0
    nothing = {"count": 0, "of": 0, "share": None, "interval": None}
    assert score["single_digits"]["right"] == score["no_digit"]["refused"] == nothing
    assert score["numbers"]["digit_accuracy"] is None
    assert score_text(score, by="", printable=str) == ""


def test_it_is_json(score: Score) -> None:
    again = json.loads(json.dumps(score))
    assert score_text(again, by="kind", printable=str) == score_text(score, by="kind", printable=str)


def test_its_text_says_the_same_within_80_columns(score: Score) -> None:
    text = score_text(score, by="kind", printable=str)
    lines = text.splitlines()
    low, high = (f"{100 * bound:.2f} %" for bound in wilson_interval(2, 6))
    assert lines[0] == f"Single digits: 33.33 % right (95 % interval {low} to {high}), 2 of 6"
    assert "  where right: 50.00 % unsure (95 %" in text
    assert "Numbers: 33.33 % wholly right" in text
    assert "  digit by digit: 60.00 % right, 4 edits for 10 digits" in lines
    assert "No digit: 66.67 % refused" in text
    table = [line.split() for line in lines]
    assert ["true", *"0123456789", "many", "none", "unsure"] in table
    assert ["3", ".", ".", ".", "2", ".", ".", ".", ".", "1", ".", "1", ".", "2"] in table
    assert ["photo", "3", "66.67", "%", ".", ".", ".", "."] in table
    assert ["multi", ".", ".", "3", "33.33", "%", "60.00", "%", "."] in table
    assert ["(nothing)", ".", ".", ".", ".", ".", "66.67", "%"] in table
    assert "Misread, the surest first (7 of 7)" in lines
    assert "  f: true 4, read as 9, 99.0 %" in lines
    assert "  c: true 3, read as 8, 98.0 % unsure" in lines
    assert "  e: true 4, read as no digit" in lines
    assert "  l: true no digit, read as 5, 96.0 %" in lines
    assert max(map(len, lines)) <= 80


def test_its_text_tells_the_worst_of_many_and_no_more() -> None:
    answers = [Answer(f"{number:02}", "3", "8", number / 100, True) for number in range(50)]
    text = score_text(score_answers(answers), by="", printable=str, shown=3)
    assert text.split("\n\n")[-1].splitlines() == [
        "Misread, the surest first (3 of 50)",
        *(f"  {number}: true 3, read as 8, {number}.0 %" for number in (49, 48, 47)),
    ]


def test_names_are_shown_as_they_can_be() -> None:
    answers = [Answer("two\nlines", "3", "8", 0.5, True, "a\nb"), Answer("x", "3", "8", 0.4, True, "y" * 60)]
    text = score_text(score_answers(answers), by="ki\nnd", printable=lambda name: name.replace("\n", "?"))
    assert "  two?lines: true 3" in text
    assert "\na?b " in text
    assert "\nki?nd " in text
    assert "y" * 40 in text
    assert "y" * 41 not in text


def test_other_classes_have_names() -> None:
    classes = ("Ring", "a cross", "x")
    answers = [
        Answer("a", "Ring", "Ring", 0.9, True),
        Answer("b", "Ring", "x", 0.9, False),
        Answer("c", "a cross", "", 0.0, False),
        Answer("d", "", "x", 0.9, True),
    ]
    score = score_answers(answers, classes)
    assert score["single_digits"]["right"] == share(1, 3)
    assert score["numbers"]["right"] == {"count": 0, "of": 0, "share": None, "interval": None}
    assert score["single_digits"]["confusion"] == [[1, 0, 1, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert score["single_digits"]["unsure"] == [1, 1, 0]
    text = score_text(score, by="", printable=str)
    assert "Pictures: 33.33 % right" in text
    (row,) = [line for line in text.splitlines() if line.startswith("1 a cross")]
    assert row.split() == ["1", "a", "cross", ".", ".", ".", ".", "1", "1"]

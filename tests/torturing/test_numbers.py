"""A fixed few of the trials of numbers; `scripts/torture.py` runs many more."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

if sys.platform == "win32":
    pytest.skip("the trials are POSIX's", allow_module_level=True)

from torturing.jobs import GOLDEN, make_workplace
from torturing.numbers import (
    RECIPES,
    THREADS_TOLERANCE,
    TOLERANCE,
    against_float64,
    distance,
    golden_answer,
    on_threads,
    read_twice,
    trained_twice,
)

from mnistnet.data.mnist import load_sample
from mnistnet.model_file import READABLE

ANSWERS = json.loads((GOLDEN / "answers.json").read_text())


@pytest.mark.parametrize("version", sorted(ANSWERS))
def test_a_file_of_an_earlier_version_answers_as_it_did(version: str) -> None:
    """Each was written, and asked, by the program as it was when that version was the newest."""
    assert golden_answer(version, ANSWERS[version]) == ""


def test_there_is_a_file_of_each_version() -> None:
    assert sorted(ANSWERS) == [str(version) for version in READABLE]
    assert all((GOLDEN / f"version_{version}.npz").stat().st_size < 20_000 for version in READABLE)


def test_another_answer_would_be_seen() -> None:
    others = ANSWERS["5"] | {"confidences": ANSWERS["4"]["confidences"]}
    assert golden_answer("5", others) == "version 5: other confidences"


@pytest.mark.parametrize("seed", range(5))
def test_float32_is_as_good_as_float64_but_for_the_last_digits(seed: int) -> None:
    assert against_float64(seed) == ""


def test_the_tolerances_are_few_of_the_last_digits() -> None:
    assert distance(np.array([1.0, -3.0]), np.array([1.0, -3.003])) == pytest.approx(1e-3, rel=1e-2)
    assert max(TOLERANCE, THREADS_TOLERANCE) <= 1e-3


def test_two_processes_give_the_same_answers(tmp_path: Path) -> None:
    assert read_twice(make_workplace(tmp_path), 1) == ""


@pytest.mark.slow
def test_two_trainings_at_once_give_the_same_bits(tmp_path: Path) -> None:
    assert trained_twice(make_workplace(tmp_path), RECIPES[2], 7, 1) == ""


@pytest.mark.slow
def test_another_number_of_threads_changes_the_last_digits_only() -> None:
    assert on_threads(load_sample(), 0) == ""

"""Real pictures from many hands, read by the shipped model: they are in no repository, the environment names them."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import CommandLine

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pictures() -> Path:
    """A folder with labels.csv, of file, label and kind; the folder in it that a picture lies in is its source."""
    named = os.environ.get("MNISTNET_TEST_PHOTOS")
    if not named:
        pytest.skip("needs real pictures: set MNISTNET_TEST_PHOTOS to a folder of them with their labels.csv")
    return Path(named).absolute()


@pytest.fixture(scope="module")
def score(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> dict[str, Any]:
    done = CommandLine(tmp_path_factory.mktemp("home"))("evaluate", pictures, "--json", "--quiet")
    found = dict(json.loads(done.stdout))
    assert (done.returncode, found["unreadable"], found["without_label"]) == (0, [], [])
    return found


def test_single_digits_are_read_and_seldom_unsure(score: dict[str, Any]) -> None:
    single, photos = score["single_digits"], score["groups"]["photo"]["single_digits"]
    assert single["right"]["share"] >= 0.97
    assert photos["right"]["share"] >= 0.97
    assert single["unsure_of_right"]["share"] <= 0.04


def test_what_is_no_digit_is_refused(score: dict[str, Any]) -> None:
    assert score["no_digit"]["refused"]["share"] == 1


@pytest.mark.parametrize(("source", "bar"), [("ORAND-CAR-A-train", 0.6), ("anzemur-Digit-recognition-boxed", 0.9)])
def test_numbers_on_cheques_and_boxed_digits_are_read(
    score: dict[str, Any], pictures: Path, source: str, bar: float
) -> None:
    with (pictures / "labels.csv").open(newline="") as file:
        count = sum(row["file"].startswith(source) for row in csv.DictReader(file))
    misread = sum(picture["file"].startswith(source) for picture in score["misread"])
    assert count - misread >= bar * count > 0

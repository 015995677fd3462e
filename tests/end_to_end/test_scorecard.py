"""`mnistnet report --scorecard`, as a user runs it."""

import json
from pathlib import Path

import pytest

from mnistnet.evaluation.report import make_report
from mnistnet.evaluation.scorecard import CONDITIONS
from mnistnet.model_file import save_model
from tests.end_to_end.conftest import CommandLine
from tests.models import small_model

SHORT = ("report", "shipped", "--scorecard", "--data", "sample", "--count", 2)


def test_it_tells_every_condition_and_the_same_the_second_time(mnistnet: CommandLine) -> None:
    done = mnistnet(*SHORT, "--json")
    assert done.returncode == 0
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == list(CONDITIONS)
    scorecard = json.loads(done.stdout)
    assert (scorecard["dataset"], scorecard["digits"], scorecard["seed"]) == ("sample", 2, 0)
    assert scorecard["direct"]["of"] == 2
    assert list(scorecard["conditions"]) == list(CONDITIONS)
    assert all(score["right"]["of"] == 2 for score in scorecard["conditions"].values())
    assert sum(score["right"]["count"] for score in scorecard["conditions"].values()) > 2 * len(CONDITIONS) * 0.8
    again = mnistnet(*SHORT, "--json", "--quiet")
    assert (again.stdout, again.stderr) == (done.stdout, "")


def test_without_mnist_the_sample_is_taken_and_nothing_is_fetched_or_written(mnistnet: CommandLine) -> None:
    done = mnistnet("report", "shipped", "--scorecard", "--count", 2, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 test digits of the bundled sample" in done.stdout
    assert "NOTICE: the model was trained on these digits" in done.stdout
    assert all(f"\n{name} " in done.stdout for name in CONDITIONS)
    assert max(map(len, done.stdout.split("Model ")[0].splitlines())) <= 80
    assert not mnistnet.home.exists()


def test_a_run_and_its_model_have_one_scorecard(mnistnet: CommandLine, tmp_path: Path) -> None:
    model, path = small_model(), tmp_path / "mine.npz"
    save_model(model, path)
    (tmp_path / "report.json").write_text(json.dumps(make_report(model, path=str(path))))
    of_model, of_run = (mnistnet("report", name, *SHORT[2:], "--quiet").stdout for name in (path, tmp_path))
    assert f"Model    {path}\n" in of_model
    assert of_run == of_model
    path.unlink()
    gone = mnistnet("report", tmp_path, *SHORT[2:])
    assert (gone.returncode, gone.stdout, gone.stderr.count("\n")) == (1, "", 1)
    assert str(path) in gone.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--scorecard", "--data", "sample", "--count", 0), 2, "from 1 to 1,000, got 0"),
        (("--scorecard", "--data", "sample", "--count", 1001), 2, "from 1 to 1,000, got 1,001"),
        (("--count", 5), 2, "--count is for --scorecard"),
        (("--data", "sample"), 1, "was tested on other data"),
        (("--scorecard", "--data", "nowhere"), 1, "nowhere is not a folder"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(
    mnistnet: CommandLine, arguments: tuple[object, ...], status: int, said: str
) -> None:
    done = mnistnet("report", "shipped", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("report", [{"schema": 2}, {"schema": 2, "model": 3}])
def test_a_report_without_a_model_is_one_clear_line(mnistnet: CommandLine, tmp_path: Path, report: object) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report))
    done = mnistnet("report", tmp_path, "--scorecard")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "names no model" in done.stderr

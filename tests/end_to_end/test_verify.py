"""`mnistnet verify`, as a user runs it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mnistnet.model_file import load_model, save_model
from tests.end_to_end.conftest import CommandLine, Done


def test_a_claim_that_holds_is_exit_status_0(trained: tuple[CommandLine, Done]) -> None:
    mnistnet, training = trained
    result = json.loads(training.stdout)
    done = mnistnet("verify", result["model"])
    assert done.returncode == 0
    assert (
        f"claimed   {result['test_errors']} of 1,000 test images wrong\nmeasured  {result['test_errors']} of"
        in done.stdout
    )
    assert "The claim holds" in done.stdout
    as_json = json.loads(mnistnet("verify", result["model"], "--json").stdout)
    claim = {"claimed_errors": result["test_errors"], "measured_errors": result["test_errors"]}
    assert as_json == claim | {"test_images": 1000, "holds": True, "same_confusion": True, "model": result["model"]}


@pytest.mark.parametrize("better", [1, 0])
def test_a_claim_that_does_not_hold_is_exit_status_1(
    trained: tuple[CommandLine, Done], tmp_path: Path, better: int
) -> None:
    mnistnet, training = trained
    model = load_model(Path(json.loads(training.stdout)["model"]))
    confusion = [list(row) for row in model.provenance.confusion]
    (true, read) = next((t, r) for t in range(10) for r in range(10) if t != r and confusion[t][r])
    confusion[true][read] -= 1
    confusion[true][true if better else next(r for r in range(10) if r not in (true, read))] += 1
    liar = tmp_path / "liar.npz"
    save_model(replace(model, provenance=replace(model.provenance, confusion=confusion)), liar)
    done = mnistnet("verify", liar)
    assert done.returncode == better  # as many errors of other kinds are told, but are no other claim
    assert ("The claim does NOT hold" in done.stdout) == bool(better)
    assert ("the confusion matrix is another one" in done.stdout) == (not better)
    assert json.loads(mnistnet("verify", liar, "--json").stdout)["same_confusion"] is False
    if better:
        report = mnistnet("report", liar, "--data", "sample")
        assert "NOTICE: the model file claims" in report.stdout


def test_other_data_than_the_models_are_one_clear_line(mnistnet: CommandLine) -> None:
    done = mnistnet("verify", "shipped", "--data", "sample")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "was tested on other data" in done.stderr


def test_without_data_and_network_it_says_what_to_do(mnistnet: CommandLine) -> None:
    done = mnistnet("verify", "shipped", "--mirror", "http://127.0.0.1:9/", "--quiet")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "--data DIR" in done.stderr


@pytest.mark.slow
def test_the_shipped_model_keeps_its_claim_to_the_last_cell(mnistnet: CommandLine, mnist_dir: Path) -> None:
    done = mnistnet("verify", "shipped", "--data", mnist_dir, "--json")
    result = json.loads(done.stdout)
    assert (done.returncode, result["holds"], result["same_confusion"]) == (0, True, True)
    assert (result["measured_errors"], result["test_images"]) == (36, 10_000)

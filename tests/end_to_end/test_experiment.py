"""`mnistnet experiment`, as a user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mnistnet.commands import main
from tests.end_to_end.conftest import CommandLine

ON_SAMPLE = ("experiment", "--data", "sample", "--hidden", "8", "--jobs", "2")
GRID = ("--vary", "optimizer=sgd,adam", "--vary", "batch-norm=on,off", "--seeds", "2", "--epochs", "2")
LONG = ("--vary", "epochs=2,20000", "--quiet", "--output")
Done = tuple[CommandLine, subprocess.CompletedProcess[str]]
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's signals")


def results_of(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return facts


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The command line after one experiment, and what that printed."""
    mnistnet = CommandLine(tmp_path_factory.mktemp("experiment") / "home")
    return mnistnet, mnistnet(*ON_SAMPLE, *GRID)


def test_the_table_ranks_the_grid_and_says_what_is_compared(done: Done) -> None:
    _, shown = done
    assert shown.returncode == 0, shown.stderr
    assert "Validation accuracy of the best epoch, mean over 2 seeds, 0 to 1; the bundled sample" in shown.stdout
    assert "the test set was not touched" in shown.stdout
    row = r"^([* ]) (sgd |adam) +(on|off) +([\d.]+) % +([\d.]+) +(-|[\d.]+) +(-|yes|no) +[\d.]+$"
    rows = re.findall(row, shown.stdout, re.M)
    assert {(optimizer.strip(), norm) for _, optimizer, norm, *_ in rows} == {
        ("sgd", "on"), ("sgd", "off"), ("adam", "on"), ("adam", "off")
    }  # fmt: skip
    means = [float(row[3]) for row in rows]
    assert means == sorted(means, reverse=True)
    assert [row[0] for row in rows] == ["*", " ", " ", " "]
    assert max(map(len, shown.stdout.partition("\nFigure")[0].splitlines())) <= 100


def test_a_line_is_left_for_every_run_and_a_file(done: Done) -> None:
    mnistnet, shown = done
    assert (
        len(re.findall(r"^run \d/8  (sgd|adam), (on|off), seed [01]  \d\d\.\d\d % in epoch", shown.stderr, re.M)) == 8
    )
    [folder] = (mnistnet.home / "experiments").iterdir()
    assert len(list((folder / "runs").iterdir())) == 8
    facts = results_of(folder)
    for row in facts["ranking"]:
        assert row["mean"] == pytest.approx(sum(row["accuracies"]) / 2)
    with Image.open(folder / "curves.png") as figure:
        assert figure.format == "PNG"


@pytest.mark.slow
def test_a_run_is_what_training_with_these_options_gives(
    mnistnet: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # in the experiment's processes and in that of train alike
    assert mnistnet(*ON_SAMPLE, *GRID, "--output", tmp_path / "experiment").returncode == 0
    options = ("--data", "sample", "--hidden", 8, "--optimizer", "adam", "--batch-norm", "--epochs", 2, "--seed", 1)
    assert mnistnet("train", "--recipe", "quick", *options, "--run-dir", tmp_path / "run").returncode == 0
    trained = json.loads((tmp_path / "run" / "report.json").read_text())
    results = [json.loads(path.read_text()) for path in (tmp_path / "experiment" / "runs").iterdir()]
    [same] = [result for result in results if result["settings"] == trained["settings"]]
    for name in ("epochs", "best_epoch", "data_sha256", "diagnoses", "versions"):
        assert same[name] == trained[name]


def test_the_same_command_trains_nothing_again_and_broken_results_only(
    done: Done, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mnistnet, shown = done
    monkeypatch.setenv("MNISTNET_HOME", str(mnistnet.home))
    assert main([*ON_SAMPLE, *GRID]) == 0
    again = capsys.readouterr()
    assert "8 of 8 runs were done before" in again.err
    assert "\nrun " not in again.err
    assert again.out == shown.stdout

    [folder] = (mnistnet.home / "experiments").iterdir()
    next((folder / "runs").iterdir()).write_text("{")
    assert main([*ON_SAMPLE, *GRID, "--json"]) == 0
    mended = capsys.readouterr()
    assert "7 of 8 runs were done before" in mended.err
    assert len(re.findall(r"^run ", mended.err, re.M)) == 1
    assert mended.out.count("\n") == 1
    assert json.loads(mended.out) == results_of(folder)


def test_a_run_that_fails_is_told_and_stops_no_other(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    exploding = ("--vary", "learning-rate=1e6,0.1", "--loss", "mse", "--epochs", "1")
    assert main([*ON_SAMPLE, *exploding, "--output", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^\* 0\.1 .* % ", shown, re.M)
    assert re.search(r"^  1e6 .* 1 of 1 failed", shown, re.M)
    assert "1e6, seed 0 failed: loss exploded" in shown


@posix
@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_stopped_it_leaves_no_process_and_goes_on(mnistnet: CommandLine, tmp_path: Path, ended_by: int) -> None:
    folder = tmp_path / "experiment"
    process = mnistnet.start(*ON_SAMPLE, *LONG[:2], "--output", folder)
    assert process.stderr is not None
    try:
        next(line for line in process.stderr if line.startswith("run 1/2"))
        process.send_signal(ended_by)
        out, err = process.communicate(timeout=20)  # ends when the last process that may write to the pipes has ended
    finally:
        process.kill()
    assert (out, "Traceback" in err) == ("", False)
    if ended_by == signal.SIGINT:
        assert process.returncode == 130
        assert err == "mnistnet: stopped; 1 of 2 runs are done: the same command goes on\n"
    assert len(list((folder / "runs").glob("*.json"))) == 1

    process = mnistnet.start(*ON_SAMPLE, *LONG[:2], "--output", folder)
    assert process.stderr is not None
    try:
        assert any("1 of 2 runs were done before" in line for line in process.stderr)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


@posix
@pytest.mark.slow
def test_ctrl_c_at_any_time_leaves_one_line(mnistnet: CommandLine, tmp_path: Path) -> None:
    for tenths in range(3, 30, 2):
        process = mnistnet.start(*ON_SAMPLE, *LONG, tmp_path / str(tenths))
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                process.communicate(timeout=tenths / 10)
            os.kill(process.pid, signal.SIGINT)
            try:
                _, err = process.communicate(timeout=5)
            except subprocess.TimeoutExpired:  # it came while the processes were started, and is ignored then
                os.kill(process.pid, signal.SIGINT)
                _, err = process.communicate(timeout=5)
        finally:
            process.kill()
        assert process.returncode in (130, -signal.SIGINT)
        assert tenths < 15 or "Traceback" not in err  # until then Python itself may still be starting


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--vary", "magic=1,2"), "knows no setting 'magic'; it knows hidden, receptive-field"),
        (("--vary", "optimizer"), "NAME=VALUE,VALUE"),
        (("--vary", "optimizer=sgd,"), "--vary optimizer: expected"),
        (("--vary", "optimizer=sgd,sgd"), "value sgd twice"),
        (("--vary", "learning-rate=0.1,0.10"), "value 0.1 twice"),
        (("--vary", "optimizer=sgd", "--vary", "optimizer=adam"), "given twice"),
        (("--vary", "learning_rate=0.1", "--vary", "learning-rate=0.2"), "given twice"),
        (("--vary", "optimizer=sgd,magic"), "--optimizer must be one of"),
        (("--vary", "epochs=1.5"), "--vary epochs"),
        (("--vary", "batch-norm=yes"), "expected on or off, got 'yes'"),
        (("--vary", "hidden=16xx8"), "expected whole numbers"),
        (("--vary", "hidden=16,20000x20000"), "hidden 20000x20000: expected at most"),
        (("--vary", "seed=1,2"), "--seeds N"),
        (("--vary", "half-precision=on,off"), "changes what is saved"),
        (("--vary", "loss=mse,cross_entropy", "--output-activation", "identity"), "--output-activation must be one of"),
        (("--vary", "momentum=0.5", "--momentum", "0.9"), "leave --momentum away"),
        (("--vary", "momentum=0.5", "--seeds", "0"), "--seeds to be 1 or more"),
        (("--vary", "momentum=0.5,0.6", "--seeds", "1000000000"), "at most 10,000 trainings, got 2,000,000,000"),
        (("--vary", "epochs=1.0"), "expected a whole number, got '1.0'"),
        (("--vary", "optimizer=sgd,adam", "--momentum", "0.5"), "--momentum means nothing to the optimizer sgd"),
        (("--vary", "momentum=0.5", "--jobs", "0"), "--jobs to be 1 or more"),
        (("--vary", "batch-size=64,128", "--recipe", "record"), "--validation above 0"),
        (("--vary", "validation=0,0.1"), "--validation above 0"),
        ((), "--vary"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    arguments = ["experiment", "--data", "sample", "--output", str(tmp_path / "new"), *options]
    try:
        status = main(arguments)
    except SystemExit as exit_:  # argparse's own way
        status = int(exit_.code or 0)
    shown = capsys.readouterr()
    assert status == 2
    assert said in shown.err.splitlines()[-1]
    assert shown.out == ""
    assert not (tmp_path / "new").exists()


def test_a_folder_with_something_else_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    quick = [*ON_SAMPLE, "--epochs", "1", "--output", str(tmp_path), "--vary", "bias=on,off"]
    (tmp_path / "curves.png").write_text("mine")
    assert main(quick) == 1
    assert "holds something else" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["curves.png"]
    assert main([*quick, "--force", "--quiet"]) == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2
    assert capsys.readouterr().err.count("\n") == 1  # the notice on the sample

    assert main([*quick, "--seeds", "2"]) == 1
    assert main([*quick, "--seeds", "2", "--force"]) == 0
    assert "2 of 4 runs were done before" in capsys.readouterr().err


@posix
def test_a_terminal_shows_runs_under_way_and_the_time_left(mnistnet: CommandLine) -> None:
    shown = mnistnet.on_terminal(*ON_SAMPLE, "--vary", "epochs=5,60")
    assert re.search(r"60, seed 0  epoch \d+/60  \d\d\.\d\d %", shown)
    assert "1 of 2 runs done" in shown
    assert re.search(r"\d:\d\d:\d\d", shown)
    assert re.search(r"run 2/2  60, seed 0  \d\d\.\d\d % in epoch", shown)

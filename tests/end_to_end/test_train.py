"""`mnistnet train`, as a user runs it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnistnet.commands.run_folder import new_folder
from mnistnet.data.mnist import load_sample
from mnistnet.evaluation.metrics import confusion_matrix
from mnistnet.evaluation.report import read_report
from mnistnet.model_file import load_model
from mnistnet.nn.network import probabilities
from tests.end_to_end.conftest import CommandLine, Done

QUICK = ("--recipe", "quick", "--data", "sample", "--hidden", "16", "--epochs", "2")


def test_the_sample_is_learned_well_and_said_to_be_a_sample(trained: tuple[CommandLine, Done]) -> None:
    mnistnet, done = trained
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert result["test_accuracy"] >= 0.97
    assert (result["dataset"], result["test_images"], result["partial"]) == ("sample", 1000, False)
    assert result["test_errors"] == round(1000 * (1 - result["test_accuracy"]))

    notice = "trained on the bundled sample of 5,000; connect or pass --data for the full 60,000"
    assert f"NOTICE: {notice}" in done.stderr
    assert load_model(Path(result["model"])).provenance.notice == notice
    assert f"NOTICE: {notice}" in mnistnet("report").stdout
    run = Path(result["run"])
    assert run.parent == mnistnet.home / "runs"
    assert {path.name for path in run.iterdir()} == {"model.npz", "report.json", "report.html", "run.toml"}


def test_a_line_is_left_for_every_epoch(trained: tuple[CommandLine, Done]) -> None:
    _, done = trained
    report = read_report(Path(json.loads(done.stdout)["run"]) / "report.json")
    lines = [line for line in done.stderr.splitlines() if line.startswith("epoch ")]
    assert len(lines) == report["settings"]["epochs"] == len(report["epochs"])
    assert f"validation {100 * report['epochs'][-1]['validation_accuracy']:.2f} %" in lines[-1]


def test_a_model_of_the_sample_does_not_become_the_one_that_predict_takes(trained: tuple[CommandLine, Done]) -> None:
    mnistnet, _ = trained
    assert not (mnistnet.home / "last-model").exists()


def test_the_same_seed_gives_the_same_file_in_another_process(mnistnet: CommandLine, tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        done = mnistnet("train", *QUICK, "--seed", seed, "--output", tmp_path / f"{name}.npz", "--quiet")
        assert done.returncode == 0, done.stderr
    one, two, other = ((tmp_path / f"{name}.npz").read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other


def test_without_a_mirror_it_goes_on_with_the_sample(mnistnet: CommandLine) -> None:
    done = mnistnet("train", "--hidden", 16, "--epochs", 1, "--mirror", "http://127.0.0.1:9/", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["dataset"] == "sample"
    assert "NOTICE: trained on the bundled sample" in done.stderr


def test_require_full_makes_that_an_error_that_lists_every_mirror(mnistnet: CommandLine) -> None:
    done = mnistnet("train", "--require-full", "--mirror", "http://127.0.0.1:9/")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    for host in ("127.0.0.1:9", "ossci-datasets", "cvdf-datasets", "azureopendatastorage"):
        assert host in done.stderr
    assert "--data DIR" in done.stderr


interrupts = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGINT")


def interrupted(process: subprocess.Popen[str], line_start: str) -> Done:
    """Ctrl-C when standard error has a line that starts so."""
    assert process.stderr is not None
    try:
        next(line for line in process.stderr if line.startswith(line_start))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@interrupts
def test_ctrl_c_saves_the_best_so_far_and_says_that_it_is_partial(mnistnet: CommandLine, tmp_path: Path) -> None:
    output = tmp_path / "model.npz"
    process = mnistnet.start("train", "--data", "sample", "--epochs", 5000, "--output", output)
    done = interrupted(process, "epoch   2/")
    assert done.returncode == 130, done.stderr
    assert "PARTIAL: training was stopped" in done.stdout
    provenance = load_model(output).provenance
    assert provenance.partial
    assert 1 <= provenance.best_epoch <= len(provenance.epochs) < 5000
    assert "PARTIAL" in mnistnet("report").stdout


@interrupts
def test_ctrl_c_after_the_last_epoch_loses_nothing(mnistnet: CommandLine) -> None:
    done = interrupted(mnistnet.start("train", *QUICK, "--json"), "epoch   2/2")
    result = json.loads(done.stdout)
    assert done.returncode == (130 if result["partial"] else 0)
    assert load_model(Path(result["model"])).provenance.best_epoch > 0
    assert mnistnet("report", "--json").returncode == 0


def test_two_trainings_at_once_keep_apart(mnistnet: CommandLine) -> None:
    processes = [mnistnet.start("train", *QUICK, "--json", "--seed", seed) for seed in (1, 2)]
    results = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert results[0]["run"] != results[1]["run"]
    for seed, result in enumerate(results, start=1):
        assert load_model(Path(result["model"])).provenance.settings["seed"] == seed


def test_every_run_gets_a_folder_of_its_own_also_within_one_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path))
    folders = {new_folder("runs", instead="--run-dir") for _ in range(5)}
    assert len(folders) == 5
    assert all(folder.is_dir() for folder in folders)


def test_the_run_goes_where_it_is_told(mnistnet: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "my run"
    assert mnistnet("train", *QUICK, "--run-dir", folder).returncode == 0
    assert {path.suffix for path in folder.iterdir()} == {".npz", ".json", ".html", ".toml"}
    assert not (mnistnet.home / "runs").exists()
    again = mnistnet("train", *QUICK, "--run-dir", folder)
    assert again.returncode == 1
    assert "--force" in again.stderr
    assert mnistnet("report", folder).stdout == mnistnet("report").stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--hidden", "0"), ("--hidden", "a"), ("--hidden", ""), ("--epochs", "-1"), ("--epochs", "0"),
        ("--batch-size", "0"), ("--optimizer", "magic"), ("--learning-rate", "0"), ("--learning-rate", "nan"),
        ("--seed", "-1"), ("--no-such-option",),
        ("--epochs", "30000"), ("--batch-norm", "--batch-size", "1"), ("--optimizer", "sgd", "--momentum", "0.9"),
        ("--hidden", "100000000000000000000"), ("--hidden", "20000,20000"), ("--label-smoothing", "1"),
        ("--recipe", "magic"), ("--threads", "0"), ("--threads", "1000000"), ("--receptive-field", "29"),
        ("--output", "model"), ("--require-full",), ("--mirror", "http://127.0.0.1:9/"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_usage(mnistnet: CommandLine, options: tuple[str, ...]) -> None:
    done = mnistnet("train", "--data", "sample", *options)
    assert done.returncode == 2
    assert done.stdout == ""
    assert not mnistnet.home.exists()


def test_a_rate_far_too_high_stops_with_the_likely_cause(mnistnet: CommandLine) -> None:
    done = mnistnet("train", *QUICK, "--learning-rate", "1e12")
    assert done.returncode == 1
    assert "try --learning-rate 0.2" in done.stderr.splitlines()[-1]
    assert not mnistnet.home.exists()


def test_all_images_may_be_learned_from_and_the_file_halved(mnistnet: CommandLine, tmp_path: Path) -> None:
    output = tmp_path / "model.npz"
    done = mnistnet("train", *QUICK, "--validation", 0, "--half-precision", "--threads", 1, "--output", output)
    assert done.returncode == 0, done.stderr
    assert "validation" not in done.stderr
    assert "4,000 training images" in done.stdout
    assert "epoch 2 of 2" in done.stdout
    assert output.stat().st_size < 2 * 784 * 16 + 20_000
    report = json.loads(mnistnet("report", "--json").stdout, parse_constant=lambda name: pytest.fail(name))
    assert report["epochs"][0]["validation_loss"] is None
    assert report["versions"]["threads"] == 1
    model, test = load_model(output), load_sample().test
    answers = probabilities(model.network, model.params, test.images).argmax(axis=1)
    np.testing.assert_array_equal(report["confusion"], confusion_matrix(test.labels, answers))


def test_a_checkpoint_keeps_its_recipe_and_refuses_another(mnistnet: CommandLine, tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.npz"
    assert mnistnet("train", *QUICK, "--checkpoint", checkpoint).returncode == 0
    assert "momentum" in mnistnet("train", "--data", "sample", "--resume", checkpoint).stdout
    other = mnistnet("train", "--data", "sample", "--resume", checkpoint, "--recipe", "standard")
    assert other.returncode == 1
    assert "optimizer momentum, not adam" in other.stderr


def test_nothing_is_replaced_unasked(mnistnet: CommandLine, tmp_path: Path) -> None:
    output = tmp_path / "model.npz"
    output.write_text("mine")
    done = mnistnet("train", *QUICK, "--output", output)
    assert done.returncode == 1
    assert "exists already" in done.stderr
    assert done.stderr.count("\n") == 1  # and no epoch was trained for nothing
    assert output.read_text() == "mine"
    assert mnistnet("train", *QUICK, "--output", output, "--force").returncode == 0
    assert load_model(output).network.sizes == (784, 16, 10)


@pytest.mark.parametrize("data", ["nowhere", "."])
def test_a_folder_without_the_files_is_one_clear_line(mnistnet: CommandLine, tmp_path: Path, data: str) -> None:
    done = mnistnet("train", "--data", tmp_path / data)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(tmp_path) in done.stderr
    assert not mnistnet.home.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_shows_a_bar_that_is_gone_in_the_end(mnistnet: CommandLine) -> None:
    shown = mnistnet.on_terminal("train", "--data", "sample", "--epochs", 3)
    assert re.search(r"epoch \d/3  loss \d\.\d{4}(  validation \d\d\.\d\d %)?  [\d,]+ images/s", shown)
    assert shown.rstrip().endswith(" s")

"""`mnistnet train --seeds`, as a user runs it."""

import json
import sys
from pathlib import Path

import pytest

from mnistnet.commands.seeds import RUN
from mnistnet.files import temporary_name
from mnistnet.model_file import load_model
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.test_train import interrupted

QUICK = ("--recipe", "quick", "--data", "sample", "--hidden", 16, "--epochs", 1)


def test_every_seed_has_its_run_and_the_summary_is_theirs(mnistnet: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "seeds"
    done = mnistnet("train", *QUICK, "--seeds", 2, "--seed", 7, "--run-dir", folder)
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / "seeds.json").read_bytes())
    reports = [json.loads((folder / f"seed-{seed}" / "report.json").read_bytes()) for seed in (7, 8)]
    assert [run["test_errors"] for run in summary["runs"]] == [report["test_errors"] for report in reports]
    assert [report["settings"]["seed"] for report in reports] == [7, 8]
    assert f"mean {100 * summary['mean']:.2f} %" in done.stdout
    assert "| 7 to 8 | 1,000 |" in done.stdout
    alone = mnistnet("train", *QUICK, "--seed", 8, "--output", tmp_path / "alone.npz", "--quiet")
    assert alone.returncode == 0
    assert (tmp_path / "alone.npz").read_bytes() == (folder / "seed-8" / "model.npz").read_bytes()

    models = {seed: (folder / f"seed-{seed}" / "model.npz").stat().st_mtime_ns for seed in (7, 8)}
    more = mnistnet("train", *QUICK, "--seeds", 3, "--seed", 7, "--run-dir", folder, "--json")
    assert more.returncode == 0, more.stderr
    assert more.stderr.count("epoch   1/1") == 1  # only the third
    assert len(json.loads(more.stdout)["runs"]) == 3
    assert models == {seed: (folder / f"seed-{seed}" / "model.npz").stat().st_mtime_ns for seed in models}
    named = mnistnet("report", folder)
    assert (named.returncode, named.stderr.count("\n")) == (1, 1)
    assert f"holds 3 runs; name one of them, such as {folder / 'seed-'}" in named.stderr


def test_what_is_no_such_run_to_its_end_is_neither_counted_nor_replaced(mnistnet: CommandLine, tmp_path: Path) -> None:
    command = ("train", *QUICK, "--seeds", 1, "--run-dir", tmp_path, "--quiet")
    assert mnistnet(*command).returncode == 0
    path = tmp_path / "seed-0" / "report.json"
    report = json.loads(path.read_bytes())
    for change in ({"settings": {}}, {"data_sha256": {}}, {"versions": {}}, {"test_accuracy": "x"}, {"partial": 3}):
        path.write_text(json.dumps(report | change))
        broken = path.read_bytes()
        done = mnistnet(*command)
        assert (done.returncode, done.stdout) == (1, ""), change
        assert f"{path.parent} exists already" in done.stderr.splitlines()[-1]
        assert path.read_bytes() == broken
    path.write_text(json.dumps(report))
    assert mnistnet(*command).returncode == 0


def test_force_does_the_broken_seed_alone_again_and_keeps_the_users_own_file(
    mnistnet: CommandLine, tmp_path: Path
) -> None:
    command = ("train", *QUICK, "--seeds", 1, "--run-dir", tmp_path)
    (tmp_path / "seeds.json").write_text('"mine"')
    done = mnistnet(*command)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 2)  # and the sample's notice
    assert (tmp_path / "seeds.json").read_text() == '"mine"'
    (tmp_path / "seeds.json").unlink()
    assert mnistnet(*command).returncode == 0
    two = ("train", *QUICK, "--seeds", 2, "--run-dir", tmp_path)
    (tmp_path / "seed-1").mkdir()
    (tmp_path / "seed-1" / "model.npz").write_bytes(b"")
    done = mnistnet(*two, "--force")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("epoch   1/1") == 1  # seed 1's
    load_model(tmp_path / "seed-1" / "model.npz")


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGINT")
def test_ctrl_c_ends_them_all_and_keeps_those_done(mnistnet: CommandLine, tmp_path: Path) -> None:
    options = ("--recipe", "quick", "--data", "sample", "--hidden", 16, "--epochs", 50)
    process = mnistnet.start("train", *options, "--seeds", 50, "--run-dir", tmp_path)
    done = interrupted(process, "mnistnet: seed 1, 2 of 50")
    assert done.returncode == 130
    assert "stopped; 1 of 50 seeds are done" in done.stderr
    assert len(json.loads((tmp_path / "seeds.json").read_bytes())["runs"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGINT")
def test_the_same_command_goes_on_after_ctrl_c(mnistnet: CommandLine, tmp_path: Path) -> None:
    command = ("train", "--recipe", "quick", "--data", "sample", "--hidden", 64, "--epochs", 20, "--seeds", 1)
    process = mnistnet.start(*command, "--run-dir", tmp_path / "stopped")
    assert interrupted(process, "epoch   2/20").returncode == 130
    assert load_model(tmp_path / "stopped" / "seed-0" / "model.npz").provenance.partial
    for folder in ("stopped", "unbroken"):
        done = mnistnet(*command, "--run-dir", tmp_path / folder, "--quiet")
        assert done.returncode == 0, done.stderr
    models = [(tmp_path / folder / "seed-0" / "model.npz").read_bytes() for folder in ("stopped", "unbroken")]
    assert models[0] == models[1]


@pytest.mark.parametrize("left", [(), ("model.npz",), ("model.npz", "report.json"), RUN[:-1]])
def test_the_same_command_goes_on_after_a_kill_between_two_files(
    left: tuple[str, ...], mnistnet: CommandLine, tmp_path: Path
) -> None:
    command = ("train", *QUICK, "--seeds", 1, "--run-dir", tmp_path)
    assert mnistnet(*command).returncode == 0
    folder = tmp_path / "seed-0"
    model = (folder / "model.npz").read_bytes()
    for name in set(RUN) - set(left):
        (folder / name).unlink()
    (folder / temporary_name()).write_bytes(b"begun")
    done = mnistnet(*command)
    assert done.returncode == 0, done.stderr
    assert all((folder / name).is_file() for name in RUN)
    assert (folder / "model.npz").read_bytes() == model


def test_a_part_of_another_run_is_kept(mnistnet: CommandLine, tmp_path: Path) -> None:
    command = ("train", *QUICK, "--seeds", 1, "--run-dir", tmp_path)
    assert mnistnet(*command).returncode == 0
    (tmp_path / "seed-0" / "run.toml").unlink()
    done = mnistnet(*command, "--learning-rate", 0.3)
    assert done.returncode == 1
    assert f"{tmp_path / 'seed-0'} exists already" in done.stderr.splitlines()[-1]
    (tmp_path / "seed-0" / "notes.txt").write_text("mine")
    assert mnistnet(*command).returncode == 1
    assert (tmp_path / "seed-0" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--seeds", 0), "expected --seeds from 1 to 1,000, got 0"),
        (("--seeds", 2, "--output", "m.npz"), "--output is for one training"),
        (("--seeds", 2, "--checkpoint", "c.npz"), "--checkpoint is for one training"),
        (("--seeds", 2, "--resume", "c.npz"), "--resume is for one training"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(mnistnet: CommandLine, arguments: tuple[object, ...], said: str) -> None:
    done = mnistnet("train", *QUICK, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr

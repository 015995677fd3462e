"""`mnistnet report`, `mnistnet data` and the command line itself, as a user runs them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.end_to_end.conftest import CommandLine, Done

ROOT = Path(__file__).parents[2]


def test_the_last_run_is_shown_and_so_is_any_run_or_model_named(trained: tuple[CommandLine, Done]) -> None:
    mnistnet, done = trained
    result = json.loads(done.stdout)
    last = mnistnet("report")
    assert last.returncode == 0
    assert f"{result['test_errors']} of 1,000 wrong" in last.stdout
    assert "predicted" in last.stdout
    assert f"Page     {Path(result['run']) / 'report.html'}\n" in last.stdout
    assert mnistnet("report", result["run"]).stdout == last.stdout
    of_model = mnistnet("report", result["model"]).stdout
    assert of_model.split("\nMade ")[0] == last.stdout.split("\nMade ")[0]
    assert "\nMade     20" in last.stdout
    as_json = json.loads(mnistnet("report", "--json").stdout)
    assert as_json == json.loads((Path(result["run"]) / "report.json").read_bytes())


def test_without_a_run_it_says_what_to_do(mnistnet: CommandLine) -> None:
    done = mnistnet("report")
    assert (done.returncode, done.stdout) == (1, "")
    assert "mnistnet train" in done.stderr


def test_a_report_that_was_tampered_with_is_one_clear_line(
    trained: tuple[CommandLine, Done], mnistnet: CommandLine, tmp_path: Path
) -> None:
    whole = json.loads((Path(json.loads(trained[1].stdout)["run"]) / "report.json").read_bytes())
    for wrong in (
        {"schema": 2},
        whole | {"confusion": 3},
        whole | {"digits": [{}]},
        whole | {"test_interval": "ab"},
        {key: whole[key] for key in whole if key != "model"},
    ):
        (tmp_path / "report.json").write_text(json.dumps(wrong))
        done = mnistnet("report", tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["nowhere", "nowhere.npz", ".", "notes.txt"])
def test_what_is_neither_run_nor_model_is_one_clear_line(mnistnet: CommandLine, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    done = mnistnet("report", tmp_path / name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert str(tmp_path / name) in done.stderr


def test_data_shows_an_empty_cache_and_verify_fails_on_it(mnistnet: CommandLine) -> None:
    shown, verified = mnistnet("data"), mnistnet("data", "verify", "--json")
    assert shown.returncode == 0
    assert shown.stdout.count("missing: run `mnistnet data fetch`") == 4
    assert str(mnistnet.home / "mnist") in shown.stdout
    assert verified.returncode == 1
    assert [file["size"] for file in json.loads(verified.stdout)["files"]] == [None] * 4
    assert not mnistnet.home.exists()


def test_fetch_without_a_mirror_is_one_clear_line(mnistnet: CommandLine) -> None:
    done = mnistnet("data", "fetch", "--mirror", "http://127.0.0.1:9/")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("arguments", "status"), [((), 2), (("fly",), 2), (("--help",), 0), (("--version",), 0)])
def test_what_is_no_command(mnistnet: CommandLine, arguments: tuple[str, ...], status: int) -> None:
    done = mnistnet(*arguments)
    assert done.returncode == status
    assert bool(done.stdout) == (status == 0)


@pytest.mark.parametrize("command", ["train", "predict", "report", "data"])
def test_every_command_has_help_with_an_example(mnistnet: CommandLine, command: str) -> None:
    assert f"example: mnistnet {command}" in mnistnet(command, "--help").stdout


@pytest.mark.parametrize("name", ["train", "predict", "report"])
def test_a_script_runs_and_says_how_to_install_where_nothing_is(name: str, tmp_path: Path) -> None:
    script = shutil.copy(ROOT / "scripts" / f"{name}.py", tmp_path)
    command = [sys.executable, str(script), "--help"]
    assert "example: mnistnet" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    bare = [sys.executable, "-S", "-E", str(script), "--help"]  # -S leaves out everything that is installed
    done = subprocess.run(bare, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install -e ." in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", ""),
        ("predict", "--model", "", "x.png"),
        ("report", ""),
        ("train", "--run-dir="),
        ("train", "--data="),
        ("data", "fetch", "--mirror="),
    ],
)
def test_a_shell_variable_that_was_never_set_is_wrong_usage(mnistnet: CommandLine, arguments: tuple[str, ...]) -> None:
    done = mnistnet(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "got nothing" in done.stderr


@pytest.mark.parametrize("mirror", ["file:///tmp", "ftp://host/"])
def test_a_mirror_is_an_http_address_or_a_folder(mnistnet: CommandLine, mirror: str) -> None:
    done = mnistnet("data", "fetch", "--mirror", mirror)
    assert done.returncode == 2
    assert "expected an http(s) address or a folder" in done.stderr


def test_nothing_that_a_terminal_would_obey_gets_into_an_error(mnistnet: CommandLine) -> None:
    done = mnistnet("predict", "no\n\x1b[31msuch.png")
    assert done.stderr.count("\n") == 1
    assert "no\\n\\x1b[31msuch.png" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["report shipped", "data", "train --data sample --hidden 16 --epochs 1"])
def test_closed_streams_stop_nothing(mnistnet: CommandLine, command: str, closed: str) -> None:
    line = f"'{sys.executable}' -m mnistnet {command} {closed}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, env=mnistnet.environment(), check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_training_goes_on_when_nobody_reads_its_progress_any_more(mnistnet: CommandLine) -> None:
    line = f"'{sys.executable}' -m mnistnet train --data sample --hidden 16 --epochs 40 2>&1 >/dev/null | head -n 1"
    subprocess.run(line, shell=True, capture_output=True, env=mnistnet.environment(), check=True)
    assert len(json.loads(mnistnet("report", "--json").stdout)["epochs"]) == 40


@pytest.mark.parametrize("note", ["", "x" * 5000, "/nowhere", "."])
def test_a_broken_note_of_the_last_model_is_no_note(mnistnet: CommandLine, tmp_path: Path, note: str) -> None:
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    mnistnet.home.mkdir()
    (mnistnet.home / "last-model").write_text(note)
    assert "no digit" in mnistnet("predict", tmp_path / "blank.png").stdout

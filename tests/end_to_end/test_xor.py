"""`python scripts/xor.py` and `mnistnet xor`, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mnistnet.commands import main
from tests.end_to_end.conftest import CommandLine

SCRIPT = Path(__file__).parents[2] / "scripts" / "xor.py"


def test_the_script_solves_xor_from_nine_of_ten_seeds_and_names_its_figures(
    mnistnet: CommandLine, tmp_path: Path
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, SCRIPT, "--epochs", "100"],
        cwd=folder,
        env=mnistnet.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "xor: 2-3-1 tanh, binary_cross_entropy, momentum 1, 100 epochs"
    seeds = [line for line in lines if line.startswith("seed ")]
    assert len(seeds) == 10
    solved = sum("  solved  " in line and "goal met in epoch" in line for line in seeds)
    assert solved >= 9
    assert f"{solved} of 10 seeds solve it" in done.stdout
    assert not list(folder.iterdir())
    figures = Path(lines[-1].removeprefix("Figures  "))
    assert {path.name for path in figures.iterdir()} == {"losses.png", "answers.png"}
    assert mnistnet.home in figures.parents


@pytest.mark.parametrize("problem", ["xor", "ball", "sine"])
def test_figures_are_drawn_where_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, problem: str
) -> None:
    folder = tmp_path / "new" / "figures"
    command = ["xor", "--problem", problem, "--seeds", "2", "--epochs", "3", "--output", str(folder), "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["figures"] == [str(folder / "losses.png"), str(folder / "answers.png")]
    assert {path.name for path in folder.iterdir()} == {"losses.png", "answers.png"}
    for path in folder.iterdir():
        with Image.open(path) as picture:
            picture.load()


def test_figures_are_not_replaced_unasked(mnistnet: CommandLine, tmp_path: Path) -> None:
    figure = tmp_path / "answers.png"
    figure.write_text("mine")
    command = ("xor", "--seeds", 1, "--epochs", 3, "--output", tmp_path)
    done = mnistnet(*command)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "--force" in done.stderr
    assert figure.read_text() == "mine"
    assert mnistnet(*command, "--force").returncode == 0
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("problem", "measured", "empty", "options"),
    [
        ("xor", "accuracy", "rmse", ("--loss", "mse", "--activation", "sigmoid")),
        ("ball", "accuracy", "rmse", ("--optimizer", "adam", "--hidden", "5,3")),
        ("sine", "rmse", "accuracy", ("--learning-rate", "0.1", "--activation", "relu")),
    ],
)
def test_json_holds_every_seed(
    mnistnet: CommandLine, problem: str, measured: str, empty: str, options: tuple[str, ...]
) -> None:
    command = ("xor", "--problem", problem, "--seeds", 2, "--seed", 5, "--epochs", 3, "--json", *options)
    done = mnistnet(*command)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    result = json.loads(done.stdout)
    assert [seed["seed"] for seed in result["seeds"]] == [5, 6]
    assert all(seed[measured] >= 0 and seed[empty] is None for seed in result["seeds"])
    assert result["solved"] == sum(seed["solved"] for seed in result["seeds"])
    assert result["settings"]["epochs"] == 3
    assert all(Path(figure).is_file() for figure in result["figures"])


@pytest.mark.parametrize(
    "options",
    [
        ("--problem", "chess"), ("--seeds", "0"), ("--seed", "-1"), ("--hidden", "1000,1000"), ("--epochs", "0"),
        ("--problem", "sine", "--loss", "binary_cross_entropy"), ("--optimizer", "magic"), ("--learning-rate", "nan"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_usage_in_one_line(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    assert main(["xor", *options]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("mnistnet: xor: ")
    assert error.count("\n") == 1


def test_seeds_that_explode_are_told_and_do_not_stop_the_others(mnistnet: CommandLine) -> None:
    command = ("xor", "--problem", "sine", "--learning-rate", "1e12", "--seeds", 2)
    done = mnistnet(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("not solved  loss exploded at step ") == 2
    assert "0 of 2 seeds solve it" in done.stdout
    first = json.loads(mnistnet(*command, "--json").stdout)["seeds"][0]
    assert (first["solved"], first["loss"]) == (False, None)
    assert first["failed"].startswith("loss exploded")


def test_a_package_that_cannot_be_loaded_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('failed to map segment\\nfrom shared object')")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "mnistnet", "xor", "--seeds", "1", "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be loaded (failed to map segment from shared object)" in done.stderr

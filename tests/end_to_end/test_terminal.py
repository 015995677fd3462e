"""What is shown at a terminal, and what where output goes elsewhere."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mnistnet import __version__
from mnistnet.commands import main
from tests.end_to_end.conftest import CommandLine

COLOUR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def folder(tmp_path: Path, draw: Callable[[int], Path]) -> Path:
    """With three pictures of an 8."""
    for number in range(3):
        shutil.copy(draw(3), tmp_path / f"8_{number}.png")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_colours_unless_no_color_is_set(
    mnistnet: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert COLOUR.search(mnistnet.on_terminal("evaluate", folder))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = mnistnet.on_terminal("evaluate", folder)
    assert "\x1b[2K" in plain  # the bar is there, and taken away
    assert not COLOUR.search(plain)


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_elsewhere_there_are_no_bars_whatever_the_environment_says_of_colours(
    mnistnet: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    done = mnistnet("evaluate", folder)
    assert done.stdout.startswith("3 pictures in ")
    assert not re.search(r"[\x1b\r]", done.stdout + done.stderr)


@pytest.mark.slow
def test_results_go_to_standard_output_and_nothing_else_does(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    run, picture = tmp_path / "run", folder / "8_0.png"
    train = "train --recipe quick --data sample --hidden 8 --epochs 1 --run-dir"
    for command, first_line, noticed in (
        (f"{train} {run}", "Test accuracy ", r"mnistnet: NOTICE: .*\nepoch   1/1 .*\n"),
        (f"predict {picture}", "8  99", ""),
        (f"evaluate {folder}", "3 pictures in ", ""),
        (f"inspect {picture} --output {tmp_path / 'inside.html'}", "wrote ", ""),
        (f"report {run}", "Test accuracy ", ""),
        (f"export --html {tmp_path / 'digit.html'} --model {run}", "wrote ", ""),
        ("gradcheck --hidden 4", "12-4-10: activation relu", ""),
        ("xor --seeds 1", "xor: 2-3-1", ""),
        ("data", "MNIST files in ", ""),
    ):
        assert main(command.split()) == 0
        out, err = capsys.readouterr()
        assert out.startswith(first_line), command
        assert re.fullmatch(noticed, err), command
        assert not re.search(r"[\x1b\r]|epoch   1/", out), command


def test_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"mnistnet {__version__}\n", "")

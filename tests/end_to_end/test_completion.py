"""`mnistnet completion`, in the shells themselves."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from mnistnet.commands import COMMANDS, main
from mnistnet.nn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shells are POSIX's")


def shell(name: str) -> str:
    """The shell's path; without it the test is skipped."""
    if not (path := shutil.which(name)):
        pytest.skip(f"needs {name}")
    return path


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Writes the script for a shell beside two files and gives its path."""
    (tmp_path / "picture.png").touch()
    (tmp_path / "pile").mkdir()

    def write(name: str) -> Path:
        assert main(["completion", name]) == 0
        (tmp_path / name).write_text(capsys.readouterr().out)
        return tmp_path / name

    return write


CASES = [
    ("mnistnet ", {*COMMANDS}),
    ("mnistnet comp", {"compare", "completion"}),
    ("mnistnet train --act", {"--activation"}),
    ("mnistnet train --optimizer ", {*OPTIMIZERS}),
    ("mnistnet train --json --schedule on", {"one_cycle"}),
    ("mnistnet predict pi", {"picture.png", "pile"}),
    ("mnistnet predict --explain pi", {"pile"}),
    ("mnistnet data v", {"verify"}),
]


def test_the_readmes_lines_make_the_files_on_a_fresh_account(tmp_path: Path) -> None:
    readme = Path(__file__).parents[2] / "README.md"
    lines = [line for line in readme.read_text(encoding="utf-8").splitlines() if "&& mnistnet completion " in line]
    program = "\n".join([f'mnistnet() {{ {sys.executable} -m mnistnet "$@"; }}', "set -e", *lines])
    subprocess.run([shell("bash"), "-c", program], env=os.environ | {"HOME": str(tmp_path)}, check=True)
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"mnistnet", "_mnistnet", "mnistnet.fish"}


def test_bash_completes_commands_options_names_and_files(script) -> None:
    program = f"source {script('bash')} && complete -p mnistnet > /dev/null && cd {script('bash').parent}\n"
    for line, _ in CASES:
        *words, last = line.split(" ")
        program += f'COMP_WORDS=({" ".join(words)} "{last}") COMP_CWORD={len(words)}\n'
        program += "_shtab_mnistnet && echo ${COMPREPLY[@]}\n"
    done = subprocess.run([shell("bash"), "-c", program], capture_output=True, text=True, check=True)
    assert [{*line.split()} for line in done.stdout.splitlines()] == [expected for _, expected in CASES]


def test_fish_completes_the_same(script) -> None:
    program = f"source {script('fish')}; cd {script('fish').parent}\n"
    program += "".join(f"complete -C '{line}'; echo\n" for line, _ in CASES)
    done = subprocess.run([shell("fish"), "--no-config", "-c", program], capture_output=True, text=True, check=True)
    found = [
        {line.partition("\t")[0].rstrip("/") for line in one.split("\n")} for one in done.stdout.split("\n\n") if one
    ]
    assert found == [expected for _, expected in CASES]


SET_UP = {
    "bash": (["--norc", "--noprofile", "-i"], "source ./bash"),
    "zsh": (["-f", "-i"], "mkdir own; cp zsh own/_mnistnet; fpath=(own $fpath); autoload -Uz compinit; compinit -D -u"),
}
"""Without the user's own set-up, and what README has them do."""


@pytest.mark.parametrize("name", SET_UP)
def test_the_tabulator_completes_at_a_terminal(script, name: str) -> None:
    import pty

    path, folder = shell(name), script(name).parent
    ours, theirs = pty.openpty()
    options, set_up = SET_UP[name]
    environment = os.environ | {"TERM": "dumb", "HOME": str(folder)}
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with subprocess.Popen([path, *options], **terminal, env=environment, cwd=folder):
        os.close(theirs)
        os.write(ours, f"{set_up}\nmnistnet() {{ echo got $*.; }}\n".encode())
        os.write(ours, b"mnistnet tra\t--optimizer nest\t\nexit\n")
        shown = b""
        with suppress(OSError):  # Linux's way to say that the other end is closed
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    assert re.search(rb"got train --optimizer nesterov ?\.", shown)

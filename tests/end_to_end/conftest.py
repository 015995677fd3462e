"""The command line as a user runs it: real processes, a home of their own, and no way to the internet."""

import io
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image

from mnistnet.commands import main
from mnistnet.data.mnist import load_sample

Done = subprocess.CompletedProcess[str]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass(frozen=True)
class CommandLine:
    """Runs `mnistnet` with home as MNISTNET_HOME."""

    home: Path

    def environment(self) -> dict[str, str]:
        """Proxies that nobody listens at stand before every address but this machine's."""
        nowhere = "http://127.0.0.1:9"
        proxies = {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "NO_PROXY": "127.0.0.1"}
        return os.environ | proxies | {"MNISTNET_HOME": str(self.home), "COLUMNS": "80"}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        """Start a command and come back at once; Ctrl-C means to it what it does at a terminal.

        Where the tests run in the background of a shell, it would be ignored otherwise.
        """
        command = [sys.executable, "-m", "mnistnet", *map(str, arguments)]
        pipe = subprocess.PIPE
        heeds_ctrl_c = None if sys.platform == "win32" else partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=self.environment(), preexec_fn=heeds_ctrl_c
        )

    def start_writing(self, errors: BinaryIO, *arguments: object) -> subprocess.Popen[bytes]:
        """Start a command whose errors go to a file, which cannot fill up as a pipe does, and come back at once."""
        command = [sys.executable, "-m", "mnistnet", *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=self.environment())

    def on_terminal(self, *arguments: object) -> str:
        """Run a command in a pseudo-terminal, and give all that it shows."""
        from torturing.terminal import on_terminal  # POSIX only

        command = [sys.executable, "-m", "mnistnet", *map(str, arguments)]
        environment = self.environment() | {"TERM": "xterm", "COLUMNS": "200"}
        _, shown = on_terminal(command, environment, columns=200)
        assert "Traceback" not in shown
        return shown

    def apart(self, *arguments: object, stdin: bytes = b"") -> Done:
        """Run a command to its end, in a process of its own."""
        command = [sys.executable, "-m", "mnistnet", *map(str, arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, env=self.environment(), check=False)
        return untroubled(command, done.returncode, done.stdout, done.stderr)

    def __call__(self, *arguments: object, stdin: bytes = b"") -> Done:
        """Run a command to its end, here: for most commands a process takes longer to start than all the rest."""
        command = list(map(str, arguments))
        given, out, err = (io.TextIOWrapper(io.BytesIO(content), "utf-8") for content in (stdin, b"", b""))
        with pytest.MonkeyPatch.context() as there, warnings.catch_warnings():
            for name, value in self.environment().items():
                there.setenv(name, value)
            for name, stream in (("stdin", given), ("stdout", out), ("stderr", err)):
                there.setattr(sys, name, stream)
            warnings.simplefilter("default")
            try:
                status = main(command)
            except SystemExit as end:  # argparse's
                status = int(end.code or 0)
            out.flush()
            err.flush()
        return untroubled(command, status, out.buffer.getvalue(), err.buffer.getvalue())


def untroubled(command: list[str], status: int, out: bytes, err: bytes) -> Done:
    """What a command came to, which is never a traceback."""
    result = subprocess.CompletedProcess(command, status, out.decode(), err.decode())
    assert "Traceback" not in result.stderr
    return result


@pytest.fixture
def mnistnet(tmp_path: Path) -> CommandLine:
    """The command line with an empty home."""
    return CommandLine(tmp_path / "home")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, Done]:
    """The command line after one training on the bundled sample, and what that training printed."""
    command_line = CommandLine(tmp_path_factory.mktemp("trained") / "home")
    return command_line, command_line("train", "--data", "sample", "--json")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A real browser without a window: what MNISTNET_TEST_BROWSER names, or Chromium or Chrome where one is found."""
    path = os.environ.get("MNISTNET_TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        pytest.skip("needs Chromium or Chrome: set MNISTNET_TEST_BROWSER")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=quiet)
        yield started
        started.close()


@pytest.fixture(scope="session")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Draws one of the sample's test digits dark on light, 280 pixels wide, and gives the PNG's path."""
    folder = tmp_path_factory.mktemp("drawn")
    images = load_sample().test.images

    def draw_one(index: int) -> Path:
        pixels = (255 - 255 * images[index].reshape(28, 28)).astype(np.uint8)
        path = folder / f"digit_{index}.png"
        Image.fromarray(pixels).resize((280, 280), Image.Resampling.BICUBIC).save(path)
        return path

    return draw_one

"""Start: how long whole processes take, from nothing to the answer."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from mnistnet.arrays import SIDE
from mnistnet.data.mnist import load_sample

TITLE = "Start: from nothing to the answer"
NOTE = "Whole processes, by the clock on the wall."
WIDTH = 280


def measure(job: Job) -> Iterator[Comparison]:
    """A picture read by the command, beside Python programs that only import something."""
    with tempfile.TemporaryDirectory() as folder:
        picture = draw(Path(folder) / "picture.png")
        commands = {
            "mnistnet predict": ["-m", "mnistnet", "predict", "--model", "shipped", str(picture)],
            "import numpy": ["-c", "import numpy"],
            "import torch": ["-c", "import torch"],
            "Python alone": ["-c", ""],
        }
        contestants = {name: partial(milliseconds, command) for name, command in commands.items()}
        yield job.compare("python, from start to end", "ms", contestants)


def draw(path: Path) -> Path:
    """A test digit as a picture, dark on light."""
    pixels = (255 - 255 * load_sample().test.images[0].reshape(SIDE, SIDE)).astype("uint8")
    Image.fromarray(pixels).resize((WIDTH, WIDTH), Image.Resampling.BICUBIC).save(path)
    return path


def milliseconds(arguments: list[str]) -> float:
    """Of a process of this Python. Raises CalledProcessError when it fails."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    return 1e3 * (time.perf_counter() - began)

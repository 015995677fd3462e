"""Jobs: commands that write files, run as real processes, and whether what they leave behind is whole."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from mnistnet.data.mnist import load_sample
from mnistnet.errors import MnistnetError
from mnistnet.model_file import load_model
from mnistnet.training.checkpoint import read_checkpoint
from torturing import Budget, CannotTryError
from torturing.mirror import MNIST

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
"""Small models, one of each version of the file's format."""
LONGEST = 120.0
"""Seconds that a command may take; it hangs after them."""
STATUSES = (0, 1, 2, 130)
SMALL = "--data sample --recipe quick --hidden 4 --epochs 1"


class Job(NamedTuple):
    """A command that writes into the folder `out` of the folder that it is run in, or into its `home`."""

    name: str
    arguments: str
    may_succeed: bool = False
    """Where not all can be written: it tells so, and does the rest."""


JOBS = (
    Job(
        "train",
        f"train {SMALL} --checkpoint out/training.npz --checkpoint-every 0.01 --output out/model.npz --run-dir out/run",
        True,  # without checkpoint
    ),
    Job("report", "report model.npz --html out/report.html --figures out/figures --data sample"),
    Job("predict", "predict pictures --model model.npz --csv out/table.csv"),
    Job("explain", "predict pictures --model model.npz --explain out/explained", True),
    Job("bulk", "predict pictures --model model.npz --csv out/bulk.csv --workers 1"),
    Job("inspect", "inspect pictures/8_0.png --model model.npz --output out/inside.html"),
    Job("export", "export --model model.npz --html out/digit.html --safetensors out/digit.safetensors"),
    Job("teach", "teach signs --model model.npz --data sample --output out/taught.npz --run-dir out/taught"),
    Job("experiment", "experiment --data sample --epochs 1 --vary hidden=4,5 --jobs 1 --output out/experiment"),
    *([Job("data fetch", f"data fetch --mirror {MNIST}")] if MNIST else []),
)


class Ran(NamedTuple):
    """What a process came to."""

    status: int
    out: str
    err: str


def make_workplace(folder: Path) -> Path:
    """A folder with what the jobs need: a model, pictures of digits, and others that two new classes are made of."""
    for name in ("out", "home", "pictures", "signs/cross", "signs/ring"):
        (folder / name).mkdir(parents=True)
    (folder / "model.npz").write_bytes((GOLDEN / "version_5.npz").read_bytes())
    sample = load_sample().test
    for number in range(6):
        pixels = (255 - 255 * sample.images[number].reshape(28, 28)).astype(np.uint8)
        Image.fromarray(pixels).resize((56, 56)).save(folder / f"pictures/{sample.labels[number]}_{number}.png")
        for sign in ("cross", "ring"):
            draw_sign(sign, number).save(folder / f"signs/{sign}/{sign}_{number}.png")  # {number}.png is a digit
    Image.new("L", (56, 56), 255).save(folder / "pictures/8_0.png")
    return folder


def draw_sign(sign: str, number: int) -> Image.Image:
    """A picture of a cross or a ring."""
    picture, low, high = Image.new("L", (90, 90), 255), 15 + number, 75 - number
    draw = ImageDraw.Draw(picture)
    if sign == "ring":
        draw.rectangle((low, low, high, high), outline=0, width=8)
        draw.line((low, 45, high, 45), fill=0, width=8)
    else:
        for line in ((low, low, high, high), (low, high, high, low), (45, low, 45, high), (low, 45, high, 45)):
            draw.line(line, fill=0, width=8)
    return picture


def environment(home: Path | None, others: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without a way to the internet, and with home as MNISTNET_HOME."""
    nowhere = "http://127.0.0.1:9"
    cut = {"HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere, "NO_PROXY": "127.0.0.1", "OPENBLAS_NUM_THREADS": "1"}
    kept = {name: value for name, value in os.environ.items() if name != "MNISTNET_HOME"}
    return kept | cut | ({"MNISTNET_HOME": str(home)} if home else {}) | dict(others or {})


def command(arguments: str | Sequence[str]) -> list[str]:
    """How `mnistnet` is started with these."""
    return [sys.executable, "-m", "mnistnet", *(arguments.split() if isinstance(arguments, str) else arguments)]


def start(
    arguments: Sequence[str],
    folder: Path,
    *,
    variables: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
) -> "subprocess.Popen[bytes]":
    """Start a program in a workplace; before is called in its process."""
    return subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment(folder / "home", variables),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=before,
    )


def finish(process: "subprocess.Popen[bytes]", *, longest: float = LONGEST) -> Ran:
    """What it came to; status -9 and "it hangs" where it does."""
    try:
        out, err = process.communicate(timeout=longest)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return Ran(-9, (out or b"").decode(errors="replace"), "it hangs")
    return Ran(process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace"))


def limited(size: int) -> Callable[[], None]:
    """What has no file of a process grow beyond size bytes."""
    import resource  # POSIX only

    return partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, size))


def trouble(ran: Ran, *, statuses: Sequence[int] = STATUSES) -> str:
    """What is wrong with how a command ended: a traceback, a hang, a crash, an error without a line; "" if nothing."""
    if "Traceback" in ran.err or "Exception ignored" in ran.err:
        return f"traceback: {' '.join(ran.err.split())[-300:]}"
    if ran.status not in statuses:
        return f"status {ran.status}: {' '.join(ran.err.split())[-200:]}"
    if ran.status == 1 and not (lines := ran.err.splitlines()):
        return "status 1 and nothing said"
    if ran.status == 1 and "mnistnet: " not in lines[-1]:
        return f"last line: {lines[-1][:200]}"
    return ""


def broken_files(folder: Path) -> Iterator[str]:
    """What is not whole among the files under a final name, and temporary files that were left behind."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith(".part"):
            if path.name.endswith(".tmp"):
                yield f"{path.name} is left behind"
            elif not is_whole(path):
                yield f"{path.name} is not whole ({path.stat().st_size} bytes)"


def is_whole(path: Path) -> bool:
    """Whether a file of a kind that the jobs write is all there."""
    content = path.read_bytes()
    try:
        if path.suffix == ".npz":
            return bool(read_checkpoint(path) if b"checkpoint.json" in content[:100] else load_model(path))
        if path.suffix == ".json":
            return isinstance(json.loads(content), dict)
        if path.suffix == ".png":
            return bool(Image.open(path).convert("L").size)
    except (MnistnetError, ValueError, OSError):
        return False
    if path.suffix == ".html":
        return content.rstrip().endswith(b"</html>")
    ends = {".svg": b"</svg>\n", ".csv": b"\n", ".toml": b"\n", "": b"\n"}
    return content.endswith(ends.get(path.suffix, b""))


@contextmanager
def copy_of(workplace: Path) -> Iterator[Path]:
    """A workplace of one's own, for one case."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(shutil.copytree(workplace, Path(folder) / "place"))


def in_turn(cases: list[Callable[[], str]], budget: Budget, *, least: int) -> tuple[int, list[str], list[str]]:
    """Run the cases, in an order drawn by the seed, until the time is up; how many were tried, what was wrong, and what
    the others need that could not be."""
    random.Random(budget.seed).shuffle(cases)
    failures, left_out, tried = [], [], 0
    for case in cases:
        if tried >= least and not budget.is_left():
            break
        try:
            wrong = case()
        except CannotTryError as error:
            left_out.append(str(error))
            continue
        tried += 1
        failures += [wrong] if wrong else []
    return tried, failures, left_out


def contents(folder: Path) -> dict[str, bytes]:
    """All files by their names, whatever else takes a place."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def forced(job: Job) -> str:
    """The command for which nothing is in the way."""
    return job.arguments if job.arguments.startswith("data ") else f"{job.arguments} --force"


def after_failure(ran: Ran, place: Path) -> str:
    """What is wrong after a command that could perhaps not write."""
    if wrong := trouble(ran, statuses=(0, 1)):
        return wrong
    return "; ".join(broken_files(place))


def after_room(place: Path, job: Job) -> str:
    """What is wrong after the same command once more."""
    ran = finish(start(command(forced(job)), place))
    return trouble(ran, statuses=(0,)) or "; ".join(broken_files(place)) or unwritten(place)


def unwritten(place: Path) -> str:
    """What is wrong where a job that had room left nothing: no trial of it would be one."""
    return "" if sizes_below(place) else "nothing is written"


def sizes_below(place: Path) -> list[int]:
    """The sizes of all files that a job wrote and that are not empty."""
    paths = [path for name in ("out", "home") for path in (place / name).rglob("*") if path.is_file()]
    return sorted({path.stat().st_size for path in paths} - {0})

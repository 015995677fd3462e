"""Measure reading many pictures: one process, two, and a Dask cluster of two workers on this machine.

python scripts/bulk.py
python scripts/bulk.py --pictures 2000 --ways 2,dask --json bulk.json
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

try:
    from mnistnet.commands import exit_status, filled_path
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e '.[cluster]'")

import numpy as np
from load import children_of, memory_of
from PIL import Image

from mnistnet.arrays import SIDE
from mnistnet.commands.options import whole_number
from mnistnet.data.mnist import load_sample
from mnistnet.errors import ClusterError
from mnistnet.files import require_writable, write_text
from mnistnet.training.augmentation import Warps, warped

WAYS = ("1", "2", "dask")
MANY_A_FOLDER = 1_000
WARM = 1_000
"""Pictures after which memory is measured first."""


def main() -> int:
    """Measure and return the exit status, as commands do."""
    return exit_status(lambda: run(build_parser().parse_args()))


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="bulk.py", description="Measure reading many pictures.")
    add = parser.add_argument
    add("--pictures", type=whole_number, default=20_000, metavar="N", help="how many (20,000)")
    add("--side", type=whole_number, default=140, metavar="N", help="of each, in pixels (140)")
    add("--ways", default=",".join(WAYS), metavar="WAY,WAY", help="numbers of processes, or dask (1,2,dask)")
    add("--rounds", type=whole_number, default=1, metavar="N", help="of all ways in turns (1)")
    add("--json", type=filled_path, metavar="FILE", help="write the figures here too")
    add("--force", action="store_true", help="replace FILE if it is there already")
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure, and show each figure."""
    if args.json:
        require_writable(args.json, overwrite=args.force)
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        size = draw(folder / "pictures", args.pictures, args.side)
        print(f"{args.pictures:,} pictures of {args.side} x {args.side}, {size / args.pictures:,.0f} bytes each")
        for _ in range(args.rounds):
            for way in args.ways.split(","):
                figures.append(measure(folder, way))
                print("  ".join(f"{name} {value}" for name, value in figures[-1].items()), flush=True)
        tables = {path.read_bytes() for path in folder.glob("*.csv")}
        print(ratios(figures))
        print("all tables are the same" if len(tables) == 1 else "THE TABLES DIFFER")
    if args.json:
        write_text(args.json, json.dumps(figures, indent=1) + "\n", overwrite=args.force)
    return 0 if len(tables) == 1 else 1


def ratios(figures: Sequence[dict[str, Any]]) -> str:
    """How many times as fast each way was as the one before it, by the medians of its rounds."""
    by_way: dict[str, list[float]] = {}
    for figure in figures:
        by_way.setdefault(figure["way"], []).append(figure["seconds"])
    medians = {way: statistics.median(seconds) for way, seconds in by_way.items()}
    pairs = pairwise(medians)
    return "\n".join(
        f"{after} is {medians[before] / medians[after]:.2f} times as fast as {before}" for before, after in pairs
    )


def draw(folder: Path, count: int, side: int) -> int:
    """Digits of the sample, each warped anew, as PNGs dark on light; their bytes together."""
    images, rng, size = load_sample().learning.images, np.random.default_rng(0), 0
    warps = Warps(rotation=10, scale=0.1, shear=0.1, field=1)
    for start in range(0, count, MANY_A_FOLDER):
        inside = folder / f"{start:08}"
        inside.mkdir(parents=True)
        chosen = images[np.arange(start, min(start + MANY_A_FOLDER, count)) % len(images)]
        for number, image in enumerate(warped(chosen, warps, rng=rng)):
            pixels = Image.fromarray(np.uint8(255 - 255 * image.reshape(SIDE, SIDE).clip(0, 1)))
            path = inside / f"{number:04}.png"
            pixels.resize((side, side), Image.Resampling.BICUBIC).save(path)
            size += path.stat().st_size
    return size


def measure(folder: Path, way: str) -> dict[str, Any]:
    """Read them all: seconds from the command's start to its end, rate, processors' seconds, and memory."""
    table = folder / f"{way}.csv"
    before = processor_seconds()
    with ExitStack() as processes:
        options = ["--workers", way]
        workers: Sequence[int] = []
        if way == "dask":
            address, workers = processes.enter_context(cluster(folder))
            options = ["--scheduler", address]
        command = [sys.executable, "-m", "mnistnet", "predict", str(folder / "pictures"), "--model", "shipped"]
        began, memory, count = time.perf_counter(), list[float](), 0
        with subprocess.Popen([*command, "--csv", str(table), "--force", *options], stdout=subprocess.PIPE) as process:
            while process.poll() is None:
                time.sleep(0.2)
                count += 1
                if rows_of(table) >= WARM and count % 5 == 0 and (now := memory_with(process.pid, workers)):
                    memory.append(now)
        seconds = time.perf_counter() - began
    if process.returncode:
        raise ClusterError(f"reading by {way} ended with status {process.returncode}")
    pictures = table.read_bytes().count(b"\n") - 1
    return {
        "way": way,
        "seconds": round(seconds, 1),
        "pictures/s": round(pictures / seconds, 1),
        "processor s": round(processor_seconds() - before, 1),
        "MB after the 1,000th": round(memory[0], 1) if memory else None,
        "most MB since": round(max(memory), 1) if memory else None,
    }


def processor_seconds() -> float:
    """Of all processes that were started here and have ended: what a busy machine disturbs least."""
    times = os.times()
    return times.children_user + times.children_system


def rows_of(table: Path) -> int:
    """How many rows it has while it grows, by the size of one."""
    return sum(part.stat().st_size for part in table.parent.glob(f"{table.name}.*.part")) // 80


def memory_with(process: int, others: Sequence[int]) -> float:
    """Megabytes of a process, all its children and the others."""
    return sum(map(memory_of, [process, *children_of(process), *others])) / 1e6


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, Sequence[int]]]:
    """A scheduler with two workers of one thread each: its address, and the workers' processes."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = ["dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name, *rest in (scheduler, worker, worker):
            command = [sys.executable, "-m", f"distributed.cli.{name}", *rest, *options]
            started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment))
        deadline = time.monotonic() + 30
        while not file.exists():
            if time.monotonic() > deadline:
                raise ClusterError("the scheduler did not start: python -m pip install 'mnistnet[cluster]'")
            time.sleep(0.1)
        time.sleep(3)  # in which the workers are there, as they are in a cluster
        yield json.loads(file.read_bytes())["address"], [process.pid for process in started[1:]]
    finally:
        for process in started:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())

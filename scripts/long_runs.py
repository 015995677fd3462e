"""Watch the memory and open files of what runs long: a training with many checkpoints, a server under many requests.

python scripts/long_runs.py
python scripts/long_runs.py --minutes 20 --requests 50000 --json long_runs.json
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

try:
    from mnistnet.commands import exit_status, filled_path
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e '.[web]'")

from load import DRAWINGS, WARM_REQUESTS, Server, ask_many, draw, post, started

from mnistnet.commands.options import number, whole_number
from mnistnet.errors import MnistnetError
from mnistnet.files import require_writable, write_text

MOST_MEGABYTES, MOST_FILES = 5.0, 2.0
"""By which the last third of a run may have more than the third before it, and still be flat."""
CONNECTIONS = 20


class Sample(NamedTuple):
    """What a command had at one moment, its processes together."""

    seconds: float
    megabytes: float
    open_files: int


def main() -> int:
    """Watch and return the exit status, as commands do."""
    return exit_status(lambda: run(build_parser().parse_args()))


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="long_runs.py", description="Watch memory and open files. Exit status 1 where they grow. Needs Linux."
    )
    add = parser.add_argument
    add("--minutes", type=number, default=20.0, metavar="N", help="of training; 0: none (%(default)g)")
    add("--checkpoint-every", type=number, default=5.0, metavar="S", help="seconds (%(default)g)")
    add("--requests", type=whole_number, default=50_000, metavar="N", help="to the server; 0: none (50,000)")
    add("--json", type=filled_path, metavar="FILE", help="write the samples here, too")
    add("--force", action="store_true", help="replace FILE if it is there already")
    return parser


def run(args: argparse.Namespace) -> int:
    """Watch both, and show what came of it; 1 where something grows."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # after a shell's & it is ignored, by the training too
    if args.json:
        require_writable(args.json, overwrite=args.force)
    runs: dict[str, list[Sample]] = {}
    if args.minutes:
        runs["training"] = watch_training(60 * args.minutes, args.checkpoint_every)
    if args.requests:
        runs["server"] = watch_server(args.requests)
    for name, samples in runs.items():
        print(f"{name}: {described(samples)}")
    if args.json:
        write_text(args.json, json.dumps(runs) + "\n", overwrite=args.force)
    return 0 if all(growth(samples) == "flat" for samples in runs.values()) else 1


def watch_training(seconds: float, checkpoint_every: float) -> list[Sample]:
    """A training on the sample for so long, with checkpoints, which Ctrl-C then ends in order."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        checkpoint, written = Path(folder) / "checkpoint.npz", set()
        saving = ["--checkpoint", str(checkpoint), "--checkpoint-every", str(checkpoint_every)]
        asked = ["--data", "sample", "--epochs", "10000", "--run-dir", str(Path(folder) / "run"), *saving]
        command = [sys.executable, "-m", "mnistnet", "train", "--quiet", *asked]
        with subprocess.Popen(command, stdout=log, stderr=log) as process:
            server = Server(0, process.pid)
            with sampled(server) as samples:
                end = time.monotonic() + seconds
                while time.monotonic() < end and process.poll() is None:
                    time.sleep(0.5)
                    if checkpoint.exists():
                        written.add(checkpoint.stat().st_mtime_ns)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise MnistnetError("the training goes on 60 s after Ctrl-C") from error
        if process.returncode != 130:
            log.seek(0)
            raise MnistnetError(f"the training ended with status {process.returncode}: {log.read()[-500:]}")
        print(f"training: {len(written)} checkpoints in {seconds:g} s")
        if len(written) < seconds / checkpoint_every / 2 - 1:
            raise MnistnetError(f"expected a checkpoint every {checkpoint_every:g} s, got {len(written)} in all")
    return samples


def watch_server(requests: int) -> list[Sample]:
    """A server that answers so many requests, after those that warm it."""
    asked = [post(drawing) for drawing in draw(DRAWINGS)]
    with started(None) as server:
        asyncio.run(ask_many(server, asked, CONNECTIONS, total=WARM_REQUESTS))
        with sampled(server) as samples:
            figures = asyncio.run(ask_many(server, asked, CONNECTIONS, total=requests))
    print(f"server: {requests:,} requests, {figures['requests/s']:.0f} a second, {figures['failed']} failed")
    if figures["failed"]:
        raise MnistnetError(f"{figures['failed']} of {requests:,} requests failed")
    return samples


@contextmanager
def sampled(server: Server, *, every: float = 1.0) -> Iterator[list[Sample]]:
    """Samples of a process and its children, to which more are added while the with block lasts."""
    samples: list[Sample] = []
    ended, began = threading.Event(), time.monotonic()

    def sample() -> None:
        while not ended.wait(every):
            samples.append(Sample(time.monotonic() - began, server.memory(), server.open_files()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def grown(samples: Sequence[Sample], what: Callable[[Sample], float]) -> float:
    """By how much the median of the last third of the samples is above that of the third before it."""
    if not any(sample.megabytes for sample in samples):
        raise MnistnetError("memory is not told here; run it on Linux")
    third = len(samples) // 3
    if not third:
        raise MnistnetError(f"expected a run of at least 3 samples, got {len(samples)}; let it run longer")
    return median(map(what, samples[-third:])) - median(map(what, samples[-2 * third : -third]))


def growth(samples: Sequence[Sample]) -> str:
    """Whether memory and open files stay as they are, in words."""
    megabytes, files = grown(samples, lambda one: one.megabytes), grown(samples, lambda one: one.open_files)
    return "flat" if megabytes <= MOST_MEGABYTES and files <= MOST_FILES else f"+{megabytes:.1f} MB, +{files:g} files"


def described(samples: Sequence[Sample]) -> str:
    """A line on them."""
    megabytes, files = [one.megabytes for one in samples], [one.open_files for one in samples]
    spread = f"{min(megabytes):.0f} to {max(megabytes):.0f} MB, at the end {megabytes[-1]:.0f}"
    spread_files = f"{min(files)} to {max(files)} open files, at the end {files[-1]}"
    return f"{spread}; {spread_files}; {len(samples)} samples: {growth(samples)}"


if __name__ == "__main__":
    sys.exit(main())

"""Measure how `mnistnet serve` bears load: a server of its own on this machine, and this process as its many clients.

python scripts/load.py
python scripts/load.py --connections 50 --seconds 20 --requests 50000 --json load.json
"""

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

try:
    from mnistnet.commands import exit_status, filled_path
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e '.[web]'")

import numpy as np
from PIL import Image

from mnistnet.arrays import SIDE
from mnistnet.commands.options import number, whole_number
from mnistnet.data.mnist import load_sample
from mnistnet.errors import ServerError
from mnistnet.files import require_writable, write_text

WIDTH = 280
DRAWINGS = 200
MANY, HEALTH_CHECKS = 1_000, 50
WARM_REQUESTS = 1_000


class Server(NamedTuple):
    """A server that runs."""

    port: int
    process: int

    def memory(self) -> float:
        """Megabytes that the server and all its processes have in memory (Linux's RSS; 0 elsewhere)."""
        return sum(map(memory_of, [self.process, *children_of(self.process)])) / 1e6

    def open_files(self) -> int:
        """How many files, connections and pipes they have open (Linux; 0 elsewhere)."""
        return sum(map(open_files_of, [self.process, *children_of(self.process)]))


def main() -> int:
    """Measure and return the exit status, as commands do."""
    return exit_status(lambda: run(build_parser().parse_args()))


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="load.py", description="Measure how `mnistnet serve` bears load.")
    add = parser.add_argument
    add("--connections", type=whole_number, default=50, metavar="N", help="that ask at once (50)")
    add("--seconds", type=number, default=10.0, metavar="S", help="for which the rate is measured (10)")
    add("--workers", type=whole_number, metavar="N", help="of the server (one a core)")
    add("--requests", type=whole_number, default=0, metavar="N", help="after which memory is measured again (none)")
    add("--json", type=filled_path, metavar="FILE", help="write the figures here too")
    add("--force", action="store_true", help="replace FILE if it is there already")
    return parser


def run(args: argparse.Namespace) -> int:
    """Measure, and show each figure."""
    if args.json:
        require_writable(args.json, overwrite=args.force)
    requests = [post(drawing) for drawing in draw(DRAWINGS)]
    figures: dict[str, float] = {}
    with started(args.workers) as server:
        asyncio.run(ask_many(server, requests, args.connections, total=WARM_REQUESTS))
        figures["MB after 1,000 requests"] = server.memory()
        figures["open files after 1,000 requests"] = server.open_files()
        figures |= asyncio.run(ask_many(server, requests, args.connections, seconds=args.seconds))
        figures |= asyncio.run(check_health(server))
        if args.requests:
            asyncio.run(ask_many(server, requests, args.connections, total=args.requests))
            figures[f"MB after {args.requests:,} more"] = server.memory()
            figures[f"open files after {args.requests:,} more"] = server.open_files()
    for name, value in figures.items():
        print(f"{name:34}{value:12,.1f}")
    if args.json:
        write_text(args.json, json.dumps(figures, indent=1) + "\n", overwrite=args.force)
    return 0


def draw(how_many: int) -> list[bytes]:
    """Test digits of the sample as PNGs, dark on light."""
    return [png(image.reshape(SIDE, SIDE)) for image in load_sample().test.images[:how_many]]


def png(image: Any) -> bytes:
    """Ink, (28, 28), as a drawing of WIDTH x WIDTH pixels."""
    file = io.BytesIO()
    pixels = Image.fromarray((255 - 255 * image).astype(np.uint8))
    pixels.resize((WIDTH, WIDTH), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def post(drawing: bytes) -> bytes:
    """A request to read it."""
    head = f"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(drawing)}"
    return f"{head}\r\n\r\n".encode() + drawing


@contextmanager
def started(workers: int | None) -> Iterator[Server]:
    """A server of its own, at a free port."""
    options = ["--workers", str(workers)] if workers else []
    command = [sys.executable, "-m", "mnistnet", "serve", "--port", "0", "--model", "shipped", *options]
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | {"MNISTNET_HOME": home}
        ) as process,
    ):
        lines = [process.stdout.readline() for _ in range(2)] if process.stdout else []
        if not lines[-1].startswith("serving at"):
            log.seek(0)
            raise ServerError(f"the server did not start: {log.read().decode()}")
        try:
            yield Server(int(lines[-1].split("/")[2].rpartition(":")[2]), process.pid)
        finally:
            process.terminate()


async def ask_many(
    server: Server, requests: Sequence[bytes], connections: int, *, seconds: float = np.inf, total: float = np.inf
) -> dict[str, float]:
    """Ask on so many connections at once, one request after the other, for so long or so often."""
    numbers, times, failures = count(), [], []
    began = time.perf_counter()

    async def ask_on() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        while (number := next(numbers)) < total and (asked := time.perf_counter()) < began + seconds:
            writer.write(requests[number % len(requests)])
            status = await answer(reader)
            times.append(time.perf_counter() - asked)
            if status != 200:
                failures.append(status)
        writer.close()

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    middle, high = 1e3 * np.percentile(times, [50, 99])
    return {
        "requests/s": len(times) / (time.perf_counter() - began),
        "median ms": middle,
        "99th percentile ms": high,
        "failed": len(failures),
    }


async def answer(reader: asyncio.StreamReader) -> int:
    """The status of an answer, which is read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    return int(head.split(b" ", 2)[1])


async def check_health(server: Server) -> dict[str, float]:
    """How long /healthz takes beside many idle connections and one that sends a body byte by byte."""
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in range(MANY)))
    slow = opened[0][1]
    slow.write(b"POST /api/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
    times = []
    for _ in range(HEALTH_CHECKS):
        slow.write(b"x")
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status = await answer(reader)
        times.append(time.perf_counter() - began if status == 200 else np.inf)
        writer.close()
    for _, writer in opened:
        writer.close()
    return {f"/healthz beside {MANY:,} open, worst ms": 1e3 * max(times)}


def memory_of(process: int) -> float:
    """Bytes of a process in memory; 0 where that is not known."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    told = status.partition("VmRSS:")[2].split(maxsplit=1)
    return 1024 * float(told[0]) if told else 0  # one that has ended has none


def open_files_of(process: int) -> int:
    """How many files, connections and pipes a process has open; 0 where that is not known."""
    try:
        return len(list(Path(f"/proc/{process}/fd").iterdir()))
    except OSError:
        return 0


def children_of(process: int) -> list[int]:
    """The processes that it started; none where that is not known."""
    try:
        tasks = sorted(Path(f"/proc/{process}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())

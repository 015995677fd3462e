"""Mirror: a server in a process of its own, for processes that are killed while they download."""

import gzip
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

MNIST = os.environ.get("MNISTNET_TEST_MNIST", "")
"""A folder with MNIST's four files; "" where there is none at hand."""
NEEDS_MNIST = "MNIST's files in MNISTNET_TEST_MNIST"
PIECE, PAUSE = 1 << 15, 0.001
"""Bytes that it sends at a time, and how long it waits after them."""


@cache
def made_files() -> dict[str, bytes]:
    """A set in four files, as a mirror has them."""
    rng = np.random.default_rng(0)
    files = {}
    for part, count in (("train", 800), ("t10k", 100)):
        pixels = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for name, head, values in (
            ("images-idx3", (2051, count, 28, 28), pixels),
            ("labels-idx1", (2049, count), labels),
        ):
            content = np.array(head, ">u4").tobytes() + values.tobytes()
            files[f"{part}-{name}-ubyte.gz"] = gzip.compress(content, mtime=0)
    return files


class _Mirror(BaseHTTPRequestHandler):
    """Serves the made files under /made/, and MNIST's under /mnist/, from any byte on, not too fast."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        _, kind, name = self.path.split("/")
        if kind == "made" and name not in made_files():
            self.send_error(404)
            return
        content = made_files()[name] if kind == "made" else Path(MNIST, name).read_bytes()
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        for begin in range(start, len(content), PIECE):
            self.wfile.write(content[begin : min(begin + PIECE, len(content))])
            time.sleep(PAUSE)

    def log_message(self, *_: object) -> None:
        """It says nothing."""


class _Quiet(ThreadingHTTPServer):
    """Clients that are killed are what it is for."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def mirror() -> Iterator[str]:
    """The address of a mirror, in a process of its own: this one must have no threads when it forks."""
    server = _Quiet(("127.0.0.1", 0), _Mirror)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
    process.start()
    address = f"http://127.0.0.1:{server.server_port}"
    server.socket.close()
    try:
        yield address
    finally:
        process.kill()
        process.join()

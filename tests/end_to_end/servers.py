"""A real `mnistnet serve`, and clients as rude as sockets allow."""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from tests.end_to_end.conftest import CommandLine


class Serving(NamedTuple):
    """A server that runs, with its log and its home."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    home: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """A client that asks it, whatever proxies the environment names."""
        return httpx.Client(base_url=self.url, trust_env=False, verify=False, timeout=20)  # without certificates

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, data: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the answer to these bytes."""
        with self.connect() as connection:
            with suppress(OSError):  # it may have answered and closed already
                connection.sendall(data)
            return read_answer(connection)

    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def workers(self) -> list[int]:
        """The processes that it started and that read, on Linux."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()  # each thread has children of its own
        children = [child for task in tasks for child in (task / "children").read_text().split()]
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def read_answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of the next answer on a connection."""
    data = b""
    while b"\r\n\r\n" not in data and (piece := connection.recv(65536)):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
    while len(body) < length and (piece := connection.recv(65536)):
        body += piece
    return int(head.split()[1]), json.loads(body[:length])


@contextmanager
def serving(home: Path, *options: object) -> Iterator[Serving]:
    """A server with a home of its own, at a free port, that has to stop in good order."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "server.log"
    command_line = CommandLine(home)
    with log.open("wb") as errors:
        process = command_line.start_writing(errors, "serve", "--port", 0, "--model", "shipped", *options)
    try:
        assert process.stdout
        shown = process.stdout.readline() + process.stdout.readline()
        found = re.search(rb"http://\S+:(\d+)/", shown)
        assert found, log.read_text()
        yield Serving(int(found[1]), process, log, home)
        if process.poll() is None:
            process.terminate()
        assert process.wait(10) == 0, log.read_text()
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.communicate()


def wait_until(holds: Any, seconds: float = 10) -> bool:
    """Whether holds() becomes true in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True

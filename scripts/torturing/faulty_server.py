"""Faulty server: a real HTTP server on loopback, byte by byte, of mirrors that each misbehave in their own way."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import NamedTuple, Self

LONGEST = 300.0
"""Seconds for which it holds a connection or babbles on: longer than any client here may put up with."""


class Asked(NamedTuple):
    """What a client asks for."""

    path: str
    data: bytes
    """of the file"""
    offset: int | None
    """at which it wants to go on"""
    origin: str
    """The server's address."""


class Reply(NamedTuple):
    """What is sent."""

    wire: bytes
    end: str = "close"
    """close, reset (RST) or hold (say nothing more)"""
    piece: int = 1 << 20
    """bytes at once"""
    pause: float = 0.0
    """seconds between two pieces"""
    endless: bytes = b""
    """sent over and over, after that"""


Fault = Callable[[Asked], Reply]


class FaultyServer:
    """Serves files, {name: bytes}, as mirrors, {name: what it does at its first request, at its second, ...}, say.

    What a mirror does last it keeps doing. `server.url(mirror)` is its address, for as long as the `with` block lasts.
    """

    def __init__(
        self, mirrors: Mapping[str, Sequence[Fault]], files: Mapping[str, bytes], *, certificate: Path | None = None
    ) -> None:
        self.mirrors = dict(mirrors)
        self.files = files
        self.asked: dict[str, int] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._context = None
        if certificate is not None:
            self._context = SSLContext(PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate)
        self.port = self._listener.getsockname()[1]
        self._closing = threading.Event()

    def url(self, mirror: str) -> str:
        """The address of a mirror."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}/{mirror}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:  # a client that hangs up is what this is about
            connection.settimeout(LONGEST)
            with self._context.wrap_socket(connection, server_side=True) if self._context else connection as secured:
                request = b""
                while b"\r\n\r\n" not in request:
                    if not (more := secured.recv(1 << 16)):
                        return
                    request += more
                self._send(secured, self._reply(request.decode("latin-1")))

    def _reply(self, request: str) -> Reply:
        path = request.split(" ")[1]
        path = re.sub(r"^http://[^/]*", "", path)  # as a proxy is asked
        _, mirror, *_, name = path.split("/")
        number = self.asked[mirror] = self.asked.get(mirror, 0) + 1
        if name not in self.files:
            return Reply(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        faults = self.mirrors[mirror]
        offset = re.search(r"^range: *bytes=(\d+)-\r$", request, re.IGNORECASE | re.MULTILINE)
        origin = self.url("").rstrip("/")
        asked = Asked(path, self.files[name], int(offset[1]) if offset else None, origin)
        return faults[min(number, len(faults)) - 1](asked)

    def _send(self, connection: socket.socket, reply: Reply) -> None:
        for start in range(0, len(reply.wire), reply.piece):
            connection.sendall(reply.wire[start : start + reply.piece])
            if self._closing.wait(reply.pause):
                return
        end = time.monotonic() + LONGEST
        while reply.endless and time.monotonic() < end and not self._closing.wait(reply.pause):
            connection.sendall(reply.endless)
        if reply.end == "hold":
            connection.recv(1)  # until the client has enough
        if reply.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif reply.end == "close" and self._context is None:
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

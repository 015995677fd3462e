"""A real HTTP server on 127.0.0.1 that misbehaves on request.

The first part of a URL's path names the behaviour, the last the file: `server.url("cut") + "/digits.gz"`.
A behaviour with "once" misbehaves at its first request and then serves the file properly.
"""

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import NamedTuple, Self

PIECE = 4096


class Request(NamedTuple):
    """What one client asked for, and when; range is its Range header or ""."""

    behaviour: str
    name: str
    range: str
    at: float


class MirrorServer(ThreadingHTTPServer):
    """Serves files, {name: bytes}, for as long as its `with` block lasts; `requests` are those seen so far."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes], *, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.pair = threading.Barrier(2)
        self.scheme = "http"
        if certificate is not None:
            context = SSLContext(PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"

    def url(self, behaviour: str) -> str:
        """The mirror that behaves so."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{behaviour}"

    def count(self, behaviour: str) -> int:
        """How many requests a behaviour has seen."""
        return sum(request.behaviour == behaviour for request in self.requests)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MirrorServer

    def do_GET(self) -> None:
        _, behaviour, *_, name = self.path.split("/")
        asked = self.headers.get("Range", "")
        self.server.requests.append(Request(behaviour, name, asked, time.monotonic()))
        self.close_connection = True
        self.offset = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        again = behaviour.endswith("-once") and self.server.count(behaviour) > 1
        behave = fine if again else BEHAVIOURS[behaviour.removesuffix("-once")]
        behave(self, self.server.files[name])

    def start(self, status: int, **headers: object) -> None:
        """Send the status line and headers, given as Content_Length=3."""
        self.send_response(status)
        for name, value in ({"Connection": "close"} | headers).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def start_file(self, data: bytes, **headers: object) -> bytes:
        """Send the headers of a 200, or of a 206 where a range was asked for; the bytes to send are returned."""
        rest = data[self.offset :]
        status = 206 if self.offset else 200
        if self.offset:
            headers = {"Content_Range": f"bytes {self.offset}-{len(data) - 1}/{len(data)}"} | headers
        self.start(status, **({"Content_Length": len(rest)} | headers))
        return rest

    def log_message(self, *_: object) -> None:
        """pytest's output is for failures."""


def fine(http: _Handler, data: bytes) -> None:
    http.wfile.write(http.start_file(data))


def redirect(http: _Handler, location: str) -> None:
    http.start(302, Location=location, Content_Length=0)


def cut(http: _Handler, data: bytes) -> None:
    rest = http.start_file(data)
    http.wfile.write(rest[: len(rest) // 2])


def reset(http: _Handler, data: bytes) -> None:
    cut(http, data)
    http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() sends RST
    http.connection.close()


def stall(http: _Handler, data: bytes) -> None:
    cut(http, data)
    http.server.closing.wait(60)


def drip(http: _Handler, data: bytes) -> None:
    for byte in http.start_file(data)[:250]:  # a client that puts up with it fails its test within seconds
        http.wfile.write(bytes([byte]))
        if http.server.closing.wait(0.02):
            return


def unframed(http: _Handler, data: bytes) -> None:
    """Neither Content-Length nor chunks: the body ends with the connection."""
    http.start(200)
    http.wfile.write(data)


def chunked(http: _Handler, data: bytes) -> None:
    http.start(200, Transfer_Encoding="chunked")
    for start in range(0, len(data), PIECE):
        piece = data[start : start + PIECE]
        http.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    http.wfile.write(b"0\r\n\r\n")


def ignores_range(http: _Handler, data: bytes) -> None:
    http.offset = 0
    fine(http, data)


def wrong_range(http: _Handler, data: bytes) -> None:
    """Answers 206 to a range, with one that starts elsewhere."""
    http.wfile.write(http.start_file(data, Content_Range=f"bytes 0-{len(data) - 1}/{len(data)}"))


def refuses_range(http: _Handler, data: bytes) -> None:
    if http.offset:
        http.start(416, Content_Length=0, Content_Range=f"bytes */{len(data)}")
    else:
        fine(http, data)


def page(http: _Handler, _: bytes) -> None:
    text = b"<html><body>This domain is for sale</body></html>"
    http.start(200, Content_Type="text/html", Content_Length=len(text))
    http.wfile.write(text)


def short(http: _Handler, data: bytes) -> None:
    """Less than the file, and honest about it."""
    http.start(200, Content_Length=len(data) - 1)
    http.wfile.write(data[:-1])


def compresses(http: _Handler, data: bytes) -> None:
    """Compresses what goes over the wire for clients that say they take it."""
    if "gzip" in http.headers.get("Accept-Encoding", ""):
        packed = gzip.compress(data)
        http.start(200, Content_Encoding="gzip", Content_Length=len(packed))
        http.wfile.write(packed)
    else:
        fine(http, data)


def together(http: _Handler, data: bytes) -> None:
    """Waits until two clients are there, then serves both slowly."""
    http.server.pair.wait(30)
    rest = http.start_file(data)
    for start in range(0, len(rest), PIECE):
        http.wfile.write(rest[start : start + PIECE])
        time.sleep(0.005)


def wrong_bytes(data: bytes) -> bytes:
    """As long as data, and another file."""
    return bytes(byte ^ 0xFF for byte in data)


BEHAVIOURS: dict[str, Callable[[_Handler, bytes], object]] = {
    "fine": fine,
    "missing": lambda http, _: http.start(404, Content_Length=0),
    "busy": lambda http, _: http.start(503, Content_Length=0),
    "busy-for-a-second": lambda http, _: http.start(503, Content_Length=0, Retry_After=1),
    "busy-for-a-minute": lambda http, _: http.start(429, Content_Length=0, Retry_After=60),
    "hang-up": lambda *_: None,
    "babble": lambda http, _: http.wfile.write(b"\x1b[31mnot HTTP at all\r\n\r\n"),
    "silent": lambda http, _: http.server.closing.wait(60),
    "cut": cut,
    "cut-without-length": lambda http, data: unframed(http, data[: len(data) // 2]),
    "reset": reset,
    "stall": stall,
    "drip": drip,
    "unframed": unframed,
    "chunked": chunked,
    "short-chunked": lambda http, data: chunked(http, data[:-1]),
    "long-chunked": lambda http, data: chunked(http, data + b"more"),
    "short": short,
    "ignores-range": ignores_range,
    "wrong-range": wrong_range,
    "refuses-range": refuses_range,
    "wrong-when-resumed": lambda http, data: fine(http, wrong_bytes(data) if http.offset else data),
    "wrong": lambda http, data: fine(http, wrong_bytes(data)),
    "wrong-then-cut": lambda http, data: cut(http, wrong_bytes(data)),
    "page": page,
    "compresses": compresses,
    "labelled-gzip": lambda http, data: http.wfile.write(http.start_file(data, Content_Encoding="gzip")),
    "loop": lambda http, _: redirect(http, http.path),
    "hop": lambda http, _: redirect(http, http.path.replace("hop", "fine")),
    "to-file": lambda http, _: redirect(http, "file:///etc/hostname"),
    "to-http": lambda http, _: redirect(http, f"http://127.0.0.1:{http.server.server_port}{http.path}"),
    "together": together,
}

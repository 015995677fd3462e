"""One HTTP GET, every step of it bounded in time.

requests bounds the wait for one address and for one read. It bounds neither the look-up of a name, nor how many
addresses are tried, nor a body that drips.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from mnistnet.errors import DownloadError

CHUNK_BYTES = 1 << 16
EXPECTED = (OSError, ValueError, urllib3.exceptions.HTTPError)
"""What requests, urllib3 and sockets raise for a network's or a URL's fault."""


@dataclass(frozen=True)
class Limits:
    """How long a download waits for what. All times in seconds."""

    address: float = 3.0
    """for one address of a host to connect"""
    connection: float = 6.0
    """for the name, all addresses, the proxy and the TLS handshake together"""
    read: float = 10.0
    """for the headers, and then for each next piece of the body"""
    grace: float = 15.0
    """before a body counts as too slow"""
    slowest: float = 4000.0
    """bytes per second that a body must average after the grace"""
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)
    """before each further try at the same mirror"""
    longest_pause: float = 5.0
    """that a mirror may ask for by Retry-After"""
    redirects: int = 5


class MirrorError(DownloadError):
    """One mirror will not do: try the next."""


class TransientError(MirrorError):
    """The same mirror may do in a moment."""

    def __init__(self, reason: str, *, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


def open_url(url: str, headers: Mapping[str, str], limits: Limits) -> requests.Response:
    """The answer's status and headers, after redirects; its body is still to come. The caller closes it.

    Raises MirrorError where there is no connection, TransientError where there is one but no answer.
    """
    for _ in range(limits.redirects + 1):
        response = _answer(url, headers, limits)
        if not response.is_redirect:
            return response
        response.close()
        url = redirect_target(url, response.headers["Location"])
    raise MirrorError(f"more than {limits.redirects} redirects")


def redirect_target(url: str, location: str) -> str:
    """Where a Location header leads. MirrorError if it leaves http(s), or https for http."""
    try:
        target = urljoin(url, location)
        allowed = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
        if urlsplit(target).scheme in allowed:
            return target
    except ValueError as error:
        raise MirrorError(f"redirects to {location!r}, which is no URL") from error
    raise MirrorError(f"refused: it redirects from {urlsplit(url).scheme} to {target!r}")


def body(response: requests.Response, limits: Limits) -> Iterator[bytes]:
    """The body as it comes off the wire: a .gz that is labelled `Content-Encoding: gzip` stays a .gz.

    Raises TransientError where it breaks off, stalls or is too slow.
    """
    start, received = time.monotonic(), 0
    try:
        while chunk := _read(response, limits):
            received += len(chunk)
            yield chunk
            if received < limits.slowest * (time.monotonic() - start - limits.grace):
                raise TransientError(f"slower than {limits.slowest:,.0f} bytes/s")
    except EXPECTED as error:
        raise TransientError(f"broke off: {_reason(error)}") from error


def _read(response: requests.Response, limits: Limits) -> bytes:
    """What comes next; the connection is shut where that takes too long.

    The time-out of a socket starts again at each byte, and a chunk's extension or the trailers, which are read in one
    go, may have any number of them.
    """
    too_late = threading.Timer(2 * limits.read, _shut, [response.raw])
    too_late.daemon = True
    too_late.start()
    try:
        return bytes(response.raw.read1(CHUNK_BYTES, decode_content=False))
    finally:
        too_late.cancel()


def _shut(raw: urllib3.HTTPResponse) -> None:
    with suppress(OSError, ValueError, RuntimeError):  # it has just come to its end
        raw.shutdown()


def _answer(url: str, headers: Mapping[str, str], limits: Limits) -> requests.Response:
    connected, settled = threading.Event(), threading.Event()
    answer: Future[requests.Response] = Future()
    answer.add_done_callback(lambda _: settled.set())
    sockets: list[Any] = []

    def on_connect(connection: Any) -> None:
        sockets.append(connection.sock)
        connected.set()
        settled.set()

    def ask() -> None:
        try:
            answer.set_result(_get(url, headers, limits, on_connect))
        except Exception as error:
            failed = TransientError if connected.is_set() else MirrorError
            answer.set_exception(failed(_reason(error)) if isinstance(error, EXPECTED) else error)

    threading.Thread(target=ask, daemon=True).start()  # a look-up that hangs cannot be interrupted, only left behind
    settled.wait(limits.connection)
    if connected.is_set():
        wait([answer], limits.read)
    if answer.done():
        return answer.result()
    answer.add_done_callback(_close)
    if connected.is_set():
        with suppress(OSError, AttributeError):  # TLS inside TLS has no shutdown()
            sockets[0].shutdown(socket.SHUT_RDWR)  # or else the thread reads interim answers for as long as they come
        raise TransientError(f"timed out after {limits.read:g} s")
    raise MirrorError(f"no connection within {limits.connection:g} s")


def _get(url: str, headers: Mapping[str, str], limits: Limits, on_connect: Callable[[Any], None]) -> requests.Response:
    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, _ConnectionWatch(on_connect))
        timeout = (limits.address, limits.read)
        return session.get(url, headers=headers, stream=True, allow_redirects=False, timeout=timeout)


class _ConnectionWatch(HTTPAdapter):
    """Calls on_connect when the connection stands, TLS and a proxy's tunnel included."""

    def __init__(self, on_connect: Callable[[Any], None]) -> None:
        super().__init__()
        self._on_connect = on_connect

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        connection_class, on_connect = pool.ConnectionCls, self._on_connect

        def connect(connection: Any) -> None:
            connection_class.connect(connection)
            on_connect(connection)

        pool.ConnectionCls = type("WatchedConnection", (connection_class,), {"connect": connect})
        return pool


def _close(answer: Future[requests.Response]) -> None:
    if answer.exception() is None:
        answer.result().close()


def _reason(error: BaseException) -> str:
    """What the innermost cause says: requests wraps "Connection refused" into three layers of its own."""
    whose = "proxy: " if isinstance(error, requests.exceptions.ProxyError) else ""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return whose + (getattr(error, "strerror", None) or str(error) or type(error).__name__)

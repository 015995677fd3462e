"""Clients of `mnistnet serve` that know no manners: it cuts them off, and goes on as before."""

import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.attacked import LIMIT, POST, client, detail, goes_on_as_before, home, server
from tests.end_to_end.servers import Serving, read_answer, wait_until

__all__ = ["client", "goes_on_as_before", "home", "server"]


def test_an_announced_gigabyte_is_refused_at_once(server: Serving) -> None:
    with server.connect() as connection:
        began = time.monotonic()
        connection.sendall(POST + b"Content-Length: 1000000000\r\n\r\n" + b"x")
        status, problem = read_answer(connection)
        assert (status, problem["detail"]) == (413, "expected at most 1 MB; send a smaller picture")
        assert time.monotonic() - began < 1


def test_a_body_without_an_announced_length_is_counted_as_it_comes(server: Serving, client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(100_000)

    before = len(server.lines())
    assert "at most 1 MB" in detail(client.post("/api/read", content=endless()), 413)
    line = next(line for line in server.lines()[before:] if line["status"] == 413)
    assert line["received"] <= LIMIT + 500_000  # what had come already


def test_a_body_of_another_length_than_announced(server: Serving) -> None:
    status, _ = server.send(POST + b"Content-Length: 3\r\n\r\n" + bytes(100_000))
    assert status == 422
    with server.connect() as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\nabc")
        connection.shutdown(socket.SHUT_WR)
        assert b" 200 " not in connection.recv(65_536)
    for lengths in (b"Content-Length: 3\r\nContent-Length: 4", b"Content-Length: -1", b"Content-Length: 0x10"):
        with server.connect() as connection:
            connection.sendall(POST + lengths + b"\r\n\r\nabcd")
            status, problem = read_answer(connection)
            assert (status, problem["title"]) == (400, "Bad Request")


@pytest.mark.slow
def test_a_body_that_trickles_is_cut_off(server: Serving) -> None:
    with server.connect() as connection:
        began = time.monotonic()
        connection.sendall(POST + b"Content-Length: 1000\r\n\r\n")
        connection.settimeout(0.1)
        while time.monotonic() < began + 10:
            try:
                connection.sendall(b"x")
                status, problem = read_answer(connection)
                break
            except TimeoutError:
                continue
        assert (status, problem["detail"]) == (408, "the request took longer than 2 s to arrive")
        assert 1.5 < time.monotonic() - began < 5
        connection.settimeout(5)
        with pytest.raises((ConnectionError, BrokenPipeError)):
            while connection.recv(100):
                pass
            connection.sendall(b"x")
            time.sleep(0.2)
            connection.sendall(b"x")


@pytest.mark.slow
def test_a_head_that_trickles_and_a_connection_that_says_nothing_are_cut_off(server: Serving) -> None:
    with server.connect() as silent, server.connect() as slow:
        began = time.monotonic()
        silent.settimeout(30)

        def is_cut() -> bool:
            try:
                slow.sendall(b"X")
            except OSError:
                return True
            return False

        slow.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        assert wait_until(is_cut, 30)
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
        assert time.monotonic() - began < 30


def test_requests_that_are_none(server: Serving) -> None:
    for data in (
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/one\r\nHost: localhost\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the start of TLS
    ):
        with server.connect() as connection:
            try:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                assert b" 200 " not in connection.recv(65_536), data[:50]
            except OSError:
                pass  # cut off in the middle


def test_chunked_and_announced_at_once_is_no_way_round_the_limit(server: Serving) -> None:
    head = POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head + b"5\r\nhello\r\n0\r\n\r\n")
        assert b" 200 " not in connection.recv(65_536)


@pytest.mark.slow
def test_who_takes_an_answer_slowly_gets_all_of_it(server: Serving) -> None:
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /api/network HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
        length, received = int(re.search(rb"content-length: (\d+)", head.lower())[1]), len(body)  # type: ignore[index]
        began = time.monotonic()
        while received < length:
            received += len(connection.recv(65_536))
            if time.monotonic() < began + 12:  # longer than an idle connection is kept
                time.sleep(0.05)
        assert received == length > 1_000_000


def test_who_leaves_in_the_middle_leaves_nothing_behind(server: Serving, draw: Callable[[int], Path]) -> None:
    picture = draw(3).read_bytes()
    for part in (picture[:100], picture):
        for _ in range(20):
            with server.connect() as connection:
                connection.sendall(POST + f"Content-Length: {len(picture)}\r\n\r\n".encode() + part)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_thousand_connections_and_health(server: Serving, client: httpx.Client) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1_500:
        pytest.skip("needs 1,500 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        connections = [server.connect() for _ in range(1_000)]
        began = time.monotonic()
        assert client.get("/healthz").status_code == 200
        assert time.monotonic() - began < 1
        for connection in connections:
            connection.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

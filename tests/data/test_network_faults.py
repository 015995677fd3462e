"""A fixed few of scripts/torturing's network faults, and those that once went wrong."""

import gzip
import shutil
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torturing import connections, network
from torturing.faults import (
    ENDLESS,
    PAGE,
    POSITIONS,
    cut_at,
    endless_in,
    framed,
    good,
    head,
)
from torturing.faulty_server import Asked, Fault, FaultyServer, Reply

from mnistnet.data.download import fetch
from mnistnet.data.http_get import Limits
from mnistnet.data.idx_url import fetch_set
from mnistnet.errors import DownloadError
from tests.data.one_file import DATA, FILE, check_only_the_file

BRISK = Limits(read=0.2, grace=0.1, slowest=1e6, pauses=(0.01,))
BOMB = gzip.compress(struct.pack(">HBBI", 0, 8, 1, 65 << 24)) + 65 * gzip.compress(bytes(1 << 24))
SET = network.small_set(np.random.default_rng(0))


@pytest.mark.parametrize("number", range(15))
def test_random_faults_of_mirrors(number: int, tmp_path: Path) -> None:
    assert not network.try_mirrors(1, number, tmp_path)


@pytest.mark.parametrize("number", range(8))
def test_random_faults_of_a_set_without_known_hashes(number: int, tmp_path: Path) -> None:
    assert not network.try_set(1, number, tmp_path)


@pytest.mark.parametrize("framing", ["length", "chunks", "none"])
@pytest.mark.parametrize("end", ["close", "reset"])
def test_every_place_to_break_off(end: str, framing: str, tmp_path: Path) -> None:
    mirrors = {str(place): [cut_at(position, end, framing)] for place, position in enumerate(POSITIONS[:-1])}
    with FaultyServer(mirrors | {"good": [good]}, {FILE.name: DATA}) as server:
        for place in mirrors:
            try:
                fetch([FILE], [server.url(place)], tmp_path / place, limits=BRISK)
            except DownloadError as error:
                assert network.is_one_line(str(error))
                assert not (tmp_path / place / FILE.name).exists()
            fetch([FILE], [server.url("good")], tmp_path / place)
            check_only_the_file(tmp_path / place)


@pytest.mark.parametrize("pause", [0.0, 0.02])
@pytest.mark.parametrize("where", ENDLESS)
def test_nothing_is_endless_nor_read_on_behind_the_back(where: str, pause: float, tmp_path: Path) -> None:
    readers = {thread.name for thread in threading.enumerate()}
    with FaultyServer({"endless": [endless_in(where, pause)], "good": [good]}, {FILE.name: DATA}) as server:
        began = time.monotonic()
        fetch([FILE], [server.url("endless"), server.url("good")], tmp_path, limits=BRISK)
        assert time.monotonic() - began < 8
        check_only_the_file(tmp_path)
        until(lambda: not any("(ask)" in name for name in names() - readers))


def names() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def packed_page(asked: Asked) -> Reply:
    return Reply(b"".join(framed(asked._replace(data=gzip.compress(PAGE)), "length", "Content-Encoding: gzip")))


def packed_twice(asked: Asked) -> Reply:
    return Reply(b"".join(framed(asked._replace(data=gzip.compress(asked.data)), "length", "Content-Encoding: gzip")))


def empty(_: Asked) -> Reply:
    return Reply(head("200 OK", "Content-Length: 0"))


def longer_than_its_header_says(asked: Asked) -> Reply:
    data = gzip.compress(gzip.decompress(asked.data) + b"x")
    return Reply(b"".join(framed(asked._replace(data=data), "length")))


def bomb(asked: Asked) -> Reply:
    """A right file of 1.1 GB in 1 MB."""
    return Reply(b"".join(framed(asked._replace(data=BOMB), "length")))


@pytest.mark.parametrize(
    "fault",
    [packed_page, packed_twice, empty, longer_than_its_header_says, bomb],
    ids=range(5),
)
def test_what_is_no_idx_file_is_not_kept_as_one(fault: Fault, tmp_path: Path) -> None:
    with FaultyServer({"set": [fault]}, SET) as server:
        with pytest.raises(DownloadError, match=r"expected a whole \.gz of an IDX file"):
            fetch_set(server.url("set"), tmp_path, limits=network.PATIENT)
        assert not list(tmp_path.rglob("*.gz"))
        server.mirrors["set"] = [good]
        files = fetch_set(server.url("set"), tmp_path)
    assert {path.name: path.read_bytes() for path in files.paths} == SET


@pytest.mark.parametrize("length", ["9" * 12, "9" * 15, "9" * 30, "9" * 5000])
def test_a_size_beyond_all_measure_is_refused(length: str, tmp_path: Path) -> None:
    big = Reply(head("200 OK", f"Content-Length: {length}") + b"x", "hold")
    with (
        FaultyServer({"set": [lambda _: big]}, SET) as server,
        pytest.raises(DownloadError, match=r"expected 1,073,741,824 bytes at most, got 9"),
    ):
        fetch_set(server.url("set"), tmp_path, limits=network.PATIENT)


def test_what_a_server_says_of_a_set_does_not_reach_the_terminal_as_it_is(tmp_path: Path) -> None:
    with FaultyServer({"set": [lambda _: Reply(b"\x1b[31mnot HTTP\r\n\r\n")]}, SET) as server:
        with pytest.raises(DownloadError) as caught:
            fetch_set(server.url("set"), tmp_path, limits=network.PATIENT)
        assert network.is_one_line(str(caught.value))


@pytest.mark.slow
def test_a_certificate_has_to_match() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make certificates")
    said = connections.certificate_trials()
    assert said == dict.fromkeys(connections.CERTIFICATES, "")


@pytest.mark.parametrize("name", ["working", "no port"])
def test_proxies_are_used_or_named_without_their_passwords(name: str) -> None:
    with FaultyServer({"good": [good]}, {FILE.name: connections.DATA}) as server:
        assert not connections.try_proxy(server, name)


@pytest.mark.slow
def test_every_proxy() -> None:
    assert connections.proxy_trials() == dict.fromkeys(connections.PROXIES, "")

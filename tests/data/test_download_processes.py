"""Downloads by real processes: several at once, killed, behind TLS or a proxy, on a full disk, off the network."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from mnistnet.data.download import fetch
from mnistnet.data.http_get import Limits, redirect_target
from mnistnet.errors import DownloadError
from tests.data.one_file import DATA, FILE, check_only_the_file
from tests.servers import MirrorServer

ROOT = Path(__file__).parents[2]
FETCH = """
import json, sys
from pathlib import Path
from mnistnet.data.arriving import RemoteFile
from mnistnet.data.download import fetch
from mnistnet.errors import MnistnetError
file, mirrors, folder, largest_file = json.loads(sys.argv[1])
if largest_file:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
try:
    fetch([RemoteFile(*file)], mirrors, Path(folder))
except MnistnetError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def start_fetch(
    mirrors: list[str], folder: Path, *, largest_file: int = 0, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    arguments = json.dumps([FILE, mirrors, str(folder), largest_file])
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(environment or {}),
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What the process says on stderr once it has ended; "" if all went well."""
    try:
        return process.communicate(timeout=60)[1]
    finally:
        process.kill()


def test_two_processes_at_once_leave_one_good_copy(server: MirrorServer, tmp_path: Path) -> None:
    both = [start_fetch([server.url("together")], tmp_path) for _ in range(2)]
    assert [finish(process) for process in both] == ["", ""]
    assert server.count("together") == 2
    check_only_the_file(tmp_path)


def test_a_second_process_takes_up_what_the_first_has_so_far(server: MirrorServer, tmp_path: Path) -> None:
    part = tmp_path / f"{FILE.name}.part"
    first = start_fetch([server.url("stall-once")], tmp_path)
    wait_for_bytes(part)
    fetch([FILE], [server.url("fine")], tmp_path)
    assert server.requests[-1].range != ""
    check_only_the_file(tmp_path)
    server.closing.set()  # the first one's connection breaks off, and it goes on by itself
    assert finish(first) == ""
    check_only_the_file(tmp_path)


def test_a_killed_process_is_gone_on_from(server: MirrorServer, tmp_path: Path) -> None:
    part = tmp_path / f"{FILE.name}.part"
    process = start_fetch([server.url("stall")], tmp_path)
    wait_for_bytes(part)
    process.kill()
    finish(process)
    left = part.read_bytes()
    assert left == DATA[: len(left)]
    assert finish(start_fetch([server.url("fine")], tmp_path)) == ""
    assert server.requests[-1].range == f"bytes={len(left)}-"
    check_only_the_file(tmp_path)


def wait_for_bytes(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size):
        assert time.monotonic() < deadline, f"{path} stays empty"
        time.sleep(0.01)


def test_a_full_disk_is_one_clear_line(server: MirrorServer, tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="the limit on a file's size is POSIX's")
    said = finish(start_fetch([server.url("fine")], tmp_path, largest_file=100_000))
    assert said.startswith(f"OutputError: cannot write {tmp_path / FILE.name}.part: File too large; ")
    assert said.count("\n") == 1
    assert not (tmp_path / FILE.name).exists()


def test_a_disk_that_is_full_when_all_has_come_keeps_what_has(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="the limit on a file's size is POSIX's")
    part = tmp_path / f"{FILE.name}.part"
    part.write_bytes(DATA)
    said = finish(start_fetch([], tmp_path, largest_file=100_000))
    assert said.startswith(f"OutputError: cannot write {tmp_path / FILE.name}: File too large; ")
    assert [path.name for path in tmp_path.iterdir()] == [part.name]
    assert part.read_bytes() == DATA


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new certificate for 127.0.0.1 and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run(
        [openssl, "req", *kind, *names, "-keyout", path, "-out", path.with_name("certificate.pem")],
        check=True,
        capture_output=True,
    )
    with path.open("a") as both:
        both.write(path.with_name("certificate.pem").read_text())
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[MirrorServer]:
    with MirrorServer({FILE.name: DATA}, certificate=certificate) as running:
        yield running


def test_https_works_but_does_not_go_on_to_http(tls_server: MirrorServer, certificate: Path, tmp_path: Path) -> None:
    trust = {"REQUESTS_CA_BUNDLE": str(certificate)}
    said = finish(start_fetch([tls_server.url("to-http")], tmp_path, environment=trust))
    assert "refused: it redirects from https to 'http://127.0.0.1" in said
    assert tls_server.count("to-http") == 1
    assert finish(start_fetch([tls_server.url("hop")], tmp_path, environment=trust)) == ""
    check_only_the_file(tmp_path)


def test_a_certificate_nobody_vouches_for_is_refused(tls_server: MirrorServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="certificate verify failed"):
        fetch([FILE], [tls_server.url("fine")], tmp_path)
    assert tls_server.requests == []


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        ("https://a.example/x/y", "/z", "https://a.example/z"),
        ("https://a.example/x", "//b.example/y", "https://b.example/y"),
        ("http://a.example/x", "https://b.example/y", "https://b.example/y"),
        ("http://a.example/x", "HTTP://b.example/y", "http://b.example/y"),
    ],
)
def test_where_redirects_may_lead(url: str, location: str, target: str) -> None:
    assert redirect_target(url, location).casefold() == target


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://a.example/x", "http://a.example/x"),
        ("HTTPS://a.example/x", "http://a.example/x"),
        ("http://a.example/x", "file:///etc/passwd"),
        ("http://a.example/x", "ftp://a.example/x"),
        ("http://a.example/x", "http://[::1/"),
    ],
)
def test_where_redirects_may_not_lead(url: str, location: str) -> None:
    with pytest.raises(DownloadError, match="redirects"):
        redirect_target(url, location)


@contextmanager
def mute_listener() -> Iterator[str]:
    """The address of a server that takes connections and never says a word, TLS's first one included."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def unused_address() -> str:
    with mute_listener() as address:
        return address


def test_a_mirror_without_connection_is_left_at_once(server: MirrorServer, tmp_path: Path) -> None:
    """The pauses would outlast any test, so that a second try at the same mirror would show."""
    never_again = Limits(connection=0.5, pauses=(60.0,))
    with mute_listener() as mute:
        no_tls = server.url("fine").replace("http:", "https:")
        mirrors = [
            f"http://{unused_address()}",
            f"https://{mute}",
            no_tls,
            "http://no-such-host.invalid",
            "http://[::1/",
        ]
        with pytest.raises(DownloadError) as caught:
            fetch([FILE], mirrors, tmp_path, limits=never_again)
        fetch([FILE], [*mirrors, server.url("fine")], tmp_path, limits=never_again)
    assert re.search(rf"{mirrors[0]}: [^;]*refused", str(caught.value))
    assert f"{mirrors[1]}: no connection within 0.5 s; " in str(caught.value)
    for mirror in mirrors:
        assert f"{mirror}: " in str(caught.value)
    check_only_the_file(tmp_path)


def test_a_dead_proxy_is_named_and_does_not_stop_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / FILE.name).write_bytes(DATA)
    proxy = {"http_proxy": f"http://{unused_address()}"}
    said = finish(start_fetch(["http://mirror.example"], tmp_path / "cache", environment=proxy))
    assert re.search(r"http://mirror\.example: proxy: [^;]*refused", said)
    assert (
        finish(start_fetch(["http://mirror.example", str(tmp_path / "mirror")], tmp_path / "cache", environment=proxy))
        == ""
    )
    check_only_the_file(tmp_path / "cache")

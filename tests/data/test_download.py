"""Downloads from a real server that misbehaves: each ends in the right data, or says what went wrong."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mnistnet.data.arriving import RemoteFile
from mnistnet.data.download import fetch
from mnistnet.data.http_get import Limits
from mnistnet.errors import DownloadError, OutputError
from tests.data.one_file import DATA, FILE, check_only_the_file
from tests.servers import MirrorServer, wrong_bytes

HALF = len(DATA) // 2
PATIENT = Limits(pauses=(0.01,) * 3)
BRISK = Limits(read=0.4, grace=0.2, pauses=(0.01,))


def limits_for(behaviour: str) -> Limits:
    return BRISK if behaviour.removesuffix("-once") in ("silent", "stall", "drip") else PATIENT


@pytest.mark.parametrize(
    "behaviour",
    [
        *("fine", "chunked", "unframed", "labelled-gzip", "compresses", "hop"),
        *("busy-once", "hang-up-once", "cut-once", "cut-without-length-once", "reset-once"),
        *("silent-once", "stall-once", "drip-once"),
    ],
)
def test_ends_in_the_right_data(server: MirrorServer, tmp_path: Path, behaviour: str) -> None:
    paths = fetch([FILE], [server.url(behaviour)], tmp_path, limits=limits_for(behaviour))
    assert paths == [tmp_path / FILE.name]
    check_only_the_file(tmp_path)
    assert server.count(behaviour) == (2 if behaviour.endswith("once") else 1)


@pytest.mark.parametrize(
    ("behaviour", "reason", "tries"),
    [
        ("missing", "status 404", 1),
        ("busy", "status 503", 4),
        ("busy-for-a-minute", "status 429", 1),
        ("hang-up", "Remote end closed connection without response", 4),
        ("babble", "?[31mnot HTTP at all", 4),
        ("cut", "broke off", 4),
        ("cut-without-length", "broke off after", 4),
        ("silent", "timed out", 2),
        ("stall", "broke off: ", 2),
        ("drip", "slower than 4,000 bytes/s", 2),
        (
            "wrong",
            f"expected SHA-256 {FILE.sha256[:12]}..., got {hashlib.sha256(wrong_bytes(DATA)).hexdigest()[:12]}...",
            1,
        ),
        ("page", "expected 300,001 bytes, got 49 of 'text/html'", 1),
        ("short", "expected 300,001 bytes, got 300000", 1),
        ("short-chunked", "expected 300,001 bytes, got 300,000", 1),
        ("long-chunked", "more than the expected 300,001 bytes", 1),
        ("loop", "more than 5 redirects", 6),
        ("to-file", "refused: it redirects from http to 'file:///", 1),
    ],
)
def test_names_the_reason_then_takes_the_next_mirror(
    server: MirrorServer, tmp_path: Path, behaviour: str, reason: str, tries: int
) -> None:
    limits = limits_for(behaviour)
    with pytest.raises(DownloadError) as caught:
        fetch([FILE], [server.url(behaviour)], tmp_path, limits=limits)
    message = str(caught.value)
    assert message.startswith(f"cannot fetch {FILE.name} ({server.url(behaviour)}: ")
    assert reason in message
    assert message.endswith("check the connection, or pass --mirror URL, or --data DIR with the files")
    assert message.isprintable()
    assert server.count(behaviour) == tries
    assert not (tmp_path / FILE.name).exists()
    fetch([FILE], [server.url(behaviour), server.url("fine")], tmp_path, limits=limits)
    check_only_the_file(tmp_path)


@pytest.mark.parametrize("behaviour", ["missing", "wrong", "long-chunked"])
def test_a_mirror_with_nothing_right_leaves_nothing_behind(
    server: MirrorServer, tmp_path: Path, behaviour: str
) -> None:
    with pytest.raises(DownloadError):
        fetch([FILE], [server.url(behaviour)], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_waits_as_long_as_the_mirror_asks(server: MirrorServer, tmp_path: Path) -> None:
    fetch([FILE], [server.url("busy-for-a-second-once")], tmp_path, limits=PATIENT)
    first, second = server.requests
    assert second.at - first.at >= 1


def ranges(server: MirrorServer) -> list[str]:
    return [request.range for request in server.requests]


@pytest.mark.parametrize("behaviour", ["cut-once", "stall-once"])
def test_goes_on_where_it_broke_off(server: MirrorServer, tmp_path: Path, behaviour: str) -> None:
    fetch([FILE], [server.url(behaviour)], tmp_path, limits=limits_for(behaviour))
    first, second = ranges(server)
    assert first == ""
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= HALF


def test_goes_on_at_the_next_mirror_and_in_the_next_run(server: MirrorServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        fetch([FILE], [server.url("cut"), server.url("missing")], tmp_path, limits=replace(PATIENT, pauses=()))
    assert ranges(server) == ["", f"bytes={HALF}-"]
    fetch([FILE], [server.url("fine")], tmp_path)
    assert ranges(server)[2:] == [f"bytes={HALF}-"]
    check_only_the_file(tmp_path)


@pytest.mark.parametrize(
    ("behaviour", "asked"),
    [
        ("fine", [f"bytes={HALF}-"]),
        ("ignores-range", [f"bytes={HALF}-"]),
        ("wrong-range", [f"bytes={HALF}-", ""]),
        ("refuses-range", [f"bytes={HALF}-", ""]),
        ("wrong-when-resumed", [f"bytes={HALF}-", ""]),
    ],
)
def test_a_partial_file_goes_on_or_starts_over(
    server: MirrorServer, tmp_path: Path, behaviour: str, asked: list[str]
) -> None:
    (tmp_path / f"{FILE.name}.part").write_bytes(DATA[:HALF])
    fetch([FILE], [server.url(behaviour)], tmp_path, limits=PATIENT)
    assert ranges(server) == asked
    check_only_the_file(tmp_path)


def test_a_wrong_beginning_from_one_mirror_does_not_spoil_the_next(server: MirrorServer, tmp_path: Path) -> None:
    limits = replace(PATIENT, pauses=(0.01,))
    fetch([FILE], [server.url("wrong-then-cut"), server.url("fine")], tmp_path, limits=limits)
    assert [request.range for request in server.requests if request.behaviour == "fine"][1:] == [""]
    check_only_the_file(tmp_path)


def test_a_page_does_not_cost_what_has_come_so_far(server: MirrorServer, tmp_path: Path) -> None:
    (tmp_path / f"{FILE.name}.part").write_bytes(DATA[:HALF])
    fetch([FILE], [server.url("page"), server.url("fine")], tmp_path, limits=PATIENT)
    assert ranges(server) == [f"bytes={HALF}-"] * 2


@pytest.mark.parametrize("left", [wrong_bytes(DATA), DATA + b"more", b""])
def test_a_useless_partial_file_starts_over(server: MirrorServer, tmp_path: Path, left: bytes) -> None:
    (tmp_path / f"{FILE.name}.part").write_bytes(left)
    fetch([FILE], [server.url("fine")], tmp_path)
    assert ranges(server) == [""]
    check_only_the_file(tmp_path)


def test_a_partial_file_that_is_whole_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / f"{FILE.name}.part").write_bytes(DATA)
    fetch([FILE], [], tmp_path)
    check_only_the_file(tmp_path)


def test_a_file_that_is_there_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(DATA)
    assert fetch([FILE], [], tmp_path) == [tmp_path / FILE.name]


@pytest.mark.parametrize("there", [wrong_bytes(DATA), DATA[:-1], b""])
def test_a_corrupt_file_is_fetched_again(server: MirrorServer, tmp_path: Path, there: bytes) -> None:
    (tmp_path / FILE.name).write_bytes(there)
    fetch([FILE], [server.url("fine")], tmp_path)
    check_only_the_file(tmp_path)


def test_a_folder_is_a_mirror(tmp_path: Path) -> None:
    wrong, right, empty = tmp_path / "wrong", tmp_path / "right", tmp_path / "empty"
    for folder, data in ((wrong, wrong_bytes(DATA)), (right, DATA)):
        folder.mkdir()
        (folder / FILE.name).write_bytes(data)
    fetch([FILE], [str(empty), str(wrong), str(right)], tmp_path / "cache")
    check_only_the_file(tmp_path / "cache")
    with pytest.raises(DownloadError, match=r"empty: No such file.*; .*wrong: expected SHA-256"):
        fetch([FILE], [str(empty), str(wrong)], tmp_path / "other")


def test_a_mirror_that_fails_goes_to_the_end_of_the_line(tmp_path: Path) -> None:
    other = RemoteFile("more.gz", FILE.size, FILE.sha256)
    with MirrorServer({FILE.name: DATA, other.name: DATA}) as server:
        fetch([FILE, other], [server.url("missing"), server.url("fine")], tmp_path)
        assert [(request.behaviour, request.name) for request in server.requests] == [
            ("missing", FILE.name),
            ("fine", FILE.name),
            ("fine", other.name),
        ]


def test_all_failures_are_in_the_one_message_but_no_password(server: MirrorServer, tmp_path: Path) -> None:
    with_password = server.url("missing").replace("//", "//me:secret@")
    with pytest.raises(DownloadError) as caught:
        fetch([FILE], [with_password, server.url("page"), str(tmp_path / "nowhere")], tmp_path)
    assert "secret" not in str(caught.value)
    for reason in ("/missing: status 404", "/page: expected", "nowhere: No such file"):
        assert reason in str(caught.value)


def test_progress_ends_at_the_whole_size(server: MirrorServer, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    fetch([FILE], [server.url("cut-once")], tmp_path, limits=PATIENT, on_bytes=lambda *now: seen.append(now))
    so_far = [done for _, done, _ in seen]
    assert so_far == sorted(so_far)
    assert seen[-1] == (FILE.name, FILE.size, FILE.size)


def test_a_place_that_cannot_be_written_is_one_clear_line(server: MirrorServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"^cannot write .*digits\.gz\.part: .*MNISTNET_HOME to another folder$"):
        fetch([FILE], [server.url("fine")], tmp_path / "file" / "cache")

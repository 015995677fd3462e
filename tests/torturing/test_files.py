"""Hostile files: each kind that is taken in, mutated or gigantic, is a right answer or one of our errors, in bounded
time and memory; and what watches over that sees what it is there for."""

import io
import os
import pickle
import re
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torturing.files import KINDS, make_case, tallied, try_giant
from torturing.giants import GIANTS, make_giant
from torturing.mutations import archived
from torturing.specimens import specimens
from torturing.takers import OURS, TAKERS, take
from torturing.watching import Watched

import mnistnet
from mnistnet.data.class_names import read_names

CASES = {"idx": 1100, "gzip": 500, "model": 500, "checkpoint": 400, "labels.csv": 900, "run.toml": 900, "onnx": 100}
"""Of other kinds OTHERS: 5,450 in all."""
OTHERS = 150
IN_A_MOMENT = (
    *("PNG of 50,000 x 50,000", "JPEG, progressive", "JPEG of many scans", "JPEG, progressive, of 1,000 scans"),
    *("WebP of 6,000 x 6,000", "TIFF of 60,000 x 60,000", "TIFF of a tile", "GIF of 60,000 x 60,000"),
    *("BMP of 50,000 x 50,000", "model of a gigantic array", "model of nested lists", "model of empty objects"),
    *("checkpoint of objects", "IDX of 2^64 bytes", "IDX of 255 dimensions", "labels.csv of more columns"),
    *("run.toml of tables, too long", "run.toml of tables", "model of many members"),
)
"""Of the giants, those that are made and refused at once."""


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with Watched(make_case) as process:
        yield process


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_a_right_answer_or_one_of_our_errors(watched: Watched, kind: str) -> None:
    if kind == "onnx":
        pytest.importorskip("onnx")
    tally = tallied(watched, kind, 0, range(CASES.get(kind, OTHERS)))
    assert tally.failures == ()
    assert tally.cases == CASES.get(kind, OTHERS)


@pytest.fixture(scope="module")
def watched_giants() -> Iterator[Watched]:
    with Watched(make_giant) as process:
        yield process


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in IN_A_MOMENT else pytest.mark.slow) for name in GIANTS]
)
def test_no_giant_takes_long_or_much(watched_giants: Watched, name: str) -> None:
    if name in IN_A_MOMENT:
        tally = try_giant(watched_giants, name)
    else:
        with Watched(make_giant) as process:  # what was taken to make another may not be given back yet
            tally = try_giant(process, name)
    assert (tally.cases, tally.failures) == (1, ())


@pytest.mark.skipif(sys.platform == "win32", reason="there they take as much of the disk as they are large")
@pytest.mark.parametrize("kind", [kind for kind in (*KINDS, "classes.txt") if kind not in ("idx", "api")])
def test_a_file_that_is_large_without_taking_any_disk_is_refused_unread(kind: str, tmp_path: Path) -> None:
    if kind == "onnx":
        pytest.importorskip("onnx")
    path = tmp_path / (kind if "." in kind else f"file.{kind}")
    path.write_bytes(b"a\nb\n" if kind == "classes.txt" else specimens(kind)[0])
    os.truncate(path, 20_000_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(OURS, match="expected at most"):
            read_names(path) if kind == "classes.txt" else TAKERS[kind](path)
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def behaviour(_: str, __: int, number: int) -> bytes:
    return list(BEHAVIOURS)[number].encode()


def behave(_: str, path: Path) -> str:
    """What a file has its reader do."""
    kept = BEHAVIOURS[path.read_text()]()
    return kept if isinstance(kept, str) else ""


def spin() -> None:
    until = time.process_time() + 2.1
    while time.process_time() < until:
        pass


BEHAVIOURS: dict[str, Callable[[], Any]] = {
    "good": str,
    "crash": lambda: os.kill(os.getpid(), 11),
    "exit": lambda: os._exit(3),
    "hang": lambda: time.sleep(60),
    "slow": spin,
    "large": lambda: bytearray(b"x" * 600_000_000),
    "wrong": lambda: "another answer",
    "as good as before": str,
}


@pytest.mark.slow
def test_what_watches_tells_crashes_hangs_and_what_takes_too_much() -> None:
    with Watched(behaviour, behave, hangs_after=12) as watched:
        told = {name: tried.wrong for name, tried in zip(BEHAVIOURS, watched.tries("x", 0, range(8)), strict=True)}
    assert told["good"] == told["as good as before"] == ""
    assert told["wrong"] == "another answer"
    assert told["crash"] == "it ended the process (SIGSEGV)"
    assert told["exit"] == "it ended the process (exit status 3)"
    assert told["hang"] == "it took more than 12 s"
    assert re.match(r"took 2\.\d s of the processor", told["slow"])
    assert re.match(r"took \d+ MB", told["large"])


class Trap:
    """Unpickling it ends the test, where a real one would run a command."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('unpickled')",)


def objects() -> bytes:
    """An array file with a trap in it."""
    content = io.BytesIO()
    np.lib.format.write_array(content, np.array([Trap()], dtype=object), allow_pickle=True)
    return content.getvalue()


def with_traps(content: bytes) -> Iterator[bytes]:
    """An archive in which one member after the other is a trap."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for name in members:
        yield archived(members | {name: objects()})
        yield archived(members | {name: pickle.dumps(Trap())})


def test_the_trap_is_one() -> None:
    with pytest.raises(SystemExit):
        pickle.loads(pickle.dumps(Trap()))
    with pytest.raises(SystemExit):
        np.load(io.BytesIO(objects()), allow_pickle=True)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "onnx"])
def test_no_kind_of_file_is_ever_unpickled(kind: str, tmp_path: Path) -> None:
    traps = [pickle.dumps(Trap()), objects(), archived({"model.json": objects(), "weights_0.npy": objects()})]
    if kind in ("model", "checkpoint"):
        traps += with_traps(specimens(kind)[0])
    path = tmp_path / (kind if "." in kind else "file")
    for trap in traps:
        path.write_bytes(trap)
        assert take(kind, path) == ""


def test_nothing_on_the_way_in_can_unpickle() -> None:
    """Only processes of our own, over their own sockets and pipes, send each other pickles."""
    root = Path(mnistnet.__file__).parent
    sources = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.py")}
    assert {
        name for name, text in sources.items() if re.search(r"\bpickle\.loads?\b|Unpickler|joblib|shelve", text)
    } == {
        "web/workers.py",
        "training/workers.py",
    }
    for name, text in sources.items():
        assert "allow_pickle=True" not in text, name
        for call in re.findall(r"np\.load\(.*|read_array\(content.*|\.lib\.format\.read_array\(.*", text):
            assert "allow_pickle=False" in call, (name, call)


@pytest.mark.parametrize("kind", ["model", "checkpoint"])
@pytest.mark.parametrize("start", ["../../", "/tmp/", "C:\\", "..\\"])
def test_no_path_in_an_archive_is_used(kind: str, start: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(specimens(kind)[0])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    folder = tmp_path / "one" / "two"
    folder.mkdir(parents=True)
    path = folder / "file.npz"
    for outside in (members | {f"{start}x.npy": b"x"}, {f"{start}{name}": inside for name, inside in members.items()}):
        path.write_bytes(archived(outside))
        assert take(kind, path) == ""
        assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]
        assert not Path("/tmp/x.npy").exists()


def test_the_package_unpacks_no_archive_to_disk() -> None:
    for path in Path(mnistnet.__file__).parent.rglob("*.py"):
        assert not re.search(r"\.extract(all)?\(|tarfile|unpack_archive", path.read_text()), path

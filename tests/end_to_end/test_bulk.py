"""`mnistnet predict --csv --workers`, as a user runs it."""

import csv
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mnistnet.commands import main
from mnistnet.commands.bulk import reading_mark
from mnistnet.commands.predict import build_parser
from tests.end_to_end.conftest import CommandLine

Draw = Callable[[int], Path]
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's signals")


@pytest.fixture(scope="module")
def scans(draw: Draw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 240 pictures, and some that are none."""
    folder = tmp_path_factory.mktemp("many") / "scans"
    for number in range(240):
        (folder / str(number % 3)).mkdir(parents=True, exist_ok=True)
        shutil.copy(draw(number % 20), folder / str(number % 3) / f"{number}.png")
    (folder / "1" / "notes.png").write_text("no picture")
    (folder / "1" / "cut.png").write_bytes(draw(0).read_bytes()[:500])
    if sys.platform not in ("win32", "darwin"):
        shutil.copy(draw(1), folder / "1" / "two,\nlines \udce9.png")
    return folder


@pytest.fixture(scope="module")
def expected(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What one process writes."""
    table = tmp_path_factory.mktemp("expected") / "table.csv"
    assert CommandLine(table.parent / "home")("predict", scans, "--csv", table, "--model", "shipped").returncode == 1
    return table.read_bytes()


def rows_in(table: Path) -> int:
    """How many rows of pictures are there already."""
    return sum(max(0, part.read_bytes().count(b"\n") - 1) for part in table.parent.glob(f"{table.name}*"))


def wait_for_rows(process: subprocess.Popen[str], table: Path, count: int) -> None:
    """Come back when a run that goes on has read so many pictures."""
    deadline = time.monotonic() + 60
    while rows_in(table) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_many_processes_write_what_one_does(
    mnistnet: CommandLine, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, folder = tmp_path / "new" / "table.csv", scans / "1"
    done = mnistnet("predict", folder, "--csv", table, "--workers", 2, "--model", "shipped")
    assert list(table.parent.iterdir()) == [table]
    told = f"mnistnet: 2 could not be read: the column error of {table} says why\n"
    assert (done.returncode, done.stderr) == (1, told)
    rows = list(csv.DictReader(table.read_text(errors="surrogateescape").splitlines(keepends=True)))
    assert f"{len(rows)} pictures, 2 unreadable, " in done.stdout
    assert [Path(row["file"]).name for row in rows if row["error"]] == ["cut.png", "notes.png"]
    assert [row["file"] for row in rows] == [str(path) for path in sorted(folder.iterdir())]

    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    assert main(["predict", str(folder), "--csv", str(tmp_path / "one.csv"), "--model", "shipped"]) == 1
    assert (tmp_path / "one.csv").read_bytes() == table.read_bytes()


@posix
@pytest.mark.slow
def test_stopped_and_killed_it_goes_on_to_the_very_same_file(
    mnistnet: CommandLine, scans: Path, expected: bytes, tmp_path: Path
) -> None:
    table = tmp_path / "table.csv"
    command = ("predict", scans, "--csv", table, "--workers", 2, "--model", "shipped")
    for stop, status, said in ((signal.SIGINT, 130, "the same command goes on"), (signal.SIGKILL, -9, "read before")):
        process = mnistnet.start(*command)
        wait_for_rows(process, table, rows_in(table) + 32)
        process.send_signal(stop)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == status
        assert said in errors.splitlines()[0]  # of a killed one Python's own resource tracker says more
        assert not table.exists()
        assert rows_in(table) < 240
    done = mnistnet(*command)
    assert "pictures were read before" in done.stderr
    assert table.read_bytes() == expected
    assert list(tmp_path.glob("table*")) == [table]


def test_what_is_read_in_another_way_is_not_gone_on_with() -> None:
    def mark(*arguments: str, model: str = "a") -> str:
        return reading_mark(build_parser().parse_args(["--csv", "t.csv", *arguments]), model)

    assert mark("x.png", "--workers", "1") == mark("x.png", "--scheduler", "tcp://localhost:1", "--force")
    assert len({mark("x.png"), mark("x.png", "--single"), mark("x.png", "y.png"), mark("x.png", model="b")}) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--workers", "2"), "pass --csv FILE"),
        (("--workers", "0", "--csv", "t.csv"), "expected --workers from 1 to 60, got 0"),
        (("--workers", "2", "--csv", "t.csv", "--json"), "leave --json and --explain away"),
        (("--workers", "2", "--csv", "t.csv", "--scheduler", "tcp://localhost:1"), "pass one of them"),
        (("-", "--workers", "2", "--csv", "t.csv"), "no standard input"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(["predict", "x.png", *arguments]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert said in shown.err


def test_without_dask_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "mnistnet.crew.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    table = str(tmp_path / "t.csv")
    arguments = ["predict", str(tmp_path), "--model", "shipped", "--csv", table, "--scheduler", "tcp://localhost:1"]
    assert main(arguments) == 1
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "pip install 'mnistnet[cluster]'" in shown

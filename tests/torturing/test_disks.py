"""A fixed few of the trials of disks, neighbours and surroundings; `scripts/torture.py` runs many more."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("limits, mounts and terminals are POSIX's", allow_module_level=True)

from torturing import Budget, CannotTryError, Outcome, Part
from torturing.disks import in_read_only, on_full_disk, on_small_disk, with_failing_call
from torturing.jobs import (
    JOBS,
    Ran,
    after_room,
    broken_files,
    command,
    copy_of,
    finish,
    in_turn,
    make_workplace,
    start,
    trouble,
)
from torturing.neighbours import one_cache, one_set, one_wins
from torturing.surroundings import PLACED, at_date, at_path, in_way, without_home

JOB = {job.name: job for job in JOBS}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workplace(tmp_path_factory.mktemp("workplace") / "place")


@contextmanager
def skipped_where_it_cannot_be_tried() -> Iterator[None]:
    try:
        yield
    except CannotTryError as error:
        pytest.skip(f"needs {error}")


@pytest.mark.parametrize(("name", "size"), [("predict", 10)])
def test_a_full_disk_costs_nothing(workplace: Path, name: str, size: int) -> None:
    assert on_full_disk(workplace, JOB[name], size) == ""


def test_a_small_disk_that_is_full_costs_nothing(workplace: Path) -> None:
    with skipped_where_it_cannot_be_tried():
        assert on_small_disk(workplace, JOB["export"], 4096) == ""


@pytest.mark.parametrize("name", ["out", "home"])
def test_a_folder_that_nobody_may_write_to_is_one_line(workplace: Path, name: str) -> None:
    with skipped_where_it_cannot_be_tried():
        assert in_read_only(workplace, JOB["predict"], name) == ""


def test_of_commands_that_write_one_file_at_once_one_wins(workplace: Path) -> None:
    assert one_wins(workplace, 4) == ""


def test_one_cache_and_one_personal_set_bear_several_at_once(workplace: Path) -> None:
    assert one_cache(workplace, 2) == ""
    assert one_set(workplace, 2) == ""


@pytest.mark.parametrize("name", ["no text", "line break", "200 characters"])
def test_odd_paths_will_do(workplace: Path, name: str) -> None:
    line = next(line for line in PLACED if "table.csv" in line)
    assert at_path(workplace, line, name) == ""


@pytest.mark.parametrize("kind", ["HOME missing", "HOME a device"])
def test_reading_needs_no_home(workplace: Path, kind: str) -> None:
    with skipped_where_it_cannot_be_tried():
        assert without_home(workplace, "predict pictures/8_0.png", kind) == ""


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("predict pictures --model model.npz", "stdout full"),
        ("predict pictures/8_0.png --model model.npz", "stdout closed"),
        ("predict none.png", "stderr full"),
        ("predict none.png", "stderr closed"),
        ("gradcheck --hidden 4", "nobody"),
        ("predict pictures --model model.npz", "all closed"),
        ("evaluate pictures --model model.npz", "terminal of 40 columns"),
        ("data", "C"),
    ],
)
def test_streams_and_locales_do_no_harm(workplace: Path, line: str, way: str) -> None:
    assert in_way(workplace, line, way) == ""


def test_a_full_standard_error_stops_no_reading(workplace: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = finish(start(command("predict none.png pictures --model model.npz"), workplace, stderr=full))
    assert (ran.status, len(ran.out.splitlines())) == (1, 7)


@pytest.mark.parametrize("date", ["1969", "2500"])
def test_files_of_any_date_will_do(workplace: Path, date: str) -> None:
    assert at_date(workplace, JOB["predict"], date) == ""


@pytest.mark.parametrize(
    ("ran", "said"),
    [
        (Ran(0, "fine", ""), ""),
        (Ran(1, "", "epoch 1\nmnistnet: cannot write\n"), ""),
        (Ran(1, "", "Traceback (most recent call last)"), "traceback"),
        (Ran(0, "", "Exception ignored in: <stdout>"), "traceback"),
        (Ran(-11, "", ""), "status -11"),
        (Ran(120, "", "mnistnet: x"), "status 120"),
        (Ran(1, "", ""), "status 1 and nothing said"),
        (Ran(1, "", "Aborted"), "last line"),
    ],
)
def test_the_trials_know_trouble(ran: Ran, said: str) -> None:
    assert trouble(ran).startswith(said)
    assert bool(trouble(ran)) == bool(said)


def test_a_trial_that_breaks_down_itself_has_failed() -> None:
    from torture import outcomes_of

    def broken(budget: Budget) -> Iterator[Outcome]:
        yield Outcome("Safe", "shaken", budget.seed, [])
        raise ValueError("it is not there")

    fine, failed = outcomes_of(Part("disks", broken), Budget(1, 0))
    assert (fine.failures, len(failed.failures)) == ([], 1)
    assert "ValueError: it is not there" in failed.failures[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", JOB)
def test_each_job_writes_something_that_a_disk_may_refuse(workplace: Path, name: str) -> None:
    with copy_of(workplace) as place:
        assert after_room(place, JOB[name]) == ""


def test_what_could_not_be_tried_is_counted_apart() -> None:
    from torture import row

    def cannot() -> str:
        raise CannotTryError("root")

    counts = in_turn([lambda: "", cannot, lambda: "lost", cannot], Budget(0, 0), least=4)
    assert counts == (2, ["lost"], ["root", "root"])
    assert row(Outcome("Safe", "shaken", *counts)) == "| Safe | shaken | 2 | 1 failed; left out: 2, needs root |"
    assert row(Outcome("Safe", "shaken", 0, [], ["root"])).endswith("| 0 | not tried; left out: 1, needs root |")


def test_the_trials_know_broken_files(tmp_path: Path) -> None:
    for name, content in {
        "half.npz": b"PK\x03\x04checkpoint.json",
        "half.json": b'{"a": [1',
        "half.html": b"<html><body>",
        "half.csv": b"file,digits\n8.png,8",
        "half.png": b"\x89PNG\r\n\x1a\n",
        ".0123.tmp": b"left",
        "whole.csv": b"file,digits\n",
        "growing.csv.0123.part": b"file,dig",
    }.items():
        (tmp_path / name).write_bytes(content)
    names = [line.split()[0] for line in broken_files(tmp_path)]
    assert names == [".0123.tmp", "half.csv", "half.html", "half.json", "half.npz", "half.png"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("train", 30_000), ("export", 20_000)])
def test_a_full_disk_costs_no_training(workplace: Path, name: str, size: int) -> None:
    assert on_full_disk(workplace, JOB[name], size) == ""


@pytest.mark.slow
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_fails_costs_no_training(workplace: Path, call: str) -> None:
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    assert with_failing_call(workplace, JOB["train"], call, 2, "EIO") == ""

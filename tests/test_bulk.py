"""Bulk: real processes, of which some are broken down."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from functools import partial
from pathlib import Path

import pytest

from mnistnet.bulk import BATCH, BATCHES_AHEAD, Batch, BulkCrew, Desk, read_batch, read_in_order, set_up
from mnistnet.crew import Duty, Tell, open_crew
from mnistnet.data.picture_sources import PictureSource
from mnistnet.errors import ClusterError
from mnistnet.reader import Reader
from mnistnet.table import Rows, rows_of
from tests.models import small_model

KILLERS = ("picture-40",)
posix = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGKILL")


def break_down_over_some(_: Desk, batch: Batch, __: Tell) -> Rows:
    if any(source.name in KILLERS for source in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return read_batch(Desk(Reader(small_model()), Path()), batch, print)


def break_down(*_: object) -> Rows:
    os._exit(1)


def numbered(count: int) -> Iterator[PictureSource]:
    return (PictureSource(f"picture-{number}", error=f"error {number}") for number in range(count))


@posix
def test_a_picture_over_which_a_process_breaks_down_costs_one_row() -> None:
    duty: Duty[Desk, Batch, Rows] = Duty(partial(Desk, Reader(small_model()), Path()), break_down_over_some)
    crew: BulkCrew
    with open_crew(duty, workers=2) as crew:
        answers = list(read_in_order(crew, numbered(100)))
    rows = "".join(answer.text for answer in answers).splitlines()
    assert [row.split(",")[0] for row in rows] == [f"picture-{number}" for number in range(100)]
    for number, row in enumerate(rows):
        broke_down = f"picture-{number}" in KILLERS
        assert ("broke down over it" in row) == broke_down
        assert row.endswith(f"error {number}") != broke_down
    assert sum(answer.pictures for answer in answers) == sum(answer.errors for answer in answers) == 100


@posix
def test_a_job_that_comes_after_a_breakdown_is_told_of_it() -> None:
    crew: BulkCrew
    with open_crew(Duty(int, break_down), workers=1) as crew:
        for _ in range(2):
            assert isinstance(crew.submit([]).exception(60), BrokenExecutor)


class Fatal:
    """Larger than a pipe holds, and the end of each process that takes it in."""

    def __init__(self) -> None:
        self.content = bytes(1 << 20)

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int], dict[str, bytes]]:
        return os._exit, (1,), self.__dict__

    def __call__(self) -> Desk:
        raise AssertionError


@posix
def test_processes_that_end_while_they_start_are_told() -> None:
    duty: Duty[Desk, Batch, Rows] = Duty(Fatal(), read_batch)
    crew: BulkCrew
    signal.setitimer(signal.ITIMER_REAL, 60)  # it once waited for ever
    try:
        with open_crew(duty, workers=2) as crew, pytest.raises(ClusterError, match="before they read anything"):
            list(read_in_order(crew, numbered(1)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.mark.slow
def test_processes_that_break_down_over_nothing_are_told() -> None:
    duty: Duty[Desk, Batch, Rows] = Duty(partial(Desk, Reader(small_model()), Path()), break_down)
    crew: BulkCrew
    with open_crew(duty, workers=1) as crew, pytest.raises(ClusterError, match="before they read anything"):
        list(read_in_order(crew, numbered(1)))


def test_of_the_sources_no_more_are_asked_for_than_are_under_way() -> None:
    asked = 0

    def asked_for() -> Iterator[PictureSource]:
        nonlocal asked
        for source in numbered(10_000):
            asked += 1
            yield source

    duty: Duty[Desk, Batch, Rows] = Duty(partial(Desk, Reader(small_model()), Path()), read_batch)
    crew: BulkCrew
    with open_crew(duty, workers=1) as crew:
        done = 0
        for rows in read_in_order(crew, asked_for()):
            done += rows.pictures
            assert asked - done <= BATCH * (BATCHES_AHEAD + 4)
    assert done == 10_000


def test_an_unexpected_failure_costs_one_row() -> None:
    desk = Desk(Reader(small_model()), Path())
    rows = read_batch(desk, [PictureSource("null\0.png"), PictureSource("other", error="why")], print)
    first, second = rows.text.splitlines()
    assert "ValueError" in first
    assert second == "other,,0.000000,False,,why"
    assert rows == rows_of([])._replace(text=rows.text, pictures=2, errors=2)


def test_what_a_worker_does_not_find_is_told_before_it_reads(tmp_path: Path) -> None:
    set_up(small_model(), False, tmp_path, [tmp_path])
    with pytest.raises(ClusterError, match=r"does not find .*nowhere; put the pictures where all workers find them"):
        set_up(small_model(), False, tmp_path, [tmp_path, tmp_path / "nowhere"])

"""A few real kills; `scripts/torture.py --parts kills` does hundreds."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from torturing import Budget
from torturing.killing import Job, kill_often
from torturing.kills import bulk, collecting, download, nothing, report, saving, teaching, training, warm
from torturing.mirror import mirror

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@pytest.fixture(scope="module", autouse=True)
def warmed() -> None:
    warm()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mirror() as address:
        yield address


def failures(job: Job, *, kills: int) -> list[str]:
    """Of a job that is killed at least so often."""
    tried, found = kill_often(job, Budget(1, 0), fewest=kills)
    assert tried >= kills
    return found


def test_a_download_that_is_killed_goes_on_to_the_same_files(url: str) -> None:
    assert failures(download(url), kills=12) == []


def test_a_model_that_is_being_replaced_is_the_old_or_the_new_one() -> None:
    assert failures(saving(), kills=6) == []


def test_a_drawing_that_was_kept_stays_kept() -> None:
    assert failures(collecting(), kills=6) == []


@pytest.mark.slow
@pytest.mark.parametrize("make", [training, report, bulk, teaching])
def test_what_takes_longer_comes_to_the_same_too(make: Callable[[], Job]) -> None:
    assert failures(make(), kills=2) == []


def careless(folder: Path) -> int:
    """Write under the final name, and beside it."""
    (folder / ".0123456789abcdef.tmp").write_bytes(b"half")
    with (folder / "file.txt").open("w", buffering=1) as file:
        for number in range(5):
            file.write(f"{number}\n")
    (folder / ".0123456789abcdef.tmp").unlink()
    return 0


@pytest.mark.slow
def test_what_is_written_carelessly_is_found_out() -> None:
    def require_whole(folder: Path) -> None:
        for path in folder.glob("*.txt"):
            if path.read_text() != "0\n1\n2\n3\n4\n":
                raise ValueError("it is not whole")

    job = Job("careless", nothing, careless, require_whole, lambda _: 0, lambda _: [])
    assert any("before call" in failure and "it is not whole" in failure for failure in failures(job, kills=40))

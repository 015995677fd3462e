"""Processes that have as many cores and threads as they are counted with."""

import os
import subprocess
import sys

import pytest
from benchmarks.processes import confined

from mnistnet.training.environment import usable_cores

linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only some systems confine processes to cores")


def said_by(program: str) -> str:
    """What another Python prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@linux
def test_a_process_started_inside_has_so_many_cores() -> None:
    with confined(1):
        assert said_by("import os; print(len(os.sched_getaffinity(0)))") == "1\n"


@pytest.mark.parametrize("threads", range(1, min(2, usable_cores()) + 1))
def test_numpy_multiplies_there_on_so_many_threads(threads: int) -> None:
    with confined(threads):
        said = said_by("from mnistnet.training.environment import blas_threads; print(blas_threads())")
    assert said in (f"{threads}\n", "0\n")  # 0: a BLAS that does not tell


@linux
@pytest.mark.parametrize("threads", [0, 1])
def test_this_process_gets_its_own_back_and_0_changes_nothing(threads: int) -> None:
    cores, variables = os.sched_getaffinity(0), dict(os.environ)
    with confined(threads):
        assert ((os.sched_getaffinity(0), dict(os.environ)) == (cores, variables)) == (threads == 0)
    assert (os.sched_getaffinity(0), dict(os.environ)) == (cores, variables)

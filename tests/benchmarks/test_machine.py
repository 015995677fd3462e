"""Processes that have as many cores and threads as they are counted with."""

import os
import subprocess
import sys

import pytest
from benchmarks.machine import confined, environment, header, thread_environment

from mnistnet.training.environment import usable_cores

linux = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only some systems confine processes to cores")


@linux
def test_a_process_started_inside_has_so_many_cores_and_this_one_gets_its_own_back() -> None:
    before = os.sched_getaffinity(0)
    command = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    with confined(1):
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
    with confined(0):
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("threads", range(1, min(2, usable_cores()) + 1))
def test_numpy_multiplies_on_as_many_threads_as_the_environment_says(threads: int) -> None:
    program = "from mnistnet.training.environment import blas_threads; print(blas_threads())"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=thread_environment(threads), capture_output=True, text=True, check=True)
    assert done.stdout in (f"{threads}\n", "0\n")  # 0: a BLAS that does not tell


def test_without_a_number_of_threads_nothing_is_set() -> None:
    assert thread_environment(0) == os.environ


@pytest.mark.parametrize(("load", "warned"), [(None, False), (0.1, False), (1.5, True)])
def test_a_busy_machine_is_warned_of(load: float | None, warned: bool) -> None:
    text = header(environment() | {"dataset": "mnist", "load": load})
    assert ("WARNING: the load average is 1.5" in text) == warned

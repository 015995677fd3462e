"""Processes: each part is measured in one of its own, since libraries decide on their threads when they start."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from benchmarks.parts import part_named
from mnistnet.errors import MnistnetError
from mnistnet.processes import ctrl_c_ignored, end_with_parent

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def measure_apart(job: Job) -> list[Comparison]:
    """Measure a part in a new process. Raises what it raises there, and MnistnetError when the process is killed."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    try:
        with confined(job.threads), ctrl_c_ignored():  # the process is born with these
            coming = pool.submit(measure_here, job)
        return coming.result()
    except BrokenProcessPool as error:
        reason = "perhaps for want of memory"
        raise MnistnetError(
            f"the process that measured {job.part} was killed, {reason}; leave it out of --parts"
        ) from error
    except KeyboardInterrupt:
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown()


def measure_here(job: Job) -> list[Comparison]:
    """Measure a part in this process."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    return list(part_named(job.part).measure(job))


@contextmanager
def confined(threads: int) -> Iterator[None]:
    """Processes started inside the block have libraries that take so many threads, and where the system can do that as
    many cores: so that nobody wins by threads that are not counted. 0 leaves both as they are."""
    if not threads:
        yield
        return
    variables, cores = dict(os.environ), os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    os.environ |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    if cores:
        os.sched_setaffinity(0, sorted(cores)[-threads:])  # the first core serves the system's interrupts
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= variables
        if cores:
            os.sched_setaffinity(0, cores)

"""Environment: what a run was computed with, since the same seed gives the same bits only with the same."""

import os
import platform

import numpy as np
from threadpoolctl import threadpool_info

from mnistnet import __version__


def versions() -> dict[str, str | int]:
    """Versions of mnistnet, Python and NumPy; the BLAS that NumPy multiplies with, and its number of threads."""
    blas = blas_info()
    return {
        "mnistnet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "blas": " ".join(str(blas.get(key, "unknown")) for key in ("internal_api", "version", "architecture")),
        "threads": blas_threads(),
    }


def blas_info() -> dict[str, object]:
    """What threadpoolctl knows of the BLAS that NumPy multiplies with; nothing of one that it doesn't know."""
    return next((library for library in threadpool_info() if library["user_api"] == "blas"), {})


def blas_threads() -> int:
    """On how many threads it multiplies; 0 where that is not known."""
    return int(str(blas_info().get("num_threads", 0)))


def usable_cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_threads(*, noisy: bool) -> int:
    """On how many threads training multiplies best: on all cores, but where there are more than two and batches have
    to be made ready with noise, one core is left for that."""
    threads = blas_threads()
    return threads - 1 if noisy and 2 < threads == usable_cores() else threads

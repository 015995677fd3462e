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
    known = [library for library in threadpool_info() if library["user_api"] == "blas"]
    known.sort(key=lambda library: "numpy" not in str(library["filepath"]))  # SciPy, where it is loaded, has its own
    return known[0] if known else {}


def blas_threads() -> int:
    """On how many threads it multiplies; 0 where that is not known."""
    return int(str(blas_info().get("num_threads", 0)))


def usable_cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def usual_threads(*, noisy: bool) -> int:
    """On how many threads to multiply in training: as many as the BLAS would, which is all cores unless the environment
    says otherwise, but with noisy batches and more than two cores one less, which makes them ready.

    Of two cores both multiply, and make batches ready in between: a thread beside them would only get in their way
    (on 784-512-256-10 batches of 128 took 1.6 times as long, and 1.45 times without it).
    """
    threads = blas_threads()
    return threads - 1 if noisy and 2 < threads == usable_cores() else threads


def has_spare_core() -> bool:
    """Whether there is surely a core that the BLAS leaves free."""
    return 0 < blas_threads() < usable_cores()

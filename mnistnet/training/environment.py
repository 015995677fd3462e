"""Environment: what a run was computed with, since the same seed gives the same bits only with the same."""

import platform

import numpy as np
from threadpoolctl import threadpool_info

from mnistnet import __version__


def versions() -> dict[str, str | int]:
    """Versions of mnistnet, Python and NumPy; the BLAS that NumPy multiplies with, and its number of threads."""
    blas: dict[str, object] = next((library for library in threadpool_info() if library["user_api"] == "blas"), {})
    return {
        "mnistnet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "blas": " ".join(str(blas.get(key, "unknown")) for key in ("internal_api", "version", "architecture")),
        "threads": int(str(blas.get("num_threads", 0))),
    }

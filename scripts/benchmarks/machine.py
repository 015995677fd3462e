"""Machine: what the figures were measured on."""

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mnistnet.training.environment import usable_cores, versions

BUSY = 0.5
"""Load average above which something else seems to be running."""
PACKAGES = ("mnistnet", "numpy", "torch", "scikit-learn", "onnxruntime")
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def environment() -> dict[str, object]:
    """As JSON values; a version or the load is None where it is not known."""
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "load": load_average(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "blas": versions()["blas"],
    }


def cpu_model() -> str:
    """The processor's name, as far as the system tells."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def load_average() -> float | None:
    """Processes that wanted to run over the last minute; None where the system does not count them."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def version(package: str) -> str | None:
    """Of an installed package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def thread_environment(threads: int) -> Mapping[str, str]:
    """The variables of a process whose libraries take so many threads; 0 for as many as they take by themselves."""
    return os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)) if threads else os.environ


@contextmanager
def confined(threads: int) -> Iterator[None]:
    """Processes started inside the block have as many cores as threads, where the system can do that: so that nobody
    wins by threads that are not counted. 0 leaves them all."""
    if not threads or not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[-threads:])  # the first core serves the system's interrupts
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def header(facts: Mapping[str, Any]) -> str:
    """A few lines of text from environment's facts and the dataset's name."""
    packages = ", ".join(f"{name} {found or 'missing'}" for name, found in facts["packages"].items())
    lines = [
        f"{facts['date']}, {facts['system']}",
        f"{facts['cpu']}, {facts['cores']} cores; dataset {facts['dataset']}",
        f"Python {facts['python']}, {packages}; NumPy multiplies with {facts['blas']}",
    ]
    if facts["load"] is not None and facts["load"] > BUSY:
        lines.append(
            f"WARNING: the load average is {facts['load']}: something else is running; these figures are rough"
        )
    return "\n".join(lines)

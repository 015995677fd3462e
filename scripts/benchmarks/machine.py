"""Machine: what the figures were measured on."""

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mnistnet.training.environment import usable_cores, versions

BUSY = 0.5
"""Load average above which something else seems to be running."""
PEERS = ("torch", "scikit-learn", "onnxruntime")


def environment() -> dict[str, object]:
    """As JSON values: what versions gives and more; a peer's version or the load is None where it is not known."""
    return versions() | {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "system": platform.platform(),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "load": load_average(),
        "peers": {name: version(name) for name in PEERS},
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
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(package)
    return None


def header(facts: Mapping[str, Any]) -> str:
    """A list in Markdown of environment's facts and the dataset's name."""
    peers = ", ".join(f"{name} {found or 'missing'}" for name, found in facts["peers"].items())
    lines = [
        f"{facts['date']}, {facts['system']}",
        f"{facts['cpu']}, {facts['cores']} cores",
        f"mnistnet {facts['mnistnet']}, Python {facts['python']}, NumPy {facts['numpy']} with {facts['blas']}, {peers}",
        f"dataset: {facts['dataset']}",
    ]
    if facts["load"] is not None and facts["load"] > BUSY:
        lines.append(f"WARNING: the load average is {facts['load']}: something else is running; the figures are rough")
    return "\n".join(f"- {line}" for line in lines)

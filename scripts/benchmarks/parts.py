"""Parts: what the benchmark consists of."""

import importlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from benchmarks.comparison import Comparison
from benchmarks.job import Job
from mnistnet.errors import MnistnetError

PARTS = ("training", "time-to", "estimator", "matmul", "warps", "reading", "pictures", "start", "growth")
"""By their modules' names."""


class Part(NamedTuple):
    """What the module of a part holds."""

    title: str
    note: str
    measure: Callable[[Job], Iterable[Comparison]]


def threads_of_part(name: str, threads: Sequence[int]) -> Sequence[int]:
    """With which numbers of threads a part is measured: start with 0, as many as libraries take by themselves; time-to,
    which takes longest, with the highest only."""
    return {"start": [0], "time-to": [max(threads)]}.get(name, threads)


def part_named(name: str) -> Part:
    """Raises MnistnetError unless the packages that it needs are installed."""
    try:
        module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
    except (ImportError, OSError) as error:  # PyTorch raises OSError where one of its libraries is missing
        reason = " ".join(str(error).split())
        raise MnistnetError(
            f"the part {name} needs a package that is missing or broken: {reason}; install with: "
            "python -m pip install -e '.[bench]', or name other --parts"
        ) from error
    return Part(module.TITLE, module.NOTE, module.measure)

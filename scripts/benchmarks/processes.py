"""Processes: each part is measured in one of its own, since libraries decide on their threads when they start."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict

from benchmarks.comparison import Comparison
from benchmarks.job import Job, Work
from benchmarks.machine import confined, thread_environment
from benchmarks.parts import PARTS
from benchmarks.tables import threads_text
from mnistnet.errors import MnistnetError


def measure_apart(script: str, name: str, *, threads: int, data: str, work: Work, quiet: bool) -> list[Comparison]:
    """Run `script --part NAME`, which shall call measure_here, and give its comparisons. MnistnetError if it fails."""
    job = {"threads": threads, "data": data, "work": asdict(work), "quiet": quiet}
    command, environment = [sys.executable, script, "--part", name], thread_environment(threads)
    with confined(threads):
        done = subprocess.run(
            command, env=environment, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode:
        raise MnistnetError(f"the part {name} failed with exit status {done.returncode}; its reason stands above")
    return [Comparison(**values) for values in json.loads(done.stdout)]


def measure_here(name: str) -> None:
    """Measure a part: from the job on standard input to its comparisons on standard output, both as JSON."""
    facts = json.load(sys.stdin)
    on_case = nothing if facts["quiet"] else announcer(name, facts["threads"])
    job = Job(facts["data"], facts["threads"], Work(**facts["work"]), on_case)
    module = importlib.import_module(f"benchmarks.{PARTS[name].module}")
    json.dump([asdict(comparison) for comparison in module.measure(job)], sys.stdout)


def announcer(name: str, threads: int) -> Callable[[str], None]:
    """Shows on standard error what is measured next."""
    part = f"{name}, {threads_text(threads)}" if threads else name
    return lambda case: print(f"{part}: {case}", file=sys.stderr, flush=True)


def nothing(_case: str) -> None:
    """Shows nothing."""

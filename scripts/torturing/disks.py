"""Disks: full ones and failing ones, and folders that nobody may write to."""

import os
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from torturing import Budget, CannotTryError, Outcome
from torturing.jobs import (
    JOBS,
    Job,
    after_failure,
    after_room,
    command,
    contents,
    copy_of,
    finish,
    forced,
    in_turn,
    limited,
    make_workplace,
    sizes_below,
    start,
)
from torturing.mounts import read_only, small_disk
from torturing.neighbours import changing_files, neighbours
from torturing.surroundings import clocks, places, streams

TRACED = ("fsync", "rename", "mkdir", "link")
"""System calls by which a file is given its place."""
QUICKLY = ("-f", "--seccomp-bpf")
"""Options of strace: all processes, and to stop them at no other call."""
BLOCK = 4096


def run(budget: Budget) -> Iterator[Outcome]:
    """Try every promise for about the same time."""
    trials = (full_disk, failing_calls, read_only_folders, changing_files, neighbours, clocks, places, streams)
    for trial in trials:
        with tempfile.TemporaryDirectory() as folder:
            yield trial(budget.share(1 / len(trials)), make_workplace(Path(folder)))


def full_disk(budget: Budget, workplace: Path) -> Outcome:
    """A limit on a file's size just below that of each file that a command writes, and at random below it."""
    cases: list[Callable[[], str]] = []
    rng = random.Random(budget.seed)
    for job in JOBS:
        with copy_of(workplace) as place:
            finish(start(command(job.arguments), place))
            sizes = sizes_below(place)
        limits = {0, *(size - 1 for size in sizes), *(rng.randrange(size) for size in sizes)}
        cases += [partial(on_full_disk, workplace, job, size) for size in sorted(limits)]
        cases += [partial(on_small_disk, workplace, job, size // 2) for size in {*sizes[-1:], sum(sizes)} - {0}]
    counts = in_turn(cases, budget, least=len(JOBS))
    how = "a limit at the size of each file, and a tmpfs, on each command; then again with room"
    return Outcome("A full disk costs no file that was there, and the same command goes on", how, *counts)


def on_full_disk(workplace: Path, job: Job, size: int) -> str:
    """What goes wrong where no file may grow beyond size: first with nothing there, then with all there already."""
    with copy_of(workplace) as place:
        name = f"{job.name}, files of at most {size} bytes"
        if wrong := after_failure(finish(start(command(job.arguments), place, before=limited(size))), place):
            return f"{name}: {wrong}"
        if wrong := after_room(place, job):
            return f"{name}, then room: {wrong}"
        before = contents(place / "out")
        ran = finish(start(command(forced(job)), place, before=limited(size)))
        if wrong := after_failure(ran, place):
            return f"{name}, over files that were there: {wrong}"
        lost = set(before) - set(contents(place / "out"))
        return f"{name}: lost {', '.join(sorted(lost))}" if lost else ""


def on_small_disk(workplace: Path, job: Job, size: int) -> str:
    """The same on a disk of so many bytes."""
    with copy_of(workplace) as place, small_disk(place / "out", size=-(-size // BLOCK) * BLOCK) as mounted:
        if not mounted:
            raise CannotTryError("root who may mount")
        wrong = after_failure(finish(start(command(job.arguments), place)), place)
        return f"{job.name}, a disk of {size} bytes: {wrong}" if wrong else ""


def failing_calls(budget: Budget, workplace: Path) -> Outcome:
    """Each call that gives a file its place fails once, with strace's help."""
    how = "strace has each fsync, rename, link and mkdir of each command fail with ENOSPC or EIO"
    promise = "A disk that fails at any step leaves whole files and one line of error"
    cases: list[Callable[[], str]] = []
    for job in JOBS:
        try:
            counted = count_calls(workplace, job)
        except CannotTryError as error:
            return Outcome(promise, how, 0, [], [str(error)] * len(JOBS))
        cases += [
            partial(with_failing_call, workplace, job, call, number, error)
            for call, count in counted.items()
            for number in range(1, count + 1)
            for error in ("ENOSPC", "EIO")
        ]
    counts = in_turn(cases, budget, least=len(JOBS))
    return Outcome(promise, how, *counts)


def count_calls(workplace: Path, job: Job) -> dict[str, int]:
    """How often a command makes each of the calls. Raises CannotTryError where nobody can tell."""
    if not shutil.which("strace"):
        raise CannotTryError("strace")
    with copy_of(workplace) as place:
        traced = ["strace", *QUICKLY, "-o", "trace", "-e", f"trace={','.join(TRACED)}", *command(job.arguments)]
        finish(start(traced, place))
        text = (place / "trace").read_text(errors="replace") if (place / "trace").exists() else ""
    counted = {call: len(re.findall(rf"^\d+ +{call}\(.*= 0", text, re.MULTILINE)) for call in TRACED}
    if not any(counted.values()):  # every command makes some
        raise CannotTryError("strace that may trace")
    return counted


def with_failing_call(workplace: Path, job: Job, call: str, number: int, error: str) -> str:
    """What goes wrong where one call fails."""
    with copy_of(workplace) as place:
        inject = f"inject={call}:error={error}:when={number}"
        traced = ["strace", *QUICKLY, "-o", os.devnull, "-e", f"trace={call}", "-e", inject, *command(job.arguments)]
        wrong = after_failure(finish(start(traced, place)), place) or after_room(place, job)
        return f"{job.name}, {call} number {number} fails with {error}: {wrong}" if wrong else ""


def read_only_folders(budget: Budget, workplace: Path) -> Outcome:
    """Each command where output, home or everything may only be read."""
    cases: list[Callable[[], str]] = [
        partial(in_read_only, workplace, job, name) for job in JOBS for name in ("out", "home", ".")
    ]
    counts = in_turn(cases, budget, least=len(JOBS))
    how = "each command with output, home or all read-only"
    return Outcome("A folder that may not be written to is one line of error", how, *counts)


def in_read_only(workplace: Path, job: Job, name: str) -> str:
    """What goes wrong where a folder may only be read."""
    with copy_of(workplace) as place:
        with read_only(place / name) as able:
            if not able:
                raise CannotTryError("a user who is not root, or root who may mount")
            ran = finish(start(command(job.arguments), place))
        wrong = after_failure(ran, place)
        return f"{job.name}, {name} read-only: {wrong}" if wrong else ""

"""Killing: work in a process of its own, which SIGKILL ends at a moment that a random number chose.

The process is forked from this one, which has imported everything: so many are cheap, and are killed at work rather
than at their start.
"""

import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from torturing import Budget

CALLS = frozenset(
    {
        "open",
        "write",
        "truncate",
        "ftruncate",
        "flush",
        "fsync",
        "rename",
        "replace",
        "unlink",
        "remove",
        "mkdir",
        "sendfile",
    }
)
"""That change files, or begin to."""
FILES = (io.FileIO, io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)
LONGEST = 120.0
"""Seconds that work may take; it hangs after them."""
LONG_AGO = 7200.0
FEWEST = 3
"""Kills of a job, however little time there is."""
MOST_IN_A_ROW = 5
KILLED = -signal.SIGKILL
HUNG = 124
"""The status of what had to be ended: as timeout(1) has it."""


class Moment(NamedTuple):
    """When a process is killed."""

    seconds: float | None = None
    """So long after it began; or else"""
    call: int | None = None
    """before it makes so many-th of the calls that change files."""

    def __str__(self) -> str:
        return f"before call {self.call}" if self.seconds is None else f"after {self.seconds:.4f} s"


class End(NamedTuple):
    """How a process ended."""

    status: int
    """As subprocess has it: negative for a signal."""
    seconds: float
    said: str


@dataclass(frozen=True)
class Job:
    """What is killed. All of it stays in one folder."""

    name: str
    prepare: Callable[[Path], None]
    """Put what it needs into the new folder."""
    work: Callable[[Path], int]
    """Do it, or go on with it, as a user who gives the same command again; 0 where it is done."""
    require_whole: Callable[[Path], None]
    """Raise where something under a final name is not whole."""
    result: Callable[[Path], object]
    """What it came to, which must always be equal."""
    leftovers: Callable[[Path], list[Path]]
    """What should have gone away by itself once it is done."""


class Watch:
    """Counts the calls that change files, and kills the process before one of them."""

    def __init__(self, last: int | None) -> None:
        self.last, self.made = last, list[str]()

    def __call__(self, _: FrameType, event: str, function: Any) -> None:
        """What sys.setprofile calls."""
        if event == "c_call" and changes_files(function):
            self.made.append(function.__name__)
            if len(self.made) == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def changes_files(function: Any) -> bool:
    """Whether a function in C is one of CALLS, of the system or of a file."""
    if function.__name__ not in CALLS:
        return False
    owner = function.__self__
    return isinstance(owner, FILES) or getattr(owner, "__name__", "") in (os.name, "io")


class Ground:
    """A folder in which a job is done again and again, always under the same name, and what there is beside it."""

    def __init__(self, job: Job, place: Path) -> None:
        self.job, self.folder, self.log, self.calls = job, place / "work", place / "said.txt", place / "calls.txt"
        self.prepared = place / "prepared"
        self.prepared.mkdir()
        require_done(self.run(lambda: nothing_wrong(job.prepare, self.prepared)), "preparing")

    def renew(self) -> None:
        """Begin again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.prepared, self.folder)

    def work(self, moment: Moment | None = None, *, watched: bool = False) -> End:
        """Do the job until the moment; watched, it leaves the calls that it made in a file."""
        return self.run(lambda: self.job.work(self.folder), moment, watched=watched)

    def run(self, work: Callable[[], int], moment: Moment | None = None, *, watched: bool = False) -> End:
        """Do any work in a process of its own."""
        started = time.monotonic()
        process = os.fork()
        if not process:
            self.be_the_process(work, moment.call if moment else None, watched=watched)
        if moment and moment.seconds is not None:
            time.sleep(moment.seconds)
            os.kill(process, signal.SIGKILL)
        while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
            if time.monotonic() - started > LONGEST:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                return End(HUNG, LONGEST, f"it hangs: it was not done after {LONGEST:g} s")
            time.sleep(0.001)
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        return End(os.waitstatus_to_exitcode(ended[1]), time.monotonic() - started, said)

    def be_the_process(self, work: Callable[[], int], last: int | None, *, watched: bool) -> None:
        """Work, and end."""
        status = 70
        try:
            said = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            watch = Watch(last)
            if watched or last:
                sys.setprofile(watch)
            status = work()
            sys.setprofile(None)
            if watched:
                self.calls.write_text("\n".join(watch.made))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def let_time_pass(self) -> None:
        """Make all files seem to be of long ago."""
        then = time.time() - LONG_AGO
        for path in self.folder.rglob("*"):
            os.utime(path, (then, then))


def nothing_wrong(work: Callable[[Path], None], folder: Path) -> int:
    """0, unless work raises."""
    work(folder)
    return 0


def require_done(end: End, what: str) -> None:
    """Raise RuntimeError where a process did not do its work."""
    if end.status or "Traceback" in end.said:
        raise RuntimeError(f"{what} ended with status {end.status}: {end.said.strip()[-300:]!r}")


class Moments:
    """Moments spread over a job: half of them over its time, half over the calls that it makes."""

    def __init__(self, seconds: float, calls: list[str], rng: random.Random) -> None:
        self.seconds, self.rng = seconds, rng
        self.pairs = list(pairwise(["", *calls]))
        """Each call with the one before it: of a thousand writes the first, too, should be hit."""
        self.due = list[tuple[str, str]]()
        """Kinds of which none was drawn in this round."""

    def draw(self) -> Moment:
        """The next one."""
        if not self.pairs or self.rng.random() < 0.5:
            return Moment(seconds=self.rng.uniform(0, self.seconds))
        if not self.due:
            self.due = sorted(set(self.pairs))
            self.rng.shuffle(self.due)
        pair = self.due.pop()
        return Moment(call=self.rng.choice([number for number, one in enumerate(self.pairs, 1) if one == pair]))


def kill_often(job: Job, budget: Budget, *, fewest: int = FEWEST) -> tuple[int, list[str]]:
    """Kill a job again and again; so many kills, and the failures."""
    rng, kills, failures = random.Random(f"{budget.seed} {job.name}"), 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="mnistnet-kills-") as place:
        ground = Ground(job, Path(place).resolve())
        ground.renew()
        require_done(ground.work(watched=True), job.name)
        expected = job.result(ground.folder)
        ground.renew()
        end = ground.work()
        require_done(end, job.name)
        if job.result(ground.folder) != expected:
            failures.append(f"{job.name}: not killed, it comes to something else each time")
        moments = Moments(end.seconds, ground.calls.read_text().split(), rng)
        while (kills < fewest or budget.is_left()) and len(failures) < 20:
            ground.renew()
            killed = list[Moment]()
            try:
                kill_in_a_row(ground, moments, killed, expected)
            except Exception as error:  # whatever is raised over files that a process left is what is looked for
                then = " and ".join(map(str, killed))
                failures.append(f"{job.name}, --seed {budget.seed}, killed {then}: {type(error).__name__}: {error}")
            kills += len(killed)
    return kills, failures


def kill_in_a_row(ground: Ground, moments: Moments, killed: list[Moment], expected: object) -> None:
    """Kill a job a few times, then have it done. Raises where anything is not as it should be; killed grows."""
    job = ground.job
    for _ in range(moments.rng.randint(1, MOST_IN_A_ROW)):
        moment = moments.draw()
        end = ground.work(moment)
        if end.status != KILLED:
            require_done(end, f"{job.name} before it was killed")
            if killed:
                break
            continue
        killed.append(moment)
        job.require_whole(ground.folder)
        ground.let_time_pass()
    require_done(ground.work(), f"{job.name} again")
    job.require_whole(ground.folder)
    if job.result(ground.folder) != expected:
        raise RuntimeError("it came to something else than if never killed")
    if left := job.leftovers(ground.folder):
        raise RuntimeError(f"it left {', '.join(str(path.relative_to(ground.folder)) for path in left)}")

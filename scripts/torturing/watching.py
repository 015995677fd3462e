"""Watching: a process that takes in one file after another, and one that watches it for hangs, crashes and memory."""

import multiprocessing
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from torturing.takers import take

MOST_SECONDS, MOST_MEGABYTES = 2.0, 500
HANGS_AFTER = 20.0
"""Seconds by the clock: on a busy machine, those of the processor take longer."""
SPAWN = multiprocessing.get_context("spawn")
ADDRESSES = 6 << 30
"""Bytes that a process may ask the system for, so that a bomb takes no machine down."""

Make = Callable[[str, int, int], bytes]
"""The content of a case, by its kind, the seed and its number."""

Take = Callable[[str, Path], str]
"""Has a file of a kind taken in, and tells what is wrong with what came of it."""


class Tried(NamedTuple):
    """What came of a case."""

    number: int
    seconds: float
    """Of the processor's time."""
    megabytes: float
    """The most that the process has had."""
    wrong: str
    """What is wrong with what came of it; "" where nothing is."""


class Watched:
    """A warm process in which cases are tried, replaced when it ends or had too much memory."""

    def __init__(self, make: Make, take: Take = take, *, hangs_after: float = HANGS_AFTER) -> None:
        self.make, self.take, self.hangs_after = make, take, hangs_after
        self.folder = Path(tempfile.mkdtemp(prefix="mnistnet-torture-"))

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self.connection, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=work, args=(theirs, self.folder, self.make, self.take), daemon=True)
        self.process.start()
        theirs.close()
        with suppress(EOFError):
            self.connection.recv()  # ready

    def _end(self) -> str:
        """End the process; how it ended, where it had by itself."""
        self.process.join(0.1)
        code = self.process.exitcode
        self.process.kill()
        self.process.join()
        self.connection.close()
        if code is None:
            return ""
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def tries(self, kind: str, seed: int, numbers: Iterable[int]) -> Iterator[Tried]:
        """What comes of these cases."""
        for number in numbers:
            with suppress(OSError):
                self.connection.send((kind, seed, number))
            tried = self._wait(number)
            if tried.megabytes > MOST_MEGABYTES or tried.wrong.startswith("it "):
                self._end()
                self._start()
            yield tried

    def content(self, kind: str) -> bytes:
        """Of the case that was tried last."""
        return case_path(self.folder, kind).read_bytes()

    def _wait(self, number: int) -> Tried:
        try:
            if not self.connection.poll(self.hangs_after):
                return Tried(number, self.hangs_after, 0, f"it took more than {self.hangs_after:g} s")
            tried: Tried = self.connection.recv()
        except (EOFError, OSError):
            return Tried(number, 0, 0, f"it ended the process ({self._end() or 'no status'})")
        if tried.seconds > MOST_SECONDS:
            return tried._replace(wrong=f"took {tried.seconds:.1f} s of the processor. {tried.wrong}")
        if tried.megabytes > MOST_MEGABYTES:
            return tried._replace(wrong=f"took {tried.megabytes:.0f} MB. {tried.wrong}")
        return tried


def case_path(folder: Path, kind: str) -> Path:
    """Where a case's file lies."""
    (folder / kind.partition(".")[0]).mkdir(exist_ok=True)
    return folder / kind.partition(".")[0] / (kind if "." in kind else f"case.{kind}")


def work(connection: Connection, folder: Path, make: Make, take: Take) -> None:
    """Try cases as they are asked for."""
    limit_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection.send("ready")
    while True:
        try:
            kind, seed, number = connection.recv()
        except EOFError:
            return
        path = case_path(folder, kind)
        path.write_bytes(make(kind, seed, number))
        forget_peak()
        began = time.process_time()
        wrong = take(kind, path)
        connection.send(Tried(number, time.process_time() - began, most_megabytes(), wrong))


def limit_memory() -> None:
    """Have no more addresses than ADDRESSES, where the system can limit them."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


def forget_peak() -> None:
    """Have most_megabytes tell the most from now on, where the system can do that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_bytes(b"5")


def most_megabytes() -> float:
    """The most memory that this process has had; 0 where that is not told."""
    if sys.platform != "linux":
        return 0
    status = Path("/proc/self/status").read_bytes()
    return int(status.partition(b"VmHWM:")[2].split()[0]) / 1024

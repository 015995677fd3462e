"""A crew of processes on this machine, which end with the one that started them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import suppress
from functools import cached_property
from multiprocessing.connection import Connection
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Lock
from types import TracebackType
from typing import Any, Generic, Self

from threadpoolctl import threadpool_limits

from mnistnet.crew import Answer, Duty, Job, Tell
from mnistnet.processes import ctrl_c_ignored, end_with_parent

SPAWN = multiprocessing.get_context("spawn")  # a fork would copy BLAS's locks, but not its threads


class LocalCrew(Generic[Job, Answer]):
    """A standard pool of processes, which is replaced when it breaks down.

    Their duty, which may be large, goes to them by a pipe: whoever starts a process waits for ever until it has taken
    its arguments, even if it has ended.
    """

    def __init__(self, duty: Duty[Any, Job, Answer], size: int) -> None:
        self.duty, self.size = duty, size
        self.others = set(multiprocessing.active_children())
        self._open()

    def _open(self) -> None:
        self.queue: SimpleQueue[tuple[Any, ...]] = SPAWN.SimpleQueue()
        self.duties, giver = SPAWN.Pipe(duplex=False)
        threading.Thread(target=give, args=(giver, self.duty, self.size), daemon=True).start()
        what_starts = self.duties, SPAWN.Lock(), self.queue
        self.pool = ProcessPoolExecutor(self.size, SPAWN, initializer=start, initargs=what_starts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        with ctrl_c_ignored():
            if kind:
                for process in set(multiprocessing.active_children()) - self.others:
                    process.terminate()
            self.pool.shutdown(cancel_futures=True)
            self.duties.close()

    def submit(self, job: Job) -> Future[Answer]:
        """Have a job done."""
        try:
            with ctrl_c_ignored():  # a process is born with it, and so ignores it while it starts, too
                return self.pool.submit(work, job)
        except BrokenExecutor as error:
            future: Future[Answer] = Future()
            future.set_exception(error)
            return future

    def mend(self) -> None:
        """Go on with new processes, unless that was done already."""
        with ctrl_c_ignored():
            try:
                self.pool.submit(int)
            except BrokenExecutor:
                self.pool.shutdown()
                self.duties.close()
                self._open()

    def told(self) -> Iterator[tuple[Any, ...]]:
        """What jobs have sent."""
        while not self.queue.empty():
            yield self.queue.get()


class Worker:
    """What a process keeps from one job to the next."""

    def __init__(self, duty: Duty[Any, Any, Any], tell: Tell) -> None:
        self.duty, self.tell = duty, tell

    @cached_property
    def state(self) -> Any:
        """Made in the first job and not before, so that an error is told where an answer is awaited."""
        return self.duty.prepare()


this_worker: Worker
"""The one of this process, which only a worker has."""


def give(giver: Connection, duty: Duty[Any, Any, Any], times: int) -> None:
    """Send a duty so many times, as long as there is somebody who could take it."""
    with giver, suppress(OSError):
        for _ in range(times):
            giver.send(duty)


def start(duties: Connection, turn: Lock, queue: "SimpleQueue[tuple[Any, ...]]") -> None:
    """Make this process a worker."""
    global this_worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the first one decides
    threading.Thread(target=end_with_parent, daemon=True).start()
    with turn:
        try:
            duty = duties.recv()
        except (EOFError, OSError):
            os._exit(1)  # nobody has work any more
    threadpool_limits(limits=duty.threads, user_api="blas")
    this_worker = Worker(duty, queue.put)


def work(job: Any) -> Any:
    """Do a job in a worker."""
    return this_worker.duty.work(this_worker.state, job, this_worker.tell)

"""Workers: a few processes that answer jobs, each of which may crash or hang without harm to the others.

A process that crashes, or takes longer than it may, costs the one job that it had, and is replaced.
"""

import asyncio
import multiprocessing
import queue
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from mnistnet.processes import ctrl_c_ignored, end_with_parent
from mnistnet.web.problems import ProblemError, busy

Job = TypeVar("Job")
Answer = TypeVar("Answer")
START_SECONDS = 60.0
"""In which a process has to be ready."""
PAUSE_SECONDS = 0.2
"""Before another is started in place of one that did not get ready."""
END_SECONDS = 1.0
SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the server's connections and threads' locks


class Worker(Generic[Job, Answer]):
    """A process that answers one job at a time."""

    def __init__(self, answer: Callable[[Job], Answer]) -> None:
        self.connection, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=work, args=(theirs, answer), daemon=True)
        self.process.start()
        self.has_started = False
        theirs.close()

    def is_ready(self) -> bool:
        """Wait until the process has started; whether it is alive then."""
        try:
            if not self.has_started:
                self._receive(START_SECONDS)
                self.has_started = True
        except (TimeoutError, EOFError, OSError):
            return False
        return self.process.is_alive()

    def ask(self, job: Job, seconds: float) -> Answer:
        """The process's answer. Raises TimeoutError, and EOFError or OSError when it has ended."""
        self.connection.send(job)
        return self._receive(seconds)

    def _receive(self, seconds: float) -> Answer:
        if not self.connection.poll(seconds):
            raise TimeoutError
        answer: Answer = self.connection.recv()
        return answer

    def end(self) -> None:
        """Stop the process, whatever it does."""
        self.process.kill()
        self.process.join()


def work(connection: "Connection", answer: Callable[[Job], Answer]) -> None:
    """Answer jobs until there are no more, or the process that started this one has ended."""
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to all processes; the server decides
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    threadpool_limits(1, user_api="blas")
    connection.send(None)  # ready
    with suppress(EOFError, OSError):
        while True:
            connection.send(answer(connection.recv()))


class Pool(Generic[Job, Answer]):
    """So many workers, and a bounded queue of jobs that wait for one. To be made in the main thread, and closed."""

    def __init__(self, answer: Callable[[Job], Answer], *, workers: int, places: int, seconds: float) -> None:
        self.answer, self.places, self.seconds = answer, places, seconds
        self.jobs: queue.SimpleQueue[tuple[Job, Future[Answer]] | None] = queue.SimpleQueue()
        self.is_closing = False
        with ctrl_c_ignored():  # the processes are born with it, and so ignore it while they start, too
            self.workers = [Worker(answer) for _ in range(workers)]
        self.threads = [threading.Thread(target=self._serve, args=(number,), daemon=True) for number in range(workers)]
        for thread in self.threads:
            thread.start()

    async def ask(self, job: Job) -> Answer:
        """The answer to a job. Raises ProblemError where there is none."""
        if self.jobs.qsize() >= self.places:
            raise busy(f"{self.places} pictures wait already to be read")
        future: Future[Answer] = Future()
        self.jobs.put((job, future))
        try:
            async with asyncio.timeout(3 * self.seconds):  # what has begun ends before; what still waits is given up
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise busy("no process was free in time to read it") from None

    def close(self) -> None:
        """End all processes, with the jobs that they are at, and those that still wait."""
        self.is_closing = True
        for _ in self.threads:
            self.jobs.put(None)
        for worker in self.workers:
            worker.end()
        for thread in self.threads:
            thread.join(END_SECONDS)

    def _serve(self, number: int) -> None:
        """Hand jobs to a worker and to those that replace it."""
        while (item := self.jobs.get()) is not None and not self.is_closing:
            job, future = item
            while not self.workers[number].is_ready() and not self.is_closing:
                time.sleep(PAUSE_SECONDS)
                self._replace(number)
            if future.set_running_or_notify_cancel():
                self._settle(job, future, number)

    def _settle(self, job: Job, future: "Future[Answer]", number: int) -> None:
        """Have a worker set the future's result, or say why there is none."""
        try:
            answer = self.workers[number].ask(job, self.seconds)
        except TimeoutError:
            problem = ProblemError(422, f"it took longer than {self.seconds:g} s to read; make it smaller")
        except (EOFError, OSError):
            problem = ProblemError(
                422, "the process that read it broke down over it; save it as another kind of picture"
            )
        else:
            future.set_result(answer)
            return
        future.set_exception(problem)
        self._replace(number)

    def _replace(self, number: int) -> None:
        if not self.is_closing:
            self.workers[number].end()
            self.workers[number] = Worker(self.answer)

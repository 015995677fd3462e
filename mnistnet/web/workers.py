"""Workers: a few processes that answer jobs, each of which may crash or hang without harm to the others.

A process that crashes, or takes longer than it may, costs the one job that it had, and is replaced.
"""

import asyncio
import multiprocessing
import pickle
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from threadpoolctl import threadpool_limits

from mnistnet.processes import end_with_parent, signals_held
from mnistnet.web.problems import ProblemError, busy

Job = TypeVar("Job")
Answer = TypeVar("Answer")
START_SECONDS = 60.0
"""In which a process has to be ready."""
PAUSE_SECONDS = 0.5
"""Before another is started in place of one that did not get ready."""
SPAWN = multiprocessing.get_context("spawn")  # a fork would copy the server's connections
LENGTH = 8
"""Bytes in which the length of an answer is told before it."""


class Worker(Generic[Job, Answer]):
    """A process that answers one job at a time, and is to be made outside of what must not wait.

    What it answers with, pickled, goes to it by its socket: whoever starts a process waits for ever until it has taken
    its arguments, even if it has ended.
    """

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.socket, theirs = socket.socketpair()
        self.leave: Callable[[], None] = self.socket.close
        self.process = SPAWN.Process(target=work, args=(theirs,), daemon=True)
        with signals_held():  # sent to all processes; the server decides
            self.process.start()
        theirs.close()

    async def is_ready(self) -> bool:
        """Wait until the process has started, and tell whether it has."""
        try:
            async with asyncio.timeout(START_SECONDS):
                self.reader, self.writer = await asyncio.open_connection(sock=self.socket)
                self.leave = self.writer.close
                self.writer.write(self.answer)
                await self.writer.drain()
                await self._receive()
        except (TimeoutError, EOFError, OSError):
            return False
        return True

    def is_alive(self) -> bool:
        """Whether the process has not ended while it had nothing to do."""
        return not self.reader.at_eof()

    async def ask(self, job: Job) -> Answer:
        """The process's answer. Raises EOFError or OSError when it ends before."""
        self.writer.write(pickle.dumps(job))
        await self.writer.drain()
        answer: Answer = await self._receive()
        return answer

    async def _receive(self) -> Answer:
        size = int.from_bytes(await self.reader.readexactly(LENGTH))
        answer: Answer = pickle.loads(await self.reader.readexactly(size))
        return answer

    def end(self) -> None:
        """Stop the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.socket.close()


def work(connection: socket.socket) -> None:
    """Take what answers, and answer jobs until there are no more, or the process that started this one has ended."""
    for number in (signal.SIGINT, signal.SIGTERM):  # where they could not be held, as on Windows
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    threadpool_limits(1, user_api="blas")
    with connection, connection.makefile("rb") as jobs:
        try:
            answer = pickle.load(jobs)
        except EOFError:  # the server has ended meanwhile
            return
        send(connection, None)  # ready
        while jobs.peek(1):
            send(connection, answer(pickle.load(jobs)))


def send(connection: socket.socket, answer: object) -> None:
    """Send an answer, its length first."""
    content = pickle.dumps(answer)
    connection.sendall(len(content).to_bytes(LENGTH) + content)


class Pool(Generic[Job, Answer]):
    """So many workers, and a bounded number of jobs that wait for one. To be made in the main thread, and closed."""

    def __init__(self, answer: Callable[[Job], Answer], *, workers: int, places: int, seconds: float) -> None:
        self.answer, self.places, self.seconds = pickle.dumps(answer), places, seconds
        self.waiting = 0
        self.free: asyncio.Queue[Worker[Job, Answer]] = asyncio.Queue()
        self.starting: set[asyncio.Task[None]] = set()
        self.workers: set[Worker[Job, Answer]] = {Worker(self.answer) for _ in range(workers)}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Have the workers take jobs."""
        for worker in self.workers:
            self._begin(self._admit(worker))
        try:
            yield
        finally:
            for task in self.starting:
                task.cancel()
            for worker in self.workers:
                worker.leave()
            await asyncio.sleep(0)  # connections close in the loop's next round

    async def ask(self, job: Job) -> Answer:
        """The answer to a job. Raises ProblemError where there is none."""
        worker = await self._take()
        answered = False
        try:
            async with asyncio.timeout(self.seconds):
                answer = await worker.ask(job)
            answered = True
        except TimeoutError as error:
            raise ProblemError(422, f"it took longer than {self.seconds:g} s to read; make it smaller") from error
        except (EOFError, OSError) as error:
            raise ProblemError(422, "the process that read it broke down over it; save it as another kind") from error
        finally:
            if answered:
                self.free.put_nowait(worker)
            else:  # nobody waits for what it does
                self._begin(self._replace(worker))
        return answer

    def close(self) -> None:
        """End all processes, with what they do."""
        for worker in self.workers:
            worker.end()

    async def _take(self) -> Worker[Job, Answer]:
        """A worker that has nothing to do. Raises ProblemError where none is free in time."""
        if self.free.empty() and self.waiting >= self.places:
            raise busy(f"{self.places} pictures wait already to be read")
        self.waiting += 1
        try:
            async with asyncio.timeout(2 * self.seconds):
                while not (worker := await self.free.get()).is_alive():
                    self._begin(self._replace(worker))
        except TimeoutError:
            raise busy("no process was free in time to read it") from None
        finally:
            self.waiting -= 1
        return worker

    def _begin(self, coming: Coroutine[None, None, None]) -> None:
        """Start what nobody waits for."""
        task = asyncio.create_task(coming)
        self.starting.add(task)
        task.add_done_callback(self.starting.discard)

    async def _replace(self, worker: Worker[Job, Answer]) -> None:
        """Put another in a worker's place."""
        await self._admit(await self._successor(worker))

    async def _admit(self, worker: Worker[Job, Answer]) -> None:
        """Have a worker take jobs when it is ready, or another that replaces it."""
        while not await worker.is_ready():
            await asyncio.sleep(PAUSE_SECONDS)
            worker = await self._successor(worker)
        self.free.put_nowait(worker)

    async def _successor(self, worker: Worker[Job, Answer]) -> Worker[Job, Answer]:
        """Another worker, when this one has ended."""
        worker.leave()
        await asyncio.to_thread(worker.end)
        self.workers.discard(worker)
        successor: Worker[Job, Answer] = await asyncio.to_thread(Worker, self.answer)
        self.workers.add(successor)
        return successor

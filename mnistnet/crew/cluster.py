"""A crew on a Dask cluster, whose scheduler gives the work of a worker that is lost to another one."""

import logging
import queue
import socket
import threading
import time
import uuid
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import cache, lru_cache
from types import TracebackType
from typing import Any, Generic, Self

from threadpoolctl import ThreadpoolController

from mnistnet.crew import Answer, BrokeDownError, Duty, Job, State
from mnistnet.errors import ClusterError

try:
    from distributed import Client, get_worker
    from distributed.scheduler import KilledWorker
except ImportError as error:
    raise ClusterError(
        f"--scheduler needs Dask, which is missing or broken ({error}); install it with: "
        "python -m pip install 'mnistnet[cluster]'"
    ) from error

CONNECT_SECONDS = 5
"""In which a scheduler has to answer."""
WORKER_SECONDS = 30
"""In which the first worker has to be there, or after all are lost another one."""
WATCH_SECONDS = 2
GREETING, GREETING_BYTES = b"compression", 48
"""What a scheduler tells first of itself, and in which of its bytes."""
TOPIC = "mnistnet-"
NEEDED = ("distributed", "python", "numpy", "mnistnet")
"""What has to be the same on every machine; the first on the scheduler's, too."""


class ClusterCrew(Generic[Job, Answer]):
    """The workers of a cluster, of which some may come and go."""

    def __init__(self, duty: Duty[Any, Job, Answer], address: str) -> None:
        self.duty, self.address = duty, address
        self.topic = TOPIC + uuid.uuid4().hex
        self.events: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self.under_way: set[Future[Answer]] = set()
        self.closing = threading.Event()
        self.client = connect(address)
        try:
            require_same_versions(self.client, address)
            self.size = sum(self.client.nthreads().values())
            self.client.subscribe_topic(self.topic, lambda event: self.events.put(tuple(event[1])))
            self.pool = self.client.get_executor(pure=False)
            with warnings.catch_warnings(action="ignore", category=UserWarning):  # that a model is large
                self.duty_there = self.client.submit(same, duty, pure=False)
            threading.Thread(target=self._watch, daemon=True).start()
        except BaseException:
            self.client.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.closing.set()
        self.pool.shutdown(wait=kind is None)
        self.client.unsubscribe_topic(self.topic)
        self.client.close()

    def submit(self, job: Job) -> Future[Answer]:
        """Have a job done."""
        ours: Future[Answer] = Future()
        self.under_way.add(ours)

        def hand_over(theirs: Future[Answer]) -> None:
            self.under_way.discard(ours)
            with suppress(InvalidStateError):  # it was given up
                try:
                    ours.set_result(theirs.result())
                except CancelledError:
                    ours.set_exception(ClusterError(f"the scheduler at {self.address} went away; start it again"))
                except KilledWorker as error:
                    ours.set_exception(BrokeDownError(f"{1 + error.args[2]} workers broke down over it"))
                except Exception as error:
                    ours.set_exception(error)

        theirs = self.pool.submit(work, self.duty_there, job, self.topic)
        theirs.add_done_callback(hand_over)
        return ours

    def _watch(self) -> None:
        """Keep count of the workers; give up all that is under way when there has been none for long."""
        last_seen = time.monotonic()
        while not self.closing.wait(WATCH_SECONDS):
            with suppress(Exception):  # the scheduler is gone, too: then all is cancelled
                if threads := sum(self.client.nthreads().values()):
                    self.size, last_seen = threads, time.monotonic()
            if time.monotonic() - last_seen > WORKER_SECONDS:
                for future in list(self.under_way):
                    with suppress(InvalidStateError):
                        future.set_exception(
                            ClusterError(f"the scheduler at {self.address} has no workers any more; start some")
                        )

    def mend(self) -> None:
        """Nothing: Dask starts its workers again itself."""

    def told(self) -> Iterator[tuple[Any, ...]]:
        """What jobs have sent."""
        while not self.events.empty():
            yield self.events.get()


class AbandonedError(Exception):
    """Nobody waits for a job any more."""


def same(duty: Duty[Any, Job, Answer]) -> Duty[Any, Job, Answer]:
    """The duty, which so goes to each worker but once, and anew to those that come later."""
    return duty


@lru_cache(maxsize=1)
def prepared(duty: Duty[State, Any, Any]) -> State:
    """What this worker needs for all its jobs."""
    return duty.prepare()


def work(duty: Duty[Any, Job, Answer], job: Job, topic: str) -> Answer:
    """Do a job in a worker."""

    def tell(news: tuple[Any, ...]) -> None:
        worker = get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
        if task is None or task.state == "cancelled":
            raise AbandonedError
        worker.log_event(topic, news)

    with blas().limit(limits=duty.threads, user_api="blas"):
        return duty.work(prepared(duty), job, tell)


@cache
def blas() -> ThreadpoolController:
    """The libraries of this process, which it takes milliseconds to find."""
    return ThreadpoolController()


def connect(address: str) -> Client:
    """A client of the scheduler, which has a worker at least. Raises ClusterError."""
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # we tell what goes wrong
    try:
        require_dask(address)
        with warnings.catch_warnings(action="ignore"):  # of versions, which are told in our words
            client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"no scheduler answers at {address} ({' '.join(str(error).split()) or type(error).__name__}); start one "
            "with `dask scheduler`, and pass the address that it prints"
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError as error:
        client.close()
        raise ClusterError(
            f"the scheduler at {address} has no workers; start some with `dask worker {address} --nthreads 1`"
        ) from error
    return client


def require_dask(address: str) -> None:
    """Raise OSError unless what listens at an address greets as Dask does, whose client would wait for it for ever."""
    host, _, port = address.partition("://")[2].rpartition(":")
    reached = socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS)
    with reached, suppress(TimeoutError):
        if GREETING in reached.recv(GREETING_BYTES, socket.MSG_WAITALL):
            return
    raise OSError("what listens there is no scheduler of Dask")


def require_same_versions(client: Client, address: str) -> None:
    """Raise ClusterError unless the scheduler and all workers have what this machine has."""
    facts = client.get_versions(packages=["mnistnet"])
    everybody: dict[str, tuple[Any, Sequence[str]]] = {f"the scheduler {address}": (facts["scheduler"], NEEDED[:1])}
    everybody |= {f"the worker {name}": (worker, NEEDED) for name, worker in facts["workers"].items()}
    for name, (theirs, packages) in everybody.items():
        for package in packages:
            got, expected = (version_in(one, package) for one in (theirs, facts["client"]))
            if got != expected:
                raise ClusterError(
                    f"versions differ: expected {package} {expected}, as here, got {got or 'none'} on {name}; install "
                    "the same there"
                )


def version_in(facts: Any, package: str) -> str:
    """That of a package, "" where it is missing; of Python the part that decides what can be exchanged."""
    version = str((facts or {}).get("packages", {}).get(package) or "")
    return ".".join(version.split(".")[:2]) if package == "python" else version

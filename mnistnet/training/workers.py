"""Workers: processes that train side by side, and end with the one that started them."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property
from multiprocessing.queues import SimpleQueue
from typing import NamedTuple

from threadpoolctl import threadpool_limits

from mnistnet.data.mnist import Dataset
from mnistnet.errors import TrainingError
from mnistnet.processes import ctrl_c_ignored, end_with_parent
from mnistnet.training.experiment import Result, train_one
from mnistnet.training.settings import Settings

Load = Callable[[], Dataset]
NEWS_SECONDS = 0.2
"""How often news of epochs is looked for."""


class News(NamedTuple):
    """How far a training is."""

    run: int
    """Which of the trainings, counted from 0."""
    epoch: int
    """Epochs done; 0 when it begins."""
    accuracy: float
    """Validation accuracy of the last one; 0 when it begins."""


def train_all(
    runs: Sequence[Settings], load: Load, *, jobs: int, threads: int, on_news: Callable[[News], None]
) -> Generator[tuple[int, Result], None, None]:
    """Train with each of these settings in one of so many processes; yield its number and result as each is done.

    load gives the data in each process, and must be picklable; threads are those of the BLAS in each. Closing the
    iterator, as an exception in it does, stops all processes at once. To be called from the main thread. Raises
    TrainingError when a process dies, and what load raises.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy BLAS's locks, but not its threads
    news: SimpleQueue[News] = context.SimpleQueue()
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, context, initializer=start_worker, initargs=(load, threads, news))
    waiting: dict[Future[Result], int] = {}
    try:
        with ctrl_c_ignored():  # the processes are born with it, and so ignore it while they start, too
            waiting |= {pool.submit(work, number, settings): number for number, settings in enumerate(runs)}
        while waiting:
            done, _ = wait(waiting, timeout=NEWS_SECONDS, return_when=FIRST_COMPLETED)
            while not news.empty():
                on_news(news.get())
            for future in done:
                result = future.result()
                yield waiting.pop(future), result
    except BrokenProcessPool as error:
        raise TrainingError(
            "a process that trained was killed, perhaps for want of memory; the results so far are kept: pass fewer "
            "--jobs and go on"
        ) from error
    finally:
        with ctrl_c_ignored():
            if waiting:
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()
            pool.shutdown(cancel_futures=True)


class Worker:
    """What a process keeps from one training to the next."""

    def __init__(self, load: Load, news: "SimpleQueue[News]") -> None:
        self.load, self.news = load, news

    @cached_property
    def dataset(self) -> Dataset:
        """The data, loaded once: in a training and not before, so that an error is told where a result is awaited."""
        return self.load()


this_worker: Worker
"""The one of this process, which only a worker has."""


def start_worker(load: Load, threads: int, news: "SimpleQueue[News]") -> None:
    """Make this process a worker."""
    global this_worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the first one decides
    threading.Thread(target=end_with_parent, daemon=True).start()
    threadpool_limits(limits=threads, user_api="blas")
    this_worker = Worker(load, news)


def work(number: int, settings: Settings) -> Result:
    """Train once in a worker."""
    put = this_worker.news.put
    put(News(number, 0, 0.0))
    return train_one(
        this_worker.dataset,
        settings,
        on_epoch=lambda epoch: put(News(number, epoch.number, epoch.validation_accuracy)),
    )

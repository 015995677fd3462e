"""Workers: trainings side by side, in processes of this machine or of a cluster."""

import pickle
import time
import zlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from functools import partial
from typing import NamedTuple, TypeVar

from mnistnet.crew import Crew, Duty, Tell, open_crew
from mnistnet.data.mnist import Dataset
from mnistnet.errors import TrainingError
from mnistnet.evaluation.calibration import Judgement
from mnistnet.model_file import Model
from mnistnet.training.experiment import Result, train_one
from mnistnet.training.run import tested_model, train_network
from mnistnet.training.settings import Settings

Load = Callable[[], Dataset]
Outcome = TypeVar("Outcome")
Run = tuple[int, Settings]
"""Which of the trainings, counted from 0, and how."""
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


class Tested(NamedTuple):
    """What a training and its test came to."""

    model: Model
    judgement: Judgement
    seconds: float


def train_all(
    runs: Sequence[Settings],
    load: Load,
    *,
    jobs: int,
    threads: int,
    on_news: Callable[[News], None],
    scheduler: str | None = None,
) -> Generator[tuple[int, Result], None, None]:
    """Train with each of these settings in one of so many processes, or on the cluster of a scheduler; yield its number
    and result as each is done.

    load gives the data in each process, and must be picklable; threads are those of the BLAS in each. Closing the
    iterator, as an exception in it does, stops all processes at once, and those of a cluster at the end of an epoch. To
    be called from the main thread. Raises TrainingError when a process dies, ClusterError, and what load raises.
    """
    yield from done_by_crew(runs, Duty(load, work, threads), jobs, on_news, scheduler)


def train_and_test_all(
    runs: Sequence[Settings],
    load: Load,
    *,
    jobs: int,
    threads: int,
    on_news: Callable[[News], None],
    scheduler: str | None = None,
) -> Generator[tuple[int, Tested], None, None]:
    """Like train_all, with the tested model of each."""
    yield from done_by_crew(runs, Duty(load, work_and_test, threads), jobs, on_news, scheduler)


def done_by_crew(
    runs: Sequence[Settings],
    duty: Duty[Dataset, Run, Outcome],
    jobs: int,
    on_news: Callable[[News], None],
    scheduler: str | None,
) -> Generator[tuple[int, Outcome], None, None]:
    """What train_all does, whatever is done in each run."""
    crew: Crew[Run, Outcome]
    with open_crew(duty, workers=jobs, scheduler=scheduler) as crew:
        waiting: dict[Future[Outcome], int] = {crew.submit(run): run[0] for run in enumerate(runs)}
        while waiting:
            done, _ = wait(waiting, timeout=NEWS_SECONDS, return_when=FIRST_COMPLETED)
            for news in crew.told():
                on_news(News(*news))
            for future in done:
                yield waiting.pop(future), outcome_of(future)


def outcome_of(future: Future[Outcome]) -> Outcome:
    """That of a run which is done. Raises TrainingError where its process died."""
    try:
        return future.result()
    except BrokenExecutor as error:
        raise TrainingError(
            "a process that trained was killed, perhaps for want of memory; the results so far are kept: give each "
            "more of it, by fewer --jobs or larger workers, and go on"
        ) from error


def work(dataset: Dataset, run: Run, tell: Tell) -> Result:
    """Train once in a worker."""
    number, settings = run
    tell(News(number, 0, 0.0))
    return train_one(
        dataset, settings, on_epoch=lambda epoch: tell(News(number, epoch.number, epoch.validation_accuracy))
    )


def work_and_test(dataset: Dataset, run: Run, tell: Tell) -> Tested:
    """Train and test once in a worker."""
    number, settings = run
    started = time.perf_counter()
    tell(News(number, 0, 0.0))
    training = train_network(
        dataset,
        settings,
        on_epoch=lambda state: tell(News(number, state.epochs[-1].number, state.epochs[-1].validation_accuracy)),
    )
    model, judgement = tested_model(training, dataset)
    return Tested(model, judgement, time.perf_counter() - started)


def packed(dataset: Dataset) -> Load:
    """What gives a dataset on a machine that has no files of it: it is sent along, a twentieth as big as in memory."""
    return partial(unpacked, zlib.compress(pickle.dumps(dataset), 1))


def unpacked(content: bytes) -> Dataset:
    """The dataset that was packed."""
    dataset = pickle.loads(zlib.decompress(content))
    if not isinstance(dataset, Dataset):
        raise TypeError(f"expected a dataset, got {type(dataset).__name__}")
    return dataset

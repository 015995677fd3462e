"""Workers: real processes that train digits of the bundled sample."""

import multiprocessing
import os
import signal
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from mnistnet.data.mnist import load_folder, load_sample
from mnistnet.errors import DataError, TrainingError
from mnistnet.training.experiment import train_one
from mnistnet.training.settings import Settings
from mnistnet.training.workers import News, train_all

SETTINGS = Settings(hidden=(8,), epochs=2)
RUNS = [replace(SETTINGS, seed=seed) for seed in range(3)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_they_give_what_one_process_gives_whichever_their_number(jobs: int) -> None:
    news: list[News] = []
    results = dict(train_all(RUNS, load_sample, jobs=jobs, threads=1, on_news=news.append))
    dataset = load_sample()
    for number, settings in enumerate(RUNS):
        with threadpool_limits(1):
            expected = train_one(dataset, settings, on_epoch=lambda _: None)
        assert results[number].epochs == expected.epochs
        assert [one.epoch for one in news if one.run == number] == [0, 1, 2]
        assert results[number].curve == [one.accuracy for one in news if one.run == number][1:]
    assert multiprocessing.active_children() == []


def test_they_multiply_with_as_many_threads_as_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)  # the processes' own is asked for, not this one's
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    results = train_all(RUNS[:1], load_sample, jobs=1, threads=1, on_news=lambda _: None)
    assert [result.versions["threads"] for _, result in results] == [1]


def test_what_loading_raises_is_raised_here(tmp_path: Path) -> None:
    load = partial(load_folder, tmp_path)
    with pytest.raises(DataError, match=str(tmp_path)):
        list(train_all(RUNS, load, jobs=2, threads=1, on_news=lambda _: None))
    assert multiprocessing.active_children() == []


def test_leaving_the_loop_ends_them_at_once() -> None:
    endless = [SETTINGS, replace(SETTINGS, epochs=100_000)]
    with closing(train_all(endless, load_sample, jobs=2, threads=1, on_news=lambda _: None)) as results:
        number, _ = next(results)
        assert number == 0
        assert multiprocessing.active_children()
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGKILL")
def test_one_that_is_killed_is_told_in_words() -> None:
    def kill(news: News) -> None:
        if news.epoch == 1:
            for process in multiprocessing.active_children():
                os.kill(process.pid or 0, signal.SIGKILL)

    endless = replace(SETTINGS, epochs=100_000)
    with pytest.raises(TrainingError, match="fewer --jobs"):
        list(train_all([endless], load_sample, jobs=1, threads=1, on_news=kill))
    assert multiprocessing.active_children() == []

"""`--scheduler`, as a user runs it: a real scheduler, and real workers of which one is killed."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from distributed import Client

from mnistnet.commands import main
from mnistnet.data.mnist import load_sample
from mnistnet.training.experiment import Result, train_one
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings
from mnistnet.training.workers import News, packed, train_all
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.test_bulk import expected, scans, wait_for_rows  # noqa: F401  (fixtures)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGKILL"),
]
QUICK = ("--data", "sample", "--recipe", "quick", "--hidden", 16, "--epochs", 2)
Process = subprocess.Popen[bytes]


class Cluster(NamedTuple):
    """A scheduler's address, and what starts a worker."""

    address: str
    start_worker: Callable[..., Process]


@contextmanager
def running(*command: object, folder: Path, environment: dict[str, str]) -> Iterator[Process]:
    """A process in a folder that is killed in the end."""
    arguments = list(map(str, command))
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(arguments, cwd=folder, env=environment, stdout=nowhere, stderr=nowhere) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler of this machine with one worker."""
    folder = tmp_path_factory.mktemp("cluster")
    file, environment = folder / "scheduler.json", dict(os.environ)
    options = ("--scheduler-file", file, "--no-dashboard")
    with ExitStack() as processes:

        def start_worker(**variables: str) -> Process:
            worker = (
                sys.executable,
                "-m",
                "distributed.cli.dask_worker",
                "--nthreads",
                1,
                "--no-nanny",
                "--local-directory",
                folder,
            )
            return processes.enter_context(
                running(*worker, *options, folder=folder, environment=environment | variables)
            )

        scheduler = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", 0)
        processes.enter_context(running(*scheduler, *options, folder=folder, environment=environment))
        start_worker()
        while not file.exists():
            time.sleep(0.05)
        yield Cluster(json.loads(file.read_bytes())["address"], start_worker)


def test_a_worker_killed_half_way_loses_nothing_and_doubles_nothing(
    cluster: Cluster,
    mnistnet: CommandLine,
    scans: Path,  # noqa: F811
    expected: bytes,  # noqa: F811
    tmp_path: Path,
) -> None:
    table, second = tmp_path / "table.csv", cluster.start_worker()
    with Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=30)
    process = mnistnet.start("predict", scans, "--csv", table, "--scheduler", cluster.address, "--model", "shipped")
    wait_for_rows(process, table, 64)
    second.send_signal(signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (1, f"mnistnet: 2 could not be read: the column error of {table} says why\n")
    assert table.read_bytes() == expected


def test_the_readmes_lines_make_a_cluster_that_reads_and_tunes(
    mnistnet: CommandLine,
    scans: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    install, *starts = readme_block("console", "dask scheduler")
    (program,) = readme_block("py", "parallel_config", whole=True)
    assert install.startswith(".venv/bin/pip install -e '.[cluster]'")
    environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with ExitStack() as processes:
        for line in starts:
            line = line.removeprefix(".venv/bin/").replace("HOST", "127.0.0.1").replace("--nworkers 8", "--nworkers 2")
            command = shlex.split(line, comments=True)
            processes.enter_context(running(*command, folder=tmp_path, environment=environment))
        address, table = "tcp://127.0.0.1:8786", tmp_path / "table.csv"
        with Client(address, timeout=30) as client:
            client.wait_for_workers(2, timeout=30)
        done = mnistnet("predict", scans, "--csv", table, "--scheduler", address, "--model", "shipped", "--quiet")
        assert "2 could not be read" in done.stderr
        (tmp_path / "tune.py").write_text(program.replace("HOST", "127.0.0.1"))
        tuned = subprocess.run([sys.executable, "tune.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert re.fullmatch(r"\{'dropout': .*\} 9\d\.\d%\n", tuned.stdout), tuned.stderr


def readme_block(language: str, holding: str, *, whole: bool = False) -> list[str]:
    """The lines of the README's block in this language that holds this, or all of it."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    (block,) = [one for one in found if holding in one]
    return [block] if whole else block.splitlines()


def test_trainings_come_to_what_they_come_to_here(
    cluster: Cluster, mnistnet: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "experiment"
    grid = ("--vary", "optimizer=sgd,adam", "--output", folder, "--scheduler", cluster.address)
    assert mnistnet("experiment", *QUICK, *grid).returncode == 0
    for path in folder.glob("runs/*.json"):
        there = json.loads(path.read_bytes())
        settings = replace(RECIPES["quick"], hidden=(16,), epochs=2, optimizer=there["settings"]["optimizer"])
        assert there["epochs"] == train_one(load_sample(), settings, on_epoch=lambda _: None).epochs

    seeds = tmp_path / "seeds"
    options = (*QUICK, "--seeds", 1, "--seed", 7, "--run-dir", seeds, "--scheduler", cluster.address)
    command = ["train", *map(str, options)]
    done = mnistnet(*command)
    assert done.returncode == 0, done.stderr
    assert "| 7 | 1,000 |" in done.stdout
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    assert main(["train", *map(str, QUICK), "--seed", "7", "--output", str(tmp_path / "7.npz"), "--threads", "1"]) == 0
    model = seeds / "seed-7" / "model.npz"
    assert (tmp_path / "7.npz").read_bytes() == model.read_bytes()
    changed = model.stat().st_mtime_ns
    assert main(command) == 0  # nothing is done again
    assert model.stat().st_mtime_ns == changed


def test_leaving_the_loop_ends_what_is_trained_there(cluster: Cluster) -> None:
    def stop(news: News) -> None:
        if news.epoch:
            raise KeyboardInterrupt

    def train(epochs: int, on_news: Callable[[News], None]) -> list[tuple[int, Result]]:
        runs = [Settings(hidden=(8,), epochs=epochs)]
        load = packed(load_sample())
        return list(train_all(runs, load, jobs=1, threads=1, on_news=on_news, scheduler=cluster.address))

    with pytest.raises(KeyboardInterrupt):
        train(100_000, stop)
    ((_, result),) = train(2, lambda _: None)  # the one worker is free again
    assert len(result.epochs) == 2


def test_what_is_wrong_with_a_cluster_is_one_clear_line(
    cluster: Cluster, mnistnet: CommandLine, tmp_path: Path
) -> None:
    def told(*arguments: object) -> str:
        done = mnistnet("predict", "--model", "shipped", "--csv", tmp_path / "t.csv", *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
        return done.stderr

    assert "no scheduler answers at tcp://127.0.0.1:9" in told(tmp_path, "--scheduler", "tcp://127.0.0.1:9")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_port = silent.getsockname()[1]
        said = told(tmp_path, "--scheduler", f"tcp://127.0.0.1:{silent_port}")
    assert "what listens there is no scheduler of Dask" in said
    assert not list(tmp_path.glob("t.csv*"))
    installed = tmp_path / "other" / "mnistnet-0.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mnistnet\nVersion: 0.0\n")
    worker = cluster.start_worker(PYTHONPATH=str(installed.parent))
    with warnings.catch_warnings(action="ignore"), Client(cluster.address) as client:  # it warns of other packages
        client.wait_for_workers(2, timeout=30)
    assert "got 0.0 on the worker tcp://" in told(tmp_path, "--scheduler", cluster.address)
    worker.kill()

"""Workers: real processes that answer, hang, crash and are killed."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mnistnet.web.problems import ProblemError
from mnistnet.web.workers import Pool

Behaviours = Pool[str, str]


def behave(job: str) -> str:
    """What a worker does when it is told to."""
    if job == "crash":
        os._exit(3)
    if job == "hang":
        time.sleep(60)
    if job.startswith("sleep"):
        time.sleep(float(job.removeprefix("sleep")))
    if job == "process":
        return str(os.getpid())
    return f"did {job}"


@pytest.fixture
def pool() -> Iterator[Behaviours]:
    made = Behaviours(behave, workers=1, places=2, seconds=1)
    yield made
    made.close()
    assert multiprocessing.active_children() == []


def run(pool: Behaviours, program: Callable[[], Awaitable[None]]) -> None:
    async def run_it() -> None:
        async with pool.running():
            await program()

    with ThreadPoolExecutor(1) as thread:  # in this one a browser's loop may be running
        thread.submit(asyncio.run, run_it()).result()


async def status_of(asked: Awaitable[str]) -> int:
    try:
        await asked
    except ProblemError as problem:
        return problem.status
    return 200


def test_large_jobs_and_small_ones_are_answered(pool: Behaviours) -> None:
    async def program() -> None:
        assert await pool.ask("this") == "did this"
        assert await pool.ask("x" * 5_000_000) == "did " + "x" * 5_000_000

    run(pool, program)


@pytest.mark.parametrize("harm", ["crash", "hang"])
def test_a_worker_that_crashes_or_hangs_costs_one_answer(pool: Behaviours, harm: str) -> None:
    async def program() -> None:
        before = await pool.ask("process")
        assert await status_of(pool.ask(harm)) == 422
        assert await pool.ask("process") != before

    run(pool, program)


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGKILL")
def test_a_worker_that_is_killed_while_idle_costs_nothing(pool: Behaviours) -> None:
    async def program() -> None:
        process = int(await pool.ask("process"))
        os.kill(process, signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert await pool.ask("this") == "did this"

    run(pool, program)


def test_more_jobs_than_places_are_refused_at_once(pool: Behaviours) -> None:
    async def program() -> None:
        await pool.ask("this")
        asked = [asyncio.create_task(status_of(pool.ask("sleep0.5"))) for _ in range(3)]
        await asyncio.sleep(0.1)
        began = time.monotonic()
        with pytest.raises(ProblemError) as caught:
            await pool.ask("this")
        assert time.monotonic() - began < 0.1
        assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "1")
        assert await asyncio.gather(*asked) == [200, 200, 200]
        assert await pool.ask("this") == "did this"

    run(pool, program)


@pytest.mark.slow
def test_a_job_that_waits_too_long_is_given_up(pool: Behaviours) -> None:
    async def program() -> None:
        await pool.ask("this")
        asked = [asyncio.create_task(status_of(pool.ask("hang"))) for _ in range(3)]
        assert await asyncio.gather(*asked) in ([422, 422, 503], [422, 503, 503])

    run(pool, program)


def test_who_asks_no_longer_does_not_get_the_next_ones_answer(pool: Behaviours) -> None:
    async def program() -> None:
        await pool.ask("this")
        given_up = asyncio.create_task(pool.ask("sleep0.3"))
        await asyncio.sleep(0.05)
        given_up.cancel()
        assert await pool.ask("that") == "did that"

    run(pool, program)


def test_a_worker_whose_server_has_ended_before_it_starts_says_nothing() -> None:
    code = (
        "import socket; from mnistnet.web.workers import work\n"
        "server, ours = socket.socketpair(); server.close(); work(ours)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

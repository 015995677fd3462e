"""Neighbours: processes that work on the same files at once, and files that vanish and change under a command."""

import hashlib
import multiprocessing
import os
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from mnistnet.web.personal import PNG, PersonalSet
from torturing import Budget, Outcome
from torturing.jobs import JOBS, Job, broken_files, command, contents, copy_of, finish, forced, in_turn, start, trouble

DRAWINGS = 25
FETCH = """
import sys; from pathlib import Path; from mnistnet.data.download import fetch, RemoteFile
fetch([RemoteFile("file.bin", 200_000, sys.argv[1])], [sys.argv[2]], Path(sys.argv[3]))
"""


def changing_files(budget: Budget, workplace: Path) -> Outcome:
    """Files vanish, are cut or become something else while a command works on them."""
    rng = random.Random(budget.seed)
    cases: list[Callable[[], str]] = [
        partial(while_changing, workplace, job, change, rng.randrange(2**32))
        for job in JOBS
        for change in (remove, cut, replace)
        for _ in range(8)
    ]
    counts = in_turn(cases, budget, least=2 * len(JOBS))
    how = "files of each command's input, home and output removed, cut and replaced at random while it runs"
    return Outcome("Files that vanish or change meanwhile are told in a line", how, *counts)


def remove(path: Path, rng: random.Random) -> None:
    """Take a file away, or a whole folder."""
    if path.parent.name in ("out", "home") and rng.random() < 0.3:
        shutil.rmtree(path.parent, ignore_errors=True)
    path.unlink(missing_ok=True)


def cut(path: Path, rng: random.Random) -> None:
    """Cut a file anywhere."""
    os.truncate(path, rng.randrange(path.stat().st_size + 1))


def replace(path: Path, rng: random.Random) -> None:
    """Put noise, a folder or a link to itself where a file was."""
    size = path.stat().st_size
    path.unlink()
    kind = rng.randrange(3)
    if kind == 0:
        path.write_bytes(rng.randbytes(size))
    elif kind == 1:
        path.mkdir()
    else:
        path.symlink_to(path.name)


def while_changing(workplace: Path, job: Job, change: Callable[[Path, random.Random], None], seed: int) -> str:
    """What goes wrong while one file after the other is changed. Only the command's end counts: what it wrote may be
    what was changed."""
    rng, over = random.Random(seed), threading.Event()

    def go_on(place: Path) -> None:
        while not over.wait(rng.uniform(0.0, 0.2)):
            files = sorted(path for path in place.rglob("*") if path.is_file())
            with suppress(OSError, ValueError, IndexError):
                change(rng.choice(files), rng)

    with copy_of(workplace) as place:
        process = start(command(job.arguments), place)
        time.sleep(rng.uniform(0.1, 1.0))
        thread = threading.Thread(target=go_on, args=(place,))
        thread.start()
        ran = finish(process)
        over.set()
        thread.join()
        wrong = trouble(ran)
        return f"{job.name}, {change.__name__}, seed {seed}: {wrong}" if wrong else ""


def neighbours(budget: Budget, workplace: Path) -> Outcome:
    """Two and eight processes at once on one cache, one output and one personal set."""
    cases: list[Callable[[], str]] = []
    for count in (2, 8):
        cases += [partial(side_by_side, workplace, job, count, force=force) for job in JOBS for force in (False, True)]
        cases += [partial(one_wins, workplace, count), partial(one_cache, workplace, count)]
        cases += [partial(one_set, workplace, count)]
    counts = in_turn(cases, budget, least=6)
    how = "2 and 8 processes at once: each command on one output, one cache, one personal set"
    return Outcome("Commands that run side by side lose and spoil nothing", how, *counts)


def side_by_side(workplace: Path, job: Job, count: int, *, force: bool) -> str:
    """The same command several times at once: each ends well or says what is in the way, and files are whole."""
    with copy_of(workplace) as place:
        arguments = forced(job) if force else job.arguments
        ran = [finish(process) for process in [start(command(arguments), place) for _ in range(count)]]
        wrong = next(filter(None, (trouble(one, statuses=(0, 1)) for one in ran)), "") or "; ".join(broken_files(place))
        if not wrong and all(one.status for one in ran):
            wrong = f"none of them could: {ran[0].err.strip()[-200:]}"
        return f"{count} times {arguments}: {wrong}" if wrong else ""


def one_wins(workplace: Path, count: int) -> str:
    """Of commands that write one new file without --force only one says that it did, and its answer stands there."""
    with copy_of(workplace) as place:
        line = "predict pictures --model model.npz --csv out/table.csv"
        started = [start(command(line), place) for _ in range(count)]
        winners = [ran.status for ran in map(finish, started)].count(0)
        return "" if winners == 1 else f"{count} commands write one table without --force: {winners} say they did"


def one_cache(workplace: Path, count: int) -> str:
    """Several processes fetch one file into one folder."""
    with copy_of(workplace) as place:
        content = random.Random(0).randbytes(200_000)
        (place / "file.bin").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        program = [sys.executable, "-c", FETCH, sha256, str(place), str(place / "cache")]
        wrong = [ran.err for ran in map(finish, [start(program, place) for _ in range(count)]) if ran.status]
        left = contents(place / "cache")
        if wrong or left != {"file.bin": content}:
            return f"{count} fetches at once: {wrong[:1]}, {sorted(left)}"
    return ""


def one_set(workplace: Path, count: int) -> str:
    """Several processes keep and remove drawings at once; each removes every second of its own."""
    spawn = multiprocessing.get_context("spawn")
    with copy_of(workplace) as place:
        started = [spawn.Process(target=draw_many, args=(place / "personal", number)) for number in range(count)]
        for process in started:
            process.start()
        for process in started:
            process.join()
        personal = PersonalSet(place / "personal")
        kept = sorted((entry.label, personal.picture(entry.id)) for entry in personal.entries())
        expected = sorted((f"{n}-{k}", PNG + bytes([n, k])) for n in range(count) for k in range(1, DRAWINGS, 2))
        left = [path.name for path in (place / "personal").iterdir() if path.name.endswith(".tmp")]
        codes = {process.exitcode for process in started}
        return "" if (kept, left, codes) == (expected, [], {0}) else f"{count} at one personal set: {len(kept)} kept"


def draw_many(folder: Path, writer: int) -> None:
    """Keep drawings, and remove those with an even number again."""
    personal = PersonalSet(folder)
    for number in range(DRAWINGS):
        drawing = personal.add(PNG + bytes([writer, number]), f"{writer}-{number}")
        if number % 2 == 0 and not personal.remove(drawing):
            raise RuntimeError("a drawing is not there to remove")

"""Network: downloads from mirrors that misbehave in every way that faults.py knows, in all combinations."""

import gzip
import hashlib
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from mnistnet.data.arriving import RemoteFile
from mnistnet.data.download import fetch
from mnistnet.data.http_get import Limits
from mnistnet.data.idx_url import fetch_set
from mnistnet.errors import DownloadError
from torturing import Budget, Outcome, connections
from torturing.faults import any_fault, good
from torturing.faulty_server import Fault, FaultyServer

BRISK = Limits(
    address=1, connection=1, read=0.4, grace=0.2, slowest=50_000, pauses=(0.005,), longest_pause=0.05, redirects=3
)
PATIENT = Limits(pauses=(0.01,) * 3)
SIZES = (1, 2, 100, 5_000, 65_536, 65_537, 150_000)
LEAST, AT_ONCE = 25, 16
SLACK = 5.0
"""Seconds that a busy machine may need beside what the limits allow."""
Trial = Callable[[int, int, Path], str | None]
"""Takes the seed, a number and an empty folder; returns what went wrong."""


def run(budget: Budget) -> Iterator[Outcome]:
    """Known files from several mirrors, then sets without known hashes, then TLS and proxies."""
    yield Outcome(
        "A download ends, in bounded time, in the very file or in one line on why not; the next run gets the very file",
        "random faults, positions, sizes and mirrors that fail one after the other",
        *tried(try_mirrors, budget.share(0.5)),
    )
    yield Outcome(
        "A set without known hashes is whole by its own checksums or refused; the next run gets the very files",
        "the same faults, at any request for its four files",
        *tried(try_set, budget.share(0.35)),
    )
    yield from connections.run(budget.share(0.15))


def tried(trial: Trial, budget: Budget) -> tuple[int, list[str]]:
    """How many cases were tried while there was time, and what failed."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cases = 0
        failures: list[str] = []
        for first in takewhile(lambda first: first < LEAST or budget.is_left(), count(0, LEAST)):
            for said in pool.map(partial(try_in_folder, trial, budget.seed), range(first, first + LEAST)):
                cases += 1
                failures += [said] if said else []
    return cases, failures


def try_in_folder(trial: Trial, seed: int, number: int) -> str | None:
    """What went wrong in one case, and how to repeat it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        said = trial(seed, number, Path(folder))
    return said and f"torturing.network.{trial.__name__}({seed}, {number}, Path(an empty folder)): {said}"


def try_mirrors(seed: int, number: int, folder: Path) -> str | None:
    """One file, one to four mirrors, perhaps a part or an older file there already, perhaps a good mirror at last."""
    rng = np.random.default_rng([seed, number])
    data = rng.bytes(int(rng.choice(SIZES)))
    file = RemoteFile("digits.gz", len(data), hashlib.sha256(data).hexdigest())
    mirrors = {str(place): some_faults(rng) for place in range(int(rng.integers(1, 5)))}
    ends_well = bool(rng.random() < 0.3)
    if ends_well:
        mirrors[str(len(mirrors))] = [good]
    leave(rng, data, folder, file.name)
    with FaultyServer(mirrors | {"good": [good]}, {file.name: data}) as server:
        urls = [server.url(mirror) for mirror in mirrors]
        bound = seconds_for(len(data), len(urls))
        said = outcome(lambda: fetch([file], urls, folder, limits=BRISK), bound)
        if said and (ends_well or not is_one_line(said)):
            return f"expected {'success' if ends_well else 'one clear line'}, got {said}"
        found = (folder / file.name).read_bytes() if (folder / file.name).exists() else None
        if found != data and (found is not None or not said):
            return f"unverified file under its final name after {said or 'success'}"
        said = outcome(lambda: fetch([file], [server.url("good")], folder, limits=PATIENT), 60)
    return (said and f"the next run: {said}") or difference(folder, {file.name: data})


def try_set(seed: int, number: int, folder: Path) -> str | None:
    """Four files from one address, of which some requests go wrong, until it is mended."""
    rng = np.random.default_rng([seed, number])
    files = small_set(rng)
    faults = [any_fault(rng) if rng.random() < 0.3 else good for _ in range(30)]
    with FaultyServer({"set": faults, "good": [good]}, files) as server:
        for attempt in range(3):
            bound = seconds_for(5_000, 12)
            said = outcome(lambda: fetch_set(server.url("set"), folder, limits=BRISK), bound)
            if said and not is_one_line(said):
                return f"expected one clear line, got {said}"
            for path in folder.rglob("*.gz"):
                if path.read_bytes() != files.get(path.name):
                    return f"attempt {attempt}: {path.name} is there, and is not what its makers published"
        server.mirrors["set"] = [good]
        said = outcome(lambda: fetch_set(server.url("set"), folder, limits=PATIENT), 60)
        return (said and f"the next run: {said}") or difference(next(folder.iterdir()), files)


def small_set(rng: np.random.Generator) -> dict[str, bytes]:
    """The files of a set of a few pictures, by their names."""
    files = {}
    for part, many in (("train", 40), ("t10k", 3)):
        images, labels = rng.bytes(many * 64), rng.bytes(many)
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(struct.pack(">HBB3I", 0, 8, 3, many, 8, 8) + images)
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(struct.pack(">HBBI", 0, 8, 1, many) + labels)
    return files


def some_faults(rng: np.random.Generator) -> Sequence[Fault]:
    """What a mirror does at its first, second and third request."""
    return [any_fault(rng) for _ in range(int(rng.integers(1, 4)))]


def leave(rng: np.random.Generator, data: bytes, folder: Path, name: str) -> None:
    """Perhaps leave what an earlier run may have left: the beginning, or anything else, as the part."""
    parts = [b"", data[: len(data) // 2], data[:-1], data, data + b"more", rng.bytes(max(len(data) // 2, 1)), b"\0"]
    chosen = int(rng.integers(2 * len(parts)))
    if chosen < len(parts):
        (folder / f"{name}.part").write_bytes(parts[chosen])


def seconds_for(size: int, mirrors: int) -> float:
    """How long a download of one file may take by BRISK."""
    ask = (BRISK.redirects + 1) * (BRISK.connection + BRISK.read)
    receive = BRISK.grace + size / BRISK.slowest + 2 * BRISK.read
    return SLACK + mirrors * (len(BRISK.pauses) + 1) * (ask + receive + BRISK.longest_pause)


def outcome(call: Callable[[], object], seconds: float) -> str:
    """What went wrong, "" for nothing: the message of a DownloadError as it is, anything else as what it is."""
    said: list[str] = []

    def attempt() -> None:
        try:
            call()
            said.append("")
        except DownloadError as error:
            said.append(str(error) or "no message")
        except BaseException as error:
            said.append(f"TRACEBACK {type(error).__name__}: {error}")

    thread = threading.Thread(target=attempt, daemon=True)  # one that hangs is left behind
    thread.start()
    thread.join(seconds)
    return said[0] if said else f"TRACEBACK: no end after {seconds:.0f} s"


def is_one_line(said: str) -> bool:
    """Whether it is what a user should see."""
    return said.startswith("cannot fetch ") and said.isprintable() and len(said) < 3_000 and "secret" not in said


def difference(folder: Path, files: dict[str, bytes]) -> str | None:
    """How a folder differs from these files."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    return None if found == files else f"expected the very files and no others, got {sorted(found)}"

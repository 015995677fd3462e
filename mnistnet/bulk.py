"""Bulk: any number of pictures read by a crew, in their order, a few batches at a time."""

import socket
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, wait
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from mnistnet.crew import Crew, Duty, Tell
from mnistnet.data.picture_sources import PictureSource, content_of
from mnistnet.errors import ClusterError, PictureError
from mnistnet.files import require_regular
from mnistnet.model_file import Model
from mnistnet.reader import Reader, Reading
from mnistnet.table import Rows, rows_of

BATCH = 32
"""Pictures that a process reads at a time: a fifth of a second, beside which handing them over costs little."""
BATCHES_AHEAD = 16
"""Beside four a process: so many batches are under way or wait to be taken up."""
Batch = Sequence[PictureSource]
BulkCrew = Crew[Batch, Rows]


class Desk(NamedTuple):
    """What a process reads with."""

    reader: Reader
    folder: Path
    """What names are relative to."""


def reading_duty(model: Model, *, single: bool, folder: Path, seen: Sequence[Path]) -> Duty[Desk, Batch, Rows]:
    """Reading with a model, as Reader has it; seen are absolute paths that a process has to find."""
    return Duty(partial(set_up, model, single, folder, seen), read_batch)


def set_up(model: Model, single: bool, folder: Path, seen: Sequence[Path]) -> Desk:
    """The desk. Raises ClusterError."""
    if missing := next((path for path in seen if not path.exists()), None):
        raise ClusterError(
            f"a worker on {socket.gethostname()} does not find {missing}; put the pictures where all workers find "
            "them under the same name, in a shared folder or behind a URL such as s3://bucket/folder"
        )
    return Desk(Reader(model, single), folder)


def read_batch(desk: Desk, batch: Batch, _: Tell) -> Rows:
    """Read pictures one after the other."""
    return rows_of(read_source(desk, source) for source in batch)


def read_source(desk: Desk, source: PictureSource) -> Reading:
    """The reading of a source; of one that cannot be read, whatever the reason, it has an error."""
    name, error = source
    if error:
        return Reading(name, error=error)
    try:
        content = content_of(name, folder=desk.folder)
        if isinstance(content, Path):
            require_regular(content)
        return desk.reader.read(content, name=name)
    except OSError as failure:
        return Reading(name, error=f"cannot read {name}: {failure.strerror or failure}")
    except PictureError as failure:
        return Reading(name, error=str(failure))
    except Exception as failure:  # one of a million pictures must not cost the others
        return Reading(name, error=f"cannot read {name}: {type(failure).__name__}: {' '.join(str(failure).split())}")


def read_in_order(crew: BulkCrew, sources: Iterable[PictureSource]) -> Generator[Rows, None, None]:
    """The rows of all sources, in their order; of the sources only as many are asked for as are under way.

    A picture over which processes break down has an error. Raises ClusterError where they break down over nothing.
    """
    waiting: deque[tuple[Batch, Future[Rows]]] = deque()
    for batch in batches(sources):
        waiting.append((batch, crew.submit(batch)))
        if len(waiting) >= BATCHES_AHEAD + 4 * crew.size:
            yield answer_to_first(crew, waiting)
    while waiting:
        yield answer_to_first(crew, waiting)


def batches(sources: Iterable[PictureSource]) -> Iterator[Batch]:
    """The sources in groups."""
    rest = iter(sources)
    while batch := tuple(islice(rest, BATCH)):
        yield batch


def answer_to_first(crew: BulkCrew, waiting: deque[tuple[Batch, Future[Rows]]]) -> Rows:
    """The rows of the batch that waits longest, which is taken away."""
    batch, future = waiting.popleft()
    try:
        return future.result()
    except BrokenExecutor:  # over this batch or over another one
        wait([other for _, other in waiting])  # so that what is read next is read alone
        crew.mend()
    try:
        return crew.submit(batch).result()
    except BrokenExecutor:
        crew.mend()
    alone = [read_alone(crew, source) for source in batch]
    return Rows("".join(rows.text for rows in alone), len(alone), sum(rows.errors for rows in alone))


def read_alone(crew: BulkCrew, source: PictureSource) -> Rows:
    """The row of a source that is perhaps one over which processes break down."""
    try:
        return crew.submit((source,)).result()
    except BrokenExecutor:
        crew.mend()
    try:
        crew.submit(()).result()
    except BrokenExecutor as error:
        raise ClusterError("processes break down before they read anything; free some memory") from error
    reason = "the process that read it broke down over it; save it as another kind"
    return rows_of([Reading(source.name, error=f"cannot read {source.name}: {reason}")])

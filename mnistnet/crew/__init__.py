"""Crew: processes that do the same kind of work side by side, on this machine or on a cluster of machines.

Both are reached through the standard library's `concurrent.futures`; who has work need not know which it is.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

State = TypeVar("State")
Job = TypeVar("Job")
Answer = TypeVar("Answer")
Job_contra = TypeVar("Job_contra", contravariant=True)
Tell = Callable[[tuple[Any, ...]], None]
"""Sends plain values to whoever has the work, while it is being done."""


class BrokeDownError(BrokenExecutor):
    """Several processes of a cluster broke down, one after the other, while they had a job."""


@dataclass(frozen=True)
class Duty(Generic[State, Job, Answer]):
    """What each process of a crew is there for; all of it can be pickled."""

    prepare: Callable[[], State]
    """Makes what a process needs for all its jobs: called in it by its first job, which raises what this does."""
    work: Callable[[State, Job, Tell], Answer]
    threads: int = 1
    """Of the BLAS in each process."""


class Crew(Protocol[Job_contra, Answer]):
    """Processes that take jobs. To be used in the main thread, as a context: leaving it by an exception ends them at
    once, with what they do."""

    @property
    def size(self) -> int:
        """How many jobs are done at a time."""

    def submit(self, job: Job_contra) -> Future[Answer]:
        """Have a job done. The future has a BrokenExecutor where a process broke down meanwhile, which need not have
        been over this job; then no other job is done before mend()."""

    def mend(self) -> None:
        """Go on with processes that work, after one broke down; every job under way is done, or has to be given
        again."""

    def told(self) -> Iterator[tuple[Any, ...]]:
        """What jobs have sent by Tell since this was last asked for."""


def open_crew(
    duty: Duty[State, Job, Answer], *, workers: int, scheduler: str | None = None
) -> AbstractContextManager[Crew[Job, Answer]]:
    """So many processes of this machine; or, where it is named, those of the Dask cluster with this scheduler.

    Raises ClusterError.
    """
    if scheduler:
        from mnistnet.crew.cluster import ClusterCrew  # an extra

        return ClusterCrew(duty, scheduler)
    from mnistnet.crew.local import LocalCrew

    return LocalCrew(duty, workers)

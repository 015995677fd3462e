"""Processes: how those that were started here treat Ctrl-C, and how they end."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ctrl_c_ignored() -> Iterator[None]:
    """Ctrl-C does nothing inside the block, nor to processes that are born in it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def signals_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM come to this thread after the block only, and never to processes that are born in it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Wait for the process that started this one to end, however it ends, and end at once."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)

"""Processes: how this one and those that it started treat Ctrl-C, and how they end."""

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


def ignore_ctrl_c() -> None:
    """From now on Ctrl-C does nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def ctrl_c_restored() -> Iterator[None]:
    """Put Ctrl-C back to what it did before, however the block ends."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_with_parent() -> None:
    """Wait for the process that started this one to end, however it ends, and end at once."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)

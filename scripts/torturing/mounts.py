"""Mounts: small disks and folders that nobody may write to, where this user can have them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[bool]:
    """A disk of so many bytes at folder, inside the block; False where this user may not mount any."""
    mounted = done(["mount", "-t", "tmpfs", "-o", f"size={size}", "mnistnet-torture", str(folder)])
    try:
        yield mounted
    finally:
        if mounted:
            done(["umount", "--lazy", str(folder)])


@contextmanager
def read_only(folder: Path) -> Iterator[bool]:
    """Nobody may write to folder and what is below it, inside the block; False where that cannot be had."""
    if not hasattr(os, "geteuid"):  # Windows
        yield False
    elif os.geteuid():
        inner = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
        for path in inner:
            path.chmod(0o555)
        try:
            yield True
        finally:
            for path in inner:
                path.chmod(0o755)
    else:  # permissions do not bind root
        bound = done(["mount", "--bind", str(folder), str(folder)])
        try:
            yield bound and done(["mount", "-o", "remount,ro,bind", str(folder)])
        finally:
            if bound:
                done(["umount", "--lazy", str(folder)])


def done(command: list[str]) -> bool:
    """Whether a command is there and does it."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False

"""Files that appear under their final name only when whole."""

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from mnistnet.errors import OutputError

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
LEFT = 3600
"""Seconds after which a file that nobody finished is taken for one that a killed process left."""


def require_free(path: Path, *, overwrite: bool, instead: str = "choose another name") -> None:
    """Raise OutputError, with what to do instead, if something stands under path already and may not be replaced."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is a device and no regular file; name a file")
    if (path.exists() or path.is_symlink()) and not overwrite:  # a link to nowhere would be replaced, too
        raise OutputError(f"{path} exists already; {instead} or pass --force to replace it")


def require_regular(path: Path) -> None:
    """Raise OSError if path is there and no regular file: reading a device or a pipe may never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def require_size(file: BinaryIO, most: int) -> None:
    """Raise OSError where an open file has more bytes than most, of which nothing is read: it may take no disk."""
    if (size := os.fstat(file.fileno()).st_size) > most:
        raise OSError(errno.EFBIG, f"expected at most {most:,} bytes, got {size:,}")


def read_at_most(path: Path, most: int) -> bytes:
    """The bytes of a file. Raises OSError where these are more than most, and where it is no regular file."""
    require_regular(path)
    with path.open("rb") as file:
        require_size(file, most)
        return file.read()


def require_writable(path: Path, *, overwrite: bool, instead: str = "choose another name") -> None:
    """Raise OutputError if new_file(path) is bound to fail, so that a long job can say so before it starts."""
    require_free(path, overwrite=overwrite, instead=instead)
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    from tempfile import TemporaryFile  # here, as it would add to the start of commands that write nothing

    try:
        TemporaryFile(dir=folder).close()  # has no name where a system can do that: nothing is left if killed
    except OSError as error:
        reason = f"{folder} is not a folder you may write to ({error.strerror})"
        raise OutputError(f"cannot write {path}: {reason}; choose another place") from error


def temporary_name() -> str:
    """A short name that no other process takes: a long one's temporary twin would be too long for a file."""
    return f".{os.urandom(8).hex()}.tmp"


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that is being written, or was left by a killed process."""
    return bool(_TEMPORARY.fullmatch(name))


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[BinaryIO]:
    """A file to write, which appears under path when the block ends, and not at all if it raises.

    Missing parent folders are made. Raises OutputError where the file cannot be written (no permission, disk full).
    """
    require_free(path, overwrite=overwrite)
    temporary = path.with_name(temporary_name())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_once(path.parent.absolute())
        try:
            with temporary.open("xb") as file:
                is_alone(file)
                yield file
                file.flush()
                os.fsync(file.fileno())
            give_name(temporary, path, overwrite=overwrite)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error


@cache
def clear_once(folder: Path) -> None:
    """remove_leftovers, but once a process: a folder of 10,000 files that are written one by one is not read as often,
    and a process leaves nothing before it is killed."""
    remove_leftovers(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files in folder that processes left which were killed, as far as that can be done.

    One that is written at this moment is left alone: its writer holds it, and it is not old. Either may fail to tell,
    a lock on some network's disks and an age where the clock is set.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for path in [Path(entry) for entry in entries if is_temporary(entry.name)]:
            with suppress(OSError):  # it is another user's, or open on Windows, or another process was quicker
                if stat.S_ISREG(path.lstat().st_mode) and is_left(path) and is_free(path):
                    path.unlink()


def is_left(path: Path) -> bool:
    """Whether a file was last written so long ago, or so far ahead where the clock was set, that nobody writes it."""
    return abs(time.time() - path.lstat().st_mtime) > LEFT


def is_free(path: Path) -> bool:
    """Whether no process holds the file under path."""
    with path.open("r+b") as file:
        return is_alone(file)


def is_alone(file: BinaryIO) -> bool:
    """Whether no other process holds the file; this one does from now on, until it closes it."""
    with suppress(ImportError, OSError):  # Windows; a disk without locks
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def give_name(temporary: Path, path: Path, *, overwrite: bool) -> None:
    """Have temporary be path. Raises OutputError where another process has taken that name meanwhile, and keeps it."""
    try:
        if overwrite:
            temporary.replace(path)
        else:
            os.link(temporary, path)  # which replaces nothing, whoever writes at the same time
            temporary.unlink(missing_ok=True)
    except FileExistsError:
        require_free(path, overwrite=False)
        raise
    except OSError:
        if overwrite:
            raise
        temporary.replace(path)  # a file system without links
    keep_name(path)


def keep_name(path: Path) -> None:
    """Have the folder written out too, where a system allows that: else a power cut may take the new name away."""
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_text(path: Path, text: str, *, overwrite: bool) -> None:
    """Write text as UTF-8 by way of new_file; file names in it that are no text keep their bytes."""
    with new_file(path, overwrite=overwrite) as file:
        file.write(text.encode(errors="surrogateescape"))

"""A file on its way from a mirror: its bytes so far, and whether they are the right ones.

They are verified and published from memory only. The .part file beside the target is there for a later run to go on
from, and processes that fetch at once may share it: each writes the same bytes to the same places, and the worst that a
mix-up can do is a resumed download with a wrong hash, which then starts over.
"""

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from mnistnet.data.http_get import MirrorError
from mnistnet.data.idx import LONGEST_HEADER, MOST_BYTES, announced_bytes
from mnistnet.errors import DataError, OutputError
from mnistnet.files import new_file

OnBytes = Callable[[str, int, int], None]
"""Called with a file's name, its bytes so far (fewer than before after a new start) and its size."""


class RemoteFile(NamedTuple):
    """A file as mirrors serve it: size in bytes, sha256 in hex.

    Where no hash is known it is the .gz of an IDX file, which has a checksum of its own.
    """

    name: str
    size: int
    sha256: str | None

    def is_at(self, path: Path) -> bool:
        """Whether path holds it."""
        try:
            return path.stat().st_size == self.size and self.is_content(path.read_bytes())
        except OSError:
            return False

    def is_content(self, data: bytes | bytearray) -> bool:
        """Whether data is the file."""
        if self.sha256 is None:
            return len(data) == self.size and is_packed_idx(data)
        return hashlib.sha256(data).hexdigest() == self.sha256


class Arriving:
    """A remote file, its bytes so far in `data` and in the part file, which outlives only an unfinished download."""

    def __init__(self, file: RemoteFile, folder: Path, on_bytes: OnBytes | None) -> None:
        self.file = file
        self.data = bytearray()
        self._target = folder / file.name
        self._part = folder / f"{file.name}.part"
        self._on_bytes = on_bytes

    def __enter__(self) -> Self:
        with _writing(self._part):
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._journal = io.FileIO(
                self._part, "r+", opener=lambda path, flags: os.open(path, flags | os.O_CREAT, 0o666)
            )
            self.data += self._journal.read(self.file.size + 1)
        if len(self.data) >= self.file.size and not self.is_right():
            self.discard()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self._journal.close()
        if kind is None or not self.data:
            with suppress(OSError):  # Windows: another process has it open, and removes it when done
                self._part.unlink()

    def add(self, chunk: bytes) -> None:
        """Append chunk. Discards everything and raises MirrorError if that is more than the file."""
        if len(self.data) + len(chunk) > self.file.size:
            self.discard()
            raise MirrorError(f"more than the expected {self.file.size:,} bytes")
        with _writing(self._part):
            self._journal.seek(len(self.data))
            self._journal.write(chunk)
        self.data += chunk
        if self._on_bytes is not None:
            self._on_bytes(self.file.name, len(self.data), self.file.size)

    def discard(self) -> None:
        """Start over from nothing."""
        self.data.clear()
        with _writing(self._part):
            self._journal.truncate(0)

    def is_right(self) -> bool:
        """Whether data is the whole file."""
        return self.file.is_content(self.data)

    def require_right(self) -> None:
        """Discard everything and raise MirrorError if data is not the whole file."""
        if self.is_right():
            return
        size, sha256 = len(self.data), hashlib.sha256(self.data).hexdigest()
        self.discard()
        if size != self.file.size:
            raise MirrorError(f"expected {self.file.size:,} bytes, got {size:,}")
        if self.file.sha256 is None:
            raise MirrorError("expected a whole .gz of an IDX file, which it is not")
        raise MirrorError(f"expected SHA-256 {self.file.sha256[:12]}..., got {sha256[:12]}...")

    def publish(self) -> None:
        """Write the file under its final name; data must have been found right."""
        try:
            with new_file(self._target, overwrite=True) as file:
                file.write(self.data)
        except OutputError:
            if not self.file.is_at(self._target):  # Windows: another process was quicker, and has it open
                raise


def is_packed_idx(data: bytes | bytearray) -> bool:
    """Whether data unpacks to an IDX file as long as its header says, and is as its own checksum says (RFC 1952).

    The checksum alone would let in a page that a server packs, or the file packed twice.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            header = file.read(LONGEST_HEADER)
            left = announced_bytes(header, name="it") - len(header)
            if left > MOST_BYTES:
                return False
            while left >= 0 and (chunk := file.read(1 << 20)):
                left -= len(chunk)
    except (DataError, OSError, EOFError, zlib.error):
        return False
    return left == 0


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"cannot write {path}: {reason}; make room or set MNISTNET_HOME to another folder") from error

"""MNIST's four files: what they are, where they come from, and whether a copy is right."""

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mnistnet.data.idx import MOST_BYTES
from mnistnet.errors import DataError
from mnistnet.files import require_size

if TYPE_CHECKING:
    from mnistnet.data.arriving import OnBytes

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://azureopendatastorage.blob.core.windows.net/mnist/",
)


MOST_PACKED = 20
"""To one: pictures pack about five to one."""
ALWAYS_UNPACKED = 60_000_000
"""Bytes, however well they are packed, as labels in order are."""


class MnistFile(NamedTuple):
    """One of the four files: unpacked, and packed as NAME.gz, which is how mirrors serve it."""

    name: str
    size: int
    sha256: str
    packed_size: int
    packed_sha256: str

    @property
    def packed_name(self) -> str:
        return f"{self.name}.gz"


FILES = (
    MnistFile(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        9_912_422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        28_881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        1_648_877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    MnistFile(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        4_542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)


class CachedFile(NamedTuple):
    """What the cache holds of one file."""

    name: str
    path: Path
    size: int | None
    """In bytes; None if it is missing."""
    right: bool | None
    """None if it is missing or was not looked into."""


def fetch_files(
    folder: Path,
    mirrors: Sequence[str] = MIRRORS,
    *,
    files: Sequence[MnistFile] = FILES,
    on_bytes: "OnBytes | None" = None,
) -> list[Path]:
    """Have the files in folder, packed as served; verified where they are there already, fetched where not.

    Raises what `download.fetch` raises.
    """
    from mnistnet.data.arriving import RemoteFile  # here, so that a filled cache is loaded without importing requests
    from mnistnet.data.download import fetch

    remote = [RemoteFile(file.packed_name, file.packed_size, file.packed_sha256) for file in files]
    return fetch(remote, mirrors, folder, on_bytes=on_bytes)


def find_file(folder: Path, file: MnistFile) -> Path:
    """The file in a user's folder, packed or unpacked. DataError if it is not there."""
    dotted = file.name.replace("-idx", ".idx")  # what some programs make of the name when they unpack
    names = [file.packed_name, file.name, dotted]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"{folder} has no {file.packed_name}, nor {file.name} unpacked; "
        "put MNIST's four files there, or leave out --data to download them"
    )


def read_file(path: Path, file: MnistFile) -> bytes:
    """The file's unpacked bytes from path, packed or not. DataError if they are not MNIST's."""
    remedy = "get a fresh copy, or leave out --data to download one"
    data = unpacked(path, most=file.size + 1, remedy=remedy)  # one too many shows that it is too long
    got = hashlib.sha256(data).hexdigest()
    if got != file.sha256:
        raise DataError(f"{path} is not MNIST's {file.name}: expected SHA-256 {file.sha256}, got {got}; {remedy}")
    return data


def unpacked(path: Path, *, most: int, remedy: str) -> bytes:
    """The first bytes of a file, unpacked, however many there are. DataError, with the remedy, if it cannot be read."""
    try:
        with path.open("rb") as raw:
            require_size(raw, MOST_BYTES)
            packed = raw.peek(2)[:2] == b"\x1f\x8b"  # not by the name: browsers unpack and leave it
            size = path.stat().st_size
            if not packed:
                return raw.read(min(most, size))  # most alone would be set aside for a small file, too
            believable = max(ALWAYS_UNPACKED, MOST_PACKED * size)
            content = gzip.GzipFile(fileobj=raw).read(min(most, believable + 1))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}; {remedy}") from error
    if len(content) > believable:
        raise DataError(f"cannot read {path}: it unpacks to more than {MOST_PACKED} times its size; {remedy}")
    return content


def cache_state(folder: Path, *, verify: bool = False) -> list[CachedFile]:
    """What the cache holds, file by file; with verify every byte is read and checked."""
    return [_state(folder / file.packed_name, file, verify) for file in FILES]


def _state(path: Path, file: MnistFile, verify: bool) -> CachedFile:
    if not path.is_file():
        return CachedFile(file.packed_name, path, None, None)
    return CachedFile(file.packed_name, path, path.stat().st_size, _is_right(path, file) if verify else None)


def _is_right(path: Path, file: MnistFile) -> bool:
    try:
        data = path.read_bytes() if path.stat().st_size == file.packed_size else b""
    except OSError:
        return False
    return hashlib.sha256(data).hexdigest() == file.packed_sha256

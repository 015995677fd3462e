"""IDX URL: another set's four files from an address, of which no checksum is known.

So they are taken over a connection that nobody else can write to, and each is whole by its own checksum (gzip's, RFC
1952): that it is what its makers published, nobody can tell here.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mnistnet.data.address import without_password
from mnistnet.data.idx import MOST_BYTES
from mnistnet.data.idx_set import FILE_NAME, SetFiles, find_set
from mnistnet.errors import DataError, DownloadError

if TYPE_CHECKING:
    from mnistnet.data.arriving import OnBytes
    from mnistnet.data.http_get import Limits

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def fetch_set(url: str, cache: Path, *, limits: "Limits | None" = None, on_bytes: "OnBytes | None" = None) -> SetFiles:
    """A set's files from the address of their folder, or of the training images, into a folder of their own in cache.

    What is there already is not fetched again. Raises DataError, DownloadError and OutputError.
    """
    base, prefix = split_url(url)
    folder = cache / hashlib.sha256(f"{base}/{prefix}".encode()).hexdigest()[:16]
    for part in (("train",), ("test", "t10k") if prefix else ("t10k", "test")):
        for kind in ("images-idx3", "labels-idx1"):
            fetch_one([f"{prefix}{name}-{kind}-ubyte.gz" for name in part], base, folder, limits, on_bytes)
    if not (found := find_set(folder / f"{prefix}train-images-idx3-ubyte.gz")):
        raise DataError(f"{folder} has lost its files; name {without_password(url)} again")
    return found


def split_url(url: str) -> tuple[str, str]:
    """The address of the folder, and what stands before its files' names. Raises DataError."""
    try:
        scheme, host, path = urlsplit(url).scheme.lower(), urlsplit(url).hostname, urlsplit(url).path
    except ValueError as error:
        raise DataError(without_password(f"{url} is no address: {error}")) from error
    if not host or not (scheme == "https" or (scheme == "http" and host in LOOPBACK)):
        raise DataError(
            f"expected --data to be an https address, got {without_password(url)}: no checksum of these files is "
            "known, so that over any other nobody could tell whether they came unchanged"
        )
    match = FILE_NAME.fullmatch(unquote(path.rpartition("/")[2]))
    return (url.rpartition("/")[0], match[1]) if match else (url.rstrip("/"), "")


def fetch_one(names: list[str], base: str, folder: Path, limits: "Limits | None", on_bytes: "OnBytes | None") -> None:
    """Have the file of one of these names in folder: of the first one that is there already, or else can be had."""
    if any((folder / name).is_file() for name in names):  # published whole; what has become of it since is told later
        return
    from mnistnet.data.arriving import RemoteFile  # here, so that files that are there need no requests
    from mnistnet.data.download import DEFAULT_LIMITS, announced_size, fetch, shown_reason

    limits, failures = limits or DEFAULT_LIMITS, []
    for name in names:
        try:
            size = announced_size(f"{base}/{name}", limits=limits)
        except DownloadError as error:
            failures.append(shown_reason(error))
            continue
        if size > MOST_BYTES:
            failures.append(f"expected {MOST_BYTES:,} bytes at most, got {size:,}")
            continue
        fetch([RemoteFile(name, size, None)], [base], folder, limits=limits, on_bytes=on_bytes)
        return
    shown = without_password(f"{base}/{names[0]}")
    raise DownloadError(f"cannot fetch {shown}: {failures[0]}; check the address and the connection")

"""Verified files from several mirrors: try each in turn, go on where a download broke off, verify, publish."""

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import requests

from mnistnet import __version__
from mnistnet.data.address import without_password
from mnistnet.data.arriving import Arriving, OnBytes, RemoteFile
from mnistnet.data.http_get import Limits, MirrorError, TransientError, body, open_url
from mnistnet.errors import DownloadError

TRANSIENT_STATUS = frozenset({429, 500, 502, 503, 504})
DEFAULT_LIMITS = Limits()
HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"mnistnet/{__version__}"}
Result = TypeVar("Result")


def fetch(
    files: Sequence[RemoteFile],
    mirrors: Sequence[str],
    folder: Path,
    *,
    limits: Limits = DEFAULT_LIMITS,
    on_bytes: OnBytes | None = None,
) -> list[Path]:
    """Have every file in folder, whole and verified: what is there already without network, the rest from mirrors.

    A mirror is an http(s) URL or a local folder. One that fails goes to the end of the line, so that no later file
    waits for it again. Raises DownloadError, which says how each mirror failed, and OutputError.
    """
    line = list(dict.fromkeys(mirrors))
    for file in files:
        if file.is_at(folder / file.name):
            continue
        with Arriving(file, folder, on_bytes) as arriving:
            if not arriving.is_right():
                _receive(arriving, line, limits)
            arriving.publish()
    return [folder / file.name for file in files]


def _receive(arriving: Arriving, line: list[str], limits: Limits) -> None:
    failures = []
    for mirror in tuple(line):
        try:
            return _from_mirror(arriving, mirror, limits)
        except MirrorError as error:
            failures.append(f"{without_password(mirror)}: {shown_reason(error)}")
            line.remove(mirror)
            line.append(mirror)
    raise DownloadError(
        f"cannot fetch {arriving.file.name} ({'; '.join(failures) or 'no mirror named'}): "
        "check the connection, or pass --mirror URL, or --data DIR with the files"
    )


def shown_reason(error: DownloadError) -> str:
    """Fit for a terminal: a reason may hold what a server says, or a proxy's address with a password."""
    text = without_password(str(error))[:300]
    return "".join(char if char.isprintable() else "?" for char in text)


def _from_mirror(arriving: Arriving, mirror: str, limits: Limits) -> None:
    if not re.match("https?://", mirror, re.IGNORECASE):
        return _from_folder(arriving, Path(mirror))
    url = f"{mirror.rstrip('/')}/{arriving.file.name}"
    return _tried(partial(_from_url, arriving, url, limits), limits)


def announced_size(url: str, *, limits: Limits = DEFAULT_LIMITS) -> int:
    """How many bytes a server says a file has. Raises MirrorError where it says nothing."""
    return _tried(partial(_size_of, url, limits), limits)


def _size_of(url: str, limits: Limits) -> int:
    with open_url(url, HEADERS, limits) as response:
        _require_willing(response)
        length = response.headers.get("Content-Length", "")
        if response.status_code != 200 or not length.isdecimal():
            raise MirrorError(f"status {response.status_code} with Content-Length {length!r}")
        return int(length[:20])


def _tried(ask: Callable[[], Result], limits: Limits) -> Result:
    """What ask returns, which is asked again after a pause where it may do in a moment."""
    for pause in limits.pauses:
        try:
            return ask()
        except TransientError as error:
            if error.pause > limits.longest_pause:
                raise
            time.sleep(max(pause, error.pause))
    return ask()


def _from_folder(arriving: Arriving, mirror: Path) -> None:
    try:
        with (mirror / arriving.file.name).open("rb") as file:
            data = file.read(arriving.file.size + 1)
    except OSError as error:
        raise MirrorError(error.strerror or str(error)) from error
    arriving.discard()
    arriving.add(data)
    arriving.require_right()


def _from_url(arriving: Arriving, url: str, limits: Limits) -> None:
    """One try, which goes on from what is there. What has come when it breaks off stays for the next."""
    offset = len(arriving.data)
    headers = HEADERS | ({"Range": f"bytes={offset}-"} if offset else {})
    with open_url(url, headers, limits) as response:
        resumed = _goes_on(response, arriving)
        if not resumed:
            arriving.discard()
        for chunk in body(response, limits):
            arriving.add(chunk)
        # Neither Content-Length nor chunks: the end of the body looks like a connection that broke off.
        if len(arriving.data) < arriving.file.size and "Transfer-Encoding" not in response.headers:
            raise TransientError(f"broke off after {len(arriving.data):,} of {arriving.file.size:,} bytes")
    try:
        arriving.require_right()
    except MirrorError as error:
        if resumed:  # the first part may have been another mirror's
            raise TransientError(str(error)) from error
        raise


def _goes_on(response: requests.Response, arriving: Arriving) -> bool:
    """Whether the body starts where arriving ends, or else where the file starts. MirrorError if it does neither."""
    status, offset = response.status_code, len(arriving.data)
    _require_willing(response)
    content_range = response.headers.get("Content-Range", "")
    resumed = status == 206 and offset > 0 and content_range.startswith(f"bytes {offset}-")
    if offset and not resumed and status in (206, 416):
        arriving.discard()
        raise TransientError(f"status {status} with Content-Range {content_range!r} when asked for bytes {offset}-")
    if not resumed and status != 200:
        raise MirrorError(f"status {status}")
    expected = arriving.file.size - offset if resumed else arriving.file.size
    if (length := response.headers.get("Content-Length", str(expected))) != str(expected):
        kind = response.headers.get("Content-Type", "unknown type")
        raise MirrorError(f"expected {expected:,} bytes, got {length} of {kind!r}")
    return resumed


def _require_willing(response: requests.Response) -> None:
    """Raise TransientError where the server may do in a moment."""
    if response.status_code in TRANSIENT_STATUS:
        wanted = response.headers.get("Retry-After", "")
        raise TransientError(f"status {response.status_code}", pause=float(wanted) if wanted.isdecimal() else 0.0)

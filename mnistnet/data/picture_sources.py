"""Picture sources: the pictures that a word on the command line stands for, on this machine or behind a URL.

URLs are those of fsspec: s3://bucket/folder, gs://, https://, file:// and others.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mnistnet.data.folder import SUFFIXES, find_pictures, walk_pictures
from mnistnet.errors import PictureError
from mnistnet.vision.image_file import MAX_BYTES


class PictureSource(NamedTuple):
    """A picture's path or URL; or why what was named has none."""

    name: str
    error: str = ""


def find_picture_sources(text: str) -> Iterator[PictureSource]:
    """The pictures that a file, a folder and all below it, a pattern, or a URL of these stands for, in order; one
    source with an error where there is none. Of a folder only its names are held, whatever lies below it."""
    found = False
    try:
        for source in at_url(text) if is_url(text) else on_disk(text):
            found = True
            yield source
    except OSError as error:
        yield PictureSource(text, f"cannot read {text}: {error.strerror or error}")
    else:
        if not found:
            yield PictureSource(text, nothing_at(text))


def is_url(text: str) -> bool:
    """Whether it is one of fsspec's URLs."""
    return "://" in text


def nothing_at(text: str) -> str:
    """What to say where there is no picture."""
    if is_url(text) or Path(text).is_dir():
        return f"no pictures in the folder {text} (expected {', '.join(sorted(SUFFIXES))})"
    return f"no file matches {text}; check the pattern"


def on_disk(text: str) -> Iterator[PictureSource]:
    """The pictures of a path or pattern. Raises OSError."""
    paths = walk_pictures(Path(text)) if Path(text).is_dir() else find_pictures(text)
    for path in paths:
        if isinstance(path, OSError):
            yield PictureSource(str(path.filename), f"cannot read {path.filename}: {path.strerror}")
        else:
            yield PictureSource(text if path == Path(text) else str(path))


def at_url(url: str) -> Iterator[PictureSource]:
    """The pictures of a URL."""
    try:
        files, path = open_url(url)
        if any(character in path for character in "*?["):
            paths: Iterator[str] = iter(sorted(files.glob(path)))
        else:
            paths = walk_url(files, path) if files.isdir(path) else iter([path])
        yield from (PictureSource(files.unstrip_protocol(path)) for path in paths)
    except Exception as error:  # each kind of storage raises its own
        yield PictureSource(url, reason(url, error))


def walk_url(files: Any, folder: str) -> Iterator[str]:
    """The pictures in a folder of a file system of fsspec's and all below it."""
    waiting = [(folder, True)]  # the next at the end, as in walk_pictures
    while waiting:
        name, is_folder = waiting.pop()
        if is_folder:
            found = [(str(entry["name"]), entry["type"] == "directory") for entry in files.ls(name, detail=True)]
            itself = name.rstrip("/")  # which some name, too
            waiting += sorted((one for one in found if one[0].rstrip("/") != itself), reverse=True)
        elif Path(name).suffix.lower() in SUFFIXES and not Path(name).name.startswith("._"):
            yield name


def open_url(url: str) -> tuple[Any, str]:
    """The file system of a URL, and its path there."""
    from fsspec.core import url_to_fs  # an extra

    files, path = url_to_fs(url, use_listings_cache=False)  # which would hold all names
    return files, str(path)


def content_of(name: str, *, folder: Path) -> Path | bytes:
    """The file of a source, whose name may be relative to folder, or what a URL holds, as far as it can
    be a picture. Raises PictureError."""
    if not is_url(name):
        return folder / name
    try:
        files, path = open_url(name)
        return bytes(files.cat_file(path, end=MAX_BYTES + 1))
    except Exception as error:
        raise PictureError(reason(name, error)) from error


def reason(name: str, error: Exception) -> str:
    """Why a URL cannot be read."""
    if isinstance(error, ModuleNotFoundError) and error.name == "fsspec":
        return f"cannot read {name}: URLs need fsspec; install it with: python -m pip install 'mnistnet[cluster]'"
    kind = "there is no such file" if isinstance(error, FileNotFoundError) else f"{type(error).__name__}: {error}"
    return f"cannot read {name}: {' '.join(kind.split())}"

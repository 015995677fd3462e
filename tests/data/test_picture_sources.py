"""Sources: folders, patterns and URLs, of real files and of fsspec's memory."""

import os
import sys
from itertools import accumulate
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile

from mnistnet.data.folder import is_picture
from mnistnet.data.picture_sources import content_of, find_picture_sources
from mnistnet.errors import PictureError
from mnistnet.vision.image_file import MAX_BYTES

NAMES = ("b/1.png", "b/c/2.PNG", "b.png", "a.jpg", "a/x/y/3.gif", "notes.txt", "b/._1.png")
PICTURES = ["a/x/y/3.gif", "a.jpg", "b/1.png", "b/c/2.PNG", "b.png"]
"""In the order of sorted paths, where a folder stands before a file of which its name is the beginning."""

DEEP = sys.getrecursionlimit() + 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_a_folder_is_walked_in_the_order_of_sorted_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [source.name for source in find_picture_sources(str(folder))] == [str(folder / name) for name in PICTURES]
    assert [folder / name for name in PICTURES] == sorted(path for path in folder.rglob("*") if is_picture(path))
    monkeypatch.chdir(folder)
    assert [source.name for source in find_picture_sources(".")] == [str(Path(name)) for name in PICTURES]
    assert [source.name for source in find_picture_sources("*.png")] == ["b.png"]
    assert [source.name for source in find_picture_sources("./b.png")] == ["./b.png"]


def test_a_url_is_walked_alike_and_read(folder: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(f"{folder}/", "/scans/", recursive=True)
    for url in ("memory://scans", folder.as_uri()):
        names = [source.name for source in find_picture_sources(url)]
        assert sorted(name.removeprefix(f"{url}/").removeprefix("memory:///scans/") for name in names) == sorted(
            PICTURES
        )
        assert sorted(bytes(content_of(name, folder=Path())).decode() for name in names) == sorted(PICTURES)
        assert [source.name for source in find_picture_sources(f"{url}/*.png")] == [
            n for n in names if n.endswith("/b.png")
        ]
        assert [source.name for source in find_picture_sources(names[0])] == names[:1]


def test_folders_may_lie_deeper_than_python_calls_itself(tmp_path: Path) -> None:
    folders = list(accumulate(range(DEEP), lambda folder, _: folder / "d", initial=tmp_path / "d"))
    for folder in folders:
        folder.mkdir()
    picture = folders[-1] / "3.png"
    picture.touch()
    try:
        assert [source.name for source in find_picture_sources(str(tmp_path))] == [str(picture)]
    finally:  # pytest could not remove them
        picture.unlink()
        for folder in reversed(folders):
            folder.rmdir()


def test_folders_of_a_url_may_lie_as_deep() -> None:
    name = "/".join(["/deep", *DEEP * "d", "3.png"])
    fsspec.filesystem("memory").store[name] = MemoryFile(path=name)
    assert [source.name for source in find_picture_sources("memory://deep")] == [f"memory://{name}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory://nowhere/*.png", "no pictures in the folder memory://nowhere"),
        ("no-such-protocol://x/y.png", "cannot read no-such-protocol://x/y.png: ValueError: Protocol not known"),
        ("/nowhere/*.png", "no file matches"),
    ],
)
def test_where_there_is_none_it_says_why(text: str, said: str) -> None:
    (source,) = find_picture_sources(text)
    assert source.name == text
    assert source.error.startswith(said)


def test_a_url_that_cannot_be_read_is_a_picture_error() -> None:
    (source,) = find_picture_sources("memory://nowhere/3.png")
    with pytest.raises(PictureError, match="there is no such file"):
        content_of(source.name, folder=Path())


def test_a_local_name_is_relative_to_the_folder(tmp_path: Path) -> None:
    assert content_of("a.png", folder=tmp_path) == tmp_path / "a.png"
    absolute = os.fspath(tmp_path / "b.png")
    assert content_of(absolute, folder=Path("elsewhere")) == tmp_path / "b.png"


def test_of_a_huge_file_behind_a_url_only_so_much_is_taken_that_it_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(10**12)  # takes no room on the disk
    content = content_of((tmp_path / "huge.png").as_uri(), folder=tmp_path)
    assert isinstance(content, bytes)
    assert len(content) == MAX_BYTES + 1

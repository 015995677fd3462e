"""The personal set, in real folders, and with real processes that write at once."""

import multiprocessing
import os
import sys
import time
from pathlib import Path

import pytest

from mnistnet.errors import OutputError
from mnistnet.files import LEFT
from mnistnet.web.personal import LARGEST, MOST_ENTRIES, PNG, Entry, PersonalSet, read_label

EACH = 40


def add_many(folder: Path, label: str) -> None:
    """Add EACH drawings, in a process."""
    for number in range(EACH):
        PersonalSet(folder).add(PNG + f"{label}{number}".encode(), label)


def test_what_is_added_is_listed_shown_and_removed(tmp_path: Path) -> None:
    personal = PersonalSet(tmp_path / "personal")
    assert personal.entries() == []
    first, second = personal.add(PNG + b"one", "7"), personal.add(PNG + b"two", "smiley")
    assert personal.entries() == [Entry(second, "smiley"), Entry(first, "7")]
    assert personal.picture(first) == PNG + b"one"
    assert personal.remove(first)
    assert not personal.remove(first)
    assert personal.picture(first) is None
    assert personal.entries() == [Entry(second, "smiley")]
    assert personal.clear() == 1
    assert list((tmp_path / "personal").iterdir()) == []


@pytest.mark.parametrize("tidies", ["add", "clear"])
def test_a_drawing_whose_label_was_never_written_goes_away(tmp_path: Path, tidies: str) -> None:
    folder = tmp_path / "personal"
    folder.mkdir()
    old, young, mine = folder / f"{1:016x}.png", folder / f"{2:016x}.png", folder / "mine.png"
    for path, age in ((old, LEFT + 60), (young, LEFT - 60), (mine, LEFT + 60)):
        path.write_bytes(PNG)
        os.utime(path, (time.time() - age,) * 2)
    personal = PersonalSet(folder)
    if tidies == "add":
        assert personal.picture(personal.add(PNG, "7")) == PNG
    else:
        assert personal.clear() == 0
    assert [path.exists() for path in (old, young, mine)] == [False, True, True]


def test_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=add_many, args=(tmp_path, label)) for label in ("a", "b")]
    for process in processes:
        process.start()
    add_many(tmp_path, "c")
    for process in processes:
        process.join()
        assert process.exitcode == 0
    personal = PersonalSet(tmp_path)
    kept = {(entry.label, personal.picture(entry.id)) for entry in personal.entries()}
    assert kept == {(label, PNG + f"{label}{number}".encode()) for label in "abc" for number in range(EACH)}


@pytest.mark.parametrize("name", ["../secret", "..%2fsecret", "", "0" * 15, "A" * 16, "0" * 16 + "\n", "0" * 16 + "/"])
def test_what_is_no_id_reaches_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(PNG + b"secret")
    (tmp_path / "secret.txt").write_text("7")
    personal = PersonalSet(tmp_path / "personal")
    personal.add(b"one", "7")
    assert personal.picture(name) is None
    assert not personal.remove(name)
    assert (tmp_path / "secret.png").exists()


def test_what_others_put_into_the_folder_is_left_alone(tmp_path: Path) -> None:
    personal = PersonalSet(tmp_path)
    personal.add(b"one", "7")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / f"{'0' * 16}.txt").write_bytes(b"\xff")
    assert [entry.label for entry in personal.entries()] == ["7"]
    personal.clear()
    assert (tmp_path / "notes.txt").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and pipes")
def test_what_is_no_drawing_is_neither_shown_nor_removed_nor_waited_for(tmp_path: Path) -> None:
    personal, secret = PersonalSet(tmp_path / "personal"), tmp_path / "secret"
    secret.write_bytes(PNG + b"secret")
    (tmp_path / "secret.txt").write_text("secret")
    drawings = [personal.add(PNG + bytes([number]), "7") for number in range(7)]
    linked, named, foreign, large, folder, pipe, own = drawings
    for drawing, name in ((linked, "png"), (named, "txt"), (folder, "png"), (pipe, "txt"), (large, "txt")):
        personal._path(drawing, name).unlink()
    personal._path(linked, "png").symlink_to(secret)
    personal._path(named, "txt").symlink_to(tmp_path / "secret.txt")
    personal._path(foreign, "txt").write_text("my notes\nline 2")
    os.truncate(os.open(personal._path(large, "txt"), os.O_CREAT | os.O_RDWR), 10**9)
    personal._path(folder, "png").mkdir()
    os.mkfifo(personal._path(pipe, "txt"))
    before = sorted(personal.folder.iterdir())
    assert personal.entries() == [Entry(own, "7")]
    assert [personal.picture(drawing) for drawing in drawings[:-1]] == [None] * 6
    assert personal.clear() == 1
    assert sorted(personal.folder.iterdir()) == [path for path in before if path.stem != own]
    for content in (b"junk", PNG + bytes(LARGEST)):
        junk = personal.add(content, "7")
        assert personal.picture(junk) is None


@pytest.mark.parametrize(
    ("text", "label"), [("7", "7"), (" cat ", "cat"), ("e\u0301", "\xe9"), ("数字", "数字"), ("x" * 40, "x" * 40)]
)
def test_labels_are_composed_and_trimmed(text: str, label: str) -> None:
    assert read_label(text) == label


@pytest.mark.parametrize("text", ["", "  ", "x" * 41, "a\nb", "\x00", "\ud800", "a\u202eb"])
def test_what_is_no_label_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="expected a label"):
        PersonalSet(tmp_path).add(b"one", text)
    assert list(tmp_path.iterdir()) == []


def test_a_set_that_is_full_takes_no_more(tmp_path: Path) -> None:
    for number in range(MOST_ENTRIES):
        (tmp_path / f"{number:016x}.txt").touch()
    with pytest.raises(OutputError, match="10,000 drawings already; remove some"):
        PersonalSet(tmp_path).add(PNG, "7")
    (tmp_path / f"{0:016x}.txt").unlink()
    PersonalSet(tmp_path).add(PNG, "7")


def test_a_folder_that_cannot_be_used_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "personal").write_text("a file")
    with pytest.raises(OutputError, match="cannot keep") as caught:
        PersonalSet(tmp_path / "personal").add(b"one", "7")
    assert str(tmp_path) not in str(caught.value)

"""Table: CSV that is torn at any place and gone on with, and names that mean something to other programs."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnistnet.data.picture_sources import PictureSource
from mnistnet.errors import OutputError
from mnistnet.reader import Reading
from mnistnet.table import COLUMNS, GrowingTable, forget_growing, harmless, row_of, rows_of, whole_rows

NAMES = ("a.png", 'two\nlines,\r".png', "=1+1.png", "caf\udce9.png", "七.png", "last.png")


def sources(names: Sequence[str] = NAMES) -> Iterator[PictureSource]:
    return (PictureSource(name, error="unreadable" if name == "a.png" else "") for name in names)


def write(
    path: Path, *, stop_after: int | None = None, names: Sequence[str] = NAMES, force: bool = False
) -> tuple[int, int]:
    with GrowingTable(path, mark="m", overwrite=force) as table:
        for number, source in enumerate(table.go_on(sources(names))):
            if number == stop_after:
                return table.before.pictures, table.before.errors
            table.append(rows_of([Reading(source.name, digits="7", confidence=0.5, error=source.error)]).text)
        table.publish()
    return table.before.pictures, table.before.errors


def test_torn_at_any_byte_it_becomes_the_very_same_file(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.csv", tmp_path / "torn.csv.m.part"
    write(whole)
    content = whole.read_bytes()
    for length in range(len(content) + 1):
        part.write_bytes(content[:length])
        write(tmp_path / "torn.csv", force=False)
        assert (tmp_path / "torn.csv").read_bytes() == content
        (tmp_path / "torn.csv").unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["whole.csv"]


def test_what_was_done_is_not_done_again_and_counted(tmp_path: Path) -> None:
    assert write(tmp_path / "t.csv", stop_after=4) == (0, 0)
    assert not (tmp_path / "t.csv").exists()
    assert write(tmp_path / "t.csv", stop_after=1) == (4, 1)
    assert write(tmp_path / "t.csv") == (5, 1)


def test_where_the_pictures_have_changed_it_is_as_if_never_stopped(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", stop_after=4)
    changed = (NAMES[0], "new.png", *NAMES[1:])
    assert write(tmp_path / "t.csv", names=changed) == (1, 1)
    write(tmp_path / "fresh.csv", names=changed)
    assert (tmp_path / "t.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()
    write(tmp_path / "u.csv", stop_after=5)
    write(tmp_path / "u.csv", names=NAMES[:2])
    assert (tmp_path / "u.csv").read_bytes().count(b"7,0.5") == 2


def test_force_alone_replaces_a_table_and_is_gone_on_with_as_well(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path)
    with pytest.raises(OutputError, match="--force"):
        write(path)
    assert write(path, force=True) == (6, 1)  # what was refused a name is not lost
    write(path, force=True, stop_after=2)
    assert write(path, force=True) == (2, 1)


def test_what_has_no_rows_leaves_nothing_behind(tmp_path: Path) -> None:
    with GrowingTable(tmp_path / "t.csv", mark="m", overwrite=False) as table:
        table.go_on(sources())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="has no flock")
def test_of_two_that_write_one_new_table_at_once_the_slower_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with GrowingTable(path, mark="slower", overwrite=False) as table:
        list(table.go_on(iter(())))
        write(path)
        content = path.read_bytes()
        with pytest.raises(OutputError, match="exists already"):
            table.publish()
    assert path.read_bytes() == content


def test_a_table_whose_writer_was_killed_as_it_published_keeps_one_name(tmp_path: Path) -> None:
    table, others = tmp_path / "[a].csv", [tmp_path / "[a].csv.1.part", tmp_path / "a.csv.0.part"]
    for path in (table, *others):
        path.write_text("rows")
    os.link(table, tmp_path / "[a].csv.0.part")
    forget_growing(table)
    assert {*tmp_path.iterdir()} == {table, *others}


def test_two_at_once_do_not_write_into_each_other(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mnistnet.table import GrowingTable\n"
        "with GrowingTable(Path(sys.argv[1]), mark='m', overwrite=False): print(flush=True); input()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "t.csv")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(OutputError, match="another command is writing"):
            write(tmp_path / "t.csv")
        other.communicate(b"\n")
    write(tmp_path / "t.csv")


@settings(max_examples=50)
@given(st.lists(st.text().map(lambda text: text.encode(errors="ignore").decode()), min_size=1))
def test_any_name_comes_back_and_none_begins_a_formula(names: list[str]) -> None:
    text = "".join(row_of(Reading(name, error=name)) for name in names)
    rows = [cells for cells, _ in whole_rows(io.BytesIO(text.encode()))]
    assert [row[0] for row in rows] == [row[-1] for row in rows] == list(map(harmless, names))
    assert rows == list(csv.reader(io.StringIO(text, newline="")))
    for row, name in zip(rows, names, strict=True):
        assert len(row) == len(COLUMNS)
        assert not row[0].startswith(tuple("=+-@\t\r"))
        assert Path(row[0]) == Path(name) or "\0" in name

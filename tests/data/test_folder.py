"""A user's labelled folder: every way to name labels, and what is wrong with a table, line by line."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mnistnet.data.folder import find_pictures, label_folder
from mnistnet.errors import DataError


def fill(folder: Path, *names: str) -> list[Path]:
    """Empty files, as paths in folder."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def labels(folder: Path, files: list[Path]) -> dict[str, str]:
    """What label_folder finds, by path within folder."""
    pictures = label_folder(folder, files).pictures
    return {picture.path.relative_to(folder).as_posix(): picture.label for picture in pictures}


def write_table(folder: Path, text: str | bytes, *names: str) -> list[Path]:
    """The files with a table beside them."""
    (folder / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return fill(folder, *names)


def test_labels_from_file_names(tmp_path: Path) -> None:
    expected = {
        "3_anna.png": "3",
        "3.png": "3",
        "42-b.png": "42",
        "7 (2).jpg": "7",
        "007.x.png": "007",
        "none_cat.png": "",
        "more/5.png": "5",
    }
    files = fill(tmp_path, *expected, "IMG_3.png", "x3.png", "_3.png", "3rd.png", "٣.png")
    assert labels(tmp_path, files) == expected
    found = label_folder(tmp_path, files)
    assert found.labels_from == "file names"
    assert [path.name for path in found.without_label] == ["IMG_3.png", "x3.png", "_3.png", "3rd.png", "٣.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_a_link_to_nowhere_is_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (gone := tmp_path / "3.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "folder.png").symlink_to(tmp_path, target_is_directory=True)
    assert find_pictures(str(tmp_path)) == [gone]


def test_labels_from_text_files_beside_the_pictures(tmp_path: Path) -> None:
    files = fill(tmp_path, "3/7_a.png", "b.png", "3/c.png", "d.png", "e.png", "5.png")
    long = ("d", "7" * 2_000), ("5", "7" + " " * 2_000)
    for name, text in (("3/7_a", "42\n"), ("b", "\ufeffnone"), ("3/c", "x"), *long):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    (tmp_path / "e.txt").write_bytes(b"\xff7")
    assert labels(tmp_path, files) == {"3/7_a.png": "42", "b.png": ""}
    found = label_folder(tmp_path, files)
    assert found.labels_from == "text files"
    assert len(found.without_label) == 4


def test_labels_from_the_nearest_folder_that_is_named_like_one(tmp_path: Path) -> None:
    expected = {"3/8_a.png": "3", "anna/5/new/x.png": "5", "1/2/x.png": "2", "None/y.png": "", "42/x.png": "42"}
    files = fill(tmp_path, *expected, "7_root.png", "anna/7.png")
    found = label_folder(tmp_path, files)
    assert labels(tmp_path, files) == expected
    assert found.labels_from == "sub-folders"
    assert found.without_label == files[-2:]
    assert [picture.columns["folder"] for picture in found.pictures] == ["3", "anna/5/new", "1/2", "None", "42"]


def test_the_folder_itself_names_no_label(tmp_path: Path) -> None:
    folder = tmp_path / "3"
    assert labels(folder, fill(folder, "4_a.png")) == {"4_a.png": "4"}


def test_files_that_macos_puts_beside_pictures_are_none(tmp_path: Path) -> None:
    fill(tmp_path, "3/a.png", "3/._a.png")
    assert find_pictures(str(tmp_path)) == [tmp_path / "3" / "a.png"]


@pytest.mark.parametrize(
    ("names", "said"), [((), "no pictures in"), (("IMG_1.png", "cat/IMG_2.png"), "no labels for the 2 pictures in")]
)
def test_without_any_label_the_expected_is_said(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(DataError, match=rf"{said} .*labels\.csv.*3/anna\.png"):
        label_folder(tmp_path, fill(tmp_path, *names))


def test_a_table_comes_before_sub_folders_and_names(tmp_path: Path) -> None:
    files = write_table(tmp_path, "file,label,kind\n3/4_a.png,5,photo\nb.png,,\n", "3/4_a.png", "b.png", "6_c.png")
    found = label_folder(tmp_path, files)
    assert found.labels_from == "labels.csv"
    assert [(picture.path, picture.label) for picture in found.pictures] == [(files[0], "5"), (files[1], "")]
    assert [picture.columns for picture in found.pictures] == [
        {"folder": "3", "kind": "photo"},
        {"folder": ".", "kind": ""},
    ]
    assert found.without_label == files[2:]


@pytest.mark.parametrize(
    "table",
    [
        b"file,label\nsome one.png,42\nb.png,none\n",
        b"\xef\xbb\xbfFile , LABEL\r\nsome one.png, 4 2\r\n\r\nb.png,\r\n,\r\n",
        b"label;file;note;\n42;some one.png;x, y;\n;b.png;\n",
        b"file\tlabel\tnote\rsome one.png\t42\rb.png\t\r",
        "file,label\nsome one.png,42\n./b.png,NONE".encode("utf-16"),
        b'"file","label","note"\n"some one.png","42","two\nlines"\n"b.png","","\xfc"\n',
    ],
)
def test_tables_as_programs_write_them(tmp_path: Path, table: bytes) -> None:
    assert labels(tmp_path, write_table(tmp_path, table, "some one.png", "b.png")) == {
        "some one.png": "42",
        "b.png": "",
    }


def test_a_table_from_windows_finds_its_files(tmp_path: Path) -> None:
    assert labels(tmp_path, write_table(tmp_path, "file,label\nscans\\a.png,3\n", "scans/a.png")) == {
        "scans/a.png": "3"
    }


def test_a_table_may_name_files_elsewhere(tmp_path: Path) -> None:
    (elsewhere,) = fill(tmp_path, "other/a.png")
    folder = tmp_path / "mine"
    folder.mkdir()
    (picture,) = label_folder(folder, write_table(folder, f"file,label\n{elsewhere},3\n")).pictures
    assert (picture.path, picture.columns["folder"]) == (elsewhere, elsewhere.parent.as_posix())


@pytest.mark.skipif(sys.platform == "win32", reason="names hold no quotes there")
def test_names_in_any_script_and_with_line_breaks(tmp_path: Path) -> None:
    names = ["Ziffer süß 七.png", "two\nlines.png", "a,b.png", 'say "3".png']
    rows = ['"{}",3'.format(name.replace('"', '""')) for name in names]
    assert list(labels(tmp_path, write_table(tmp_path, "\n".join(["file,label", *rows]), *names))) == names


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "line 1: expected the columns' names, file and label among them, got ''"),
        ("a.png,3\n", "line 1: expected the columns' names, file and label among them, got 'a.png,3'"),
        ("file,digit\na.png,3\n", "line 1: .* got 'file,digit'"),
        ("file,label,label\na.png,3,3\n", "line 1: expected each column once, got label twice"),
        ("file,label\n", "names no picture"),
        ("file,label\na.png,3\nb.png,seven\n", "line 3: expected the label of b.png to be digits.* got 'seven'"),
        (
            f"file,label\na.png,{1_001 * '1'}\n",
            "line 2: expected the label of a.png to be digits, 1,000 at most,.*1{39}$",
        ),
        ("file,label\na.png,3.0\n", "line 2: .* got '3.0'"),
        ("file,label\na.png,-3\n", "line 2: .* got '-3'"),
        ("file,label\na.png,٣\n", "line 2: .* got '٣'"),
        ("file,label\na.png\n", "line 2: expected 2 cells as in line 1, got 1"),
        ("file,label,note\na.png,3,x, y\n", "line 2: expected 3 cells as in line 1, got 4"),
        ("file,label\n,3\n", "line 2: the file's name is missing"),
        ("file,label\na.png,3\n\n./a.png,3\n", "line 4: ./a.png has a label already"),
        ("file,label\nc.png,3\n", r"line 2: there is no file c\.png$"),
        ("file,label\na.png,3\nc.png,3\nd.png,4\n", r"line 3: there is no file c\.png \(2 lines"),
        (f"file,label\n{'x' * 300},3\n", "line 2: there is no file x"),
        ("file,label\na\0.png,3\n", "line 2: there is no file"),
        (b"file,label\ns\xfc\xdf.png,3\n", "there is no file .*; save labels.csv as UTF-8"),
        ('file,label\na.png,3\n"b.png,4\n', "line 3: it is no table"),
        (f"file,label\na.png,{'1' * 200_000}\n", "line 2: it is no table"),
        ("x" * 200_000, "line 1: expected the columns' names"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line(tmp_path: Path, table: str | bytes, said: str) -> None:
    files = write_table(tmp_path, table, "a.png", "b.png")
    with pytest.raises(DataError, match=said) as caught:
        label_folder(tmp_path, files)
    assert "labels.csv" in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary() | st.text(',;"\n\r\t\0 3a').map(lambda text: f"file,label\n{text}".encode()))
@example(b"\xff\xfef")
@example(b'file,label\n"')
def test_no_table_is_too_broken_for_a_clear_line(tmp_path: Path, table: bytes) -> None:
    files = write_table(tmp_path, table, "a", "3")
    try:
        found = label_folder(tmp_path, files).pictures
    except DataError:
        return
    assert {picture.path for picture in found} <= set(files)


def test_a_table_that_is_too_long_is_refused_before_it_is_taken_apart(tmp_path: Path) -> None:
    files = write_table(tmp_path, b"file,label\n" + b"," * 10_000_000, "3.png")
    with pytest.raises(DataError, match="expected at most 10,000,000 bytes, got 10,000,0"):
        label_folder(tmp_path, files)

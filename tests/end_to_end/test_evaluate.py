"""`mnistnet evaluate`, as a user runs it."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mnistnet.data.mnist import load_sample
from mnistnet.model_file import save_model
from tests.end_to_end.conftest import CommandLine
from tests.models import small_model

Draw = Callable[[int], Path]
DRAWN = range(8)
TRUE = [str(label) for label in load_sample().test.labels[list(DRAWN)]]
UNEQUAL = "9" if TRUE[0] != "9" else "8"


def copy_digits(folder: Path, draw: Draw, name: str) -> list[str]:
    """The drawn digits under name, in which {label} and {index} may stand."""
    names = [name.format(label=label, index=index) for index, label in zip(DRAWN, TRUE, strict=True)]
    for index, file in zip(DRAWN, names, strict=True):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(draw(index), folder / file)
    return names


def score(mnistnet: CommandLine, *arguments: object) -> dict[str, Any]:
    """The score of a folder all of which can be read."""
    done = mnistnet("evaluate", "--json", *arguments)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def table_folder(tmp_path: Path, draw: Draw) -> Path:
    """The drawn digits, of which the first is labelled wrongly, one of them twice over as a number, and a blank."""
    names = copy_digits(tmp_path / "mine", draw, "süß {index}.png")
    Image.new("L", (50, 40), 255).save(tmp_path / "mine" / "blank.png")
    rows = [f"{name},{label},{index % 2}" for index, (name, label) in enumerate(zip(names, TRUE, strict=True))]
    rows[0] = f"{names[0]},{UNEQUAL},0"
    rows[-1] = f"{names[-1]},{TRUE[-1] * 2},1"
    table = "\n".join(["file,label,kind", *rows, "blank.png,,0"])
    (tmp_path / "mine" / "labels.csv").write_text(table, encoding="utf-8")
    return tmp_path / "mine"


def test_a_table_of_labels(mnistnet: CommandLine, table_folder: Path) -> None:
    found = score(mnistnet, table_folder)
    assert (found["folder"], found["labels_from"], found["by"]) == (str(table_folder), "labels.csv", "kind")
    assert found["pictures"] == len(DRAWN) + 1
    assert (found["single_digits"]["right"]["count"], found["single_digits"]["right"]["of"]) == (6, 7)
    assert (found["numbers"]["right"]["count"], found["numbers"]["edits"], found["numbers"]["digits"]) == (0, 1, 2)
    assert (found["no_digit"]["refused"]["count"], found["no_digit"]["refused"]["of"]) == (1, 1)
    assert {name: group["pictures"] for name, group in found["groups"].items()} == {"0": 5, "1": 4}
    assert {(wrong["file"], wrong["label"], wrong["digits"]) for wrong in found["misread"]} == {
        ("süß 0.png", UNEQUAL, TRUE[0]),
        (f"süß {DRAWN[-1]}.png", TRUE[-1] * 2, TRUE[-1]),
    }
    assert (found["unreadable"], found["without_label"]) == ([], [])


def test_the_text_says_what_json_says(mnistnet: CommandLine, table_folder: Path) -> None:
    Image.new("L", (9, 9)).save(table_folder / "new.png")
    done = mnistnet("evaluate", table_folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"9 pictures in {table_folder}, labels from labels.csv"
    assert lines[1].startswith("Single digits: 85.71 % right (95 % interval 48.69 % to 97.43 %), 6 of 7")
    assert any(line.split()[:1] == ["kind"] for line in lines)
    assert any(line.startswith(f"  süß 0.png: true {UNEQUAL}, read as {TRUE[0]}, ") for line in lines)
    assert lines[-2] == "Left out for want of a label: 1, such as new.png"
    assert lines[-1].startswith("model: shipped (")


def test_sub_folders_and_file_names_give_the_same_score(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    copy_digits(tmp_path / "folders", draw, "{label}/IMG {index}.png")
    copy_digits(tmp_path / "names", draw, "{label}_{index}.png")
    by_folder, by_name = score(mnistnet, tmp_path / "folders"), score(mnistnet, tmp_path / "names")
    assert by_folder["single_digits"] == by_name["single_digits"]
    assert by_name["single_digits"]["right"]["count"] == len(DRAWN)
    assert (by_folder["labels_from"], by_name["labels_from"]) == ("sub-folders", "file names")
    assert (by_folder["by"], by_folder["groups"]) == ("", {})
    grouped = score(mnistnet, tmp_path / "folders", "--by", "folder")["groups"]
    assert {name: group["pictures"] for name, group in grouped.items()} == {n: TRUE.count(n) for n in TRUE}


def test_one_picture_is_enough(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    shutil.copy(draw(0), folder / f"{TRUE[0]}.png")
    assert "Single digits: 100.00 % right" in mnistnet("evaluate", folder).stdout


def test_the_model_named_reads(mnistnet: CommandLine, table_folder: Path, tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "small.npz")
    found = score(mnistnet, table_folder, "--model", tmp_path / "small.npz")
    assert found["model"] == str(tmp_path / "small.npz")
    assert found["single_digits"]["right"]["count"] < 6  # it is untrained


def test_broken_pictures_are_told_and_not_counted(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    copy_digits(folder, draw, "{label}_{index}.png")
    (folder / "3_cut.png").write_bytes(draw(0).read_bytes()[:200])
    (folder / "4_notes.png").write_text("not a picture")
    done = mnistnet("evaluate", "--json", folder)
    assert (done.returncode, done.stderr) == (1, "")
    found = json.loads(done.stdout)
    assert [failure["file"] for failure in found["unreadable"]] == ["3_cut.png", "4_notes.png"]
    assert found["pictures"] == found["single_digits"]["right"]["of"] == len(DRAWN)


def test_a_folder_of_nothing_but_broken_pictures(mnistnet: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "4_notes.png").write_text("not a picture")
    (folder / "5_nothing.png").touch()
    done = mnistnet("evaluate", folder)
    assert done.returncode == 1
    assert "0 pictures in" in done.stdout
    first, second = done.stderr.splitlines()
    assert "4_notes.png" in first
    assert "5_nothing.png" in second


def test_what_cannot_be_scored_is_one_clear_line(mnistnet: CommandLine, table_folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, said in (
        ([empty], "no pictures in"),
        ([table_folder / "labels.csv"], "is not a folder"),
        ([table_folder, "--by", "writer"], "--by writer: there is no such column; choose from folder, kind"),
    ):
        done = mnistnet("evaluate", *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert said in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_links_that_go_round_in_circles_are_not_followed(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    copy_digits(folder, draw, "{label}/{index}.png")
    (folder / TRUE[0] / "round").symlink_to(folder)
    (folder / TRUE[0] / "self.png").symlink_to(folder / TRUE[0] / "self.png")
    done = mnistnet("evaluate", "--json", folder)
    assert (done.returncode, done.stderr.count("\n")) == (1, 0)  # in circles, the picture cannot be read
    result = json.loads(done.stdout)
    assert (result["pictures"], [Path(one["file"]).name for one in result["unreadable"]]) == (len(DRAWN), ["self.png"])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_names_that_are_no_text_are_shown_all_the_same(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    names = ["two\nlines.png", "caf\udce9.png", "<script> 七.png"]
    for name in names:
        shutil.copy(draw(0), tmp_path / name)
    rows = [f'"{name}",{UNEQUAL}' for name in names]
    (tmp_path / "labels.csv").write_bytes(os.fsencode("\n".join(["file,label", *rows])))
    assert {wrong["file"] for wrong in score(mnistnet, tmp_path)["misread"]} == set(names)
    shown = [line for line in mnistnet("evaluate", tmp_path).stdout.splitlines() if f"true {UNEQUAL}" in line]
    assert len(shown) == 3
    assert any(line.startswith(r"  two\nlines.png: ") for line in shown)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_is_shown_progress_unless_quiet(mnistnet: CommandLine, table_folder: Path) -> None:
    assert "reading" in mnistnet.on_terminal("evaluate", table_folder)
    assert "reading" not in mnistnet.on_terminal("evaluate", table_folder, "--quiet")

"""`--explain` of `mnistnet predict` and `mnistnet evaluate`, as a user runs them."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.commands.evaluate import MOST_EXPLAINED
from mnistnet.data.mnist import load_sample
from mnistnet.model_file import save_model
from tests.end_to_end.conftest import CommandLine
from tests.models import small_model

Draw = Callable[[int], Path]
TRUE = [str(label) for label in load_sample().test.labels[:8]]
WRONG = [str((int(label) + 1) % 10) for label in TRUE]


def page_names(folder: Path) -> list[str]:
    """The names of what is in a folder, all of which must be pages."""
    for path in folder.iterdir():
        with Image.open(path) as image:
            image.load()
            assert (image.format, image.mode, image.width) == ("PNG", "RGB", 1008)
    return sorted(path.name for path in folder.iterdir())


def test_every_picture_that_can_be_read_gets_a_page_of_its_own(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path
) -> None:
    for folder in ("a", "b", "B"):
        (tmp_path / folder).mkdir(exist_ok=True)
    shutil.copy(draw(0), tmp_path / "a" / "3.png")
    shutil.copy(draw(1), tmp_path / "b" / "3.png")
    shutil.copy(draw(2), tmp_path / "b" / "x.tar.png")
    Image.new("L", (50, 40), 255).save(tmp_path / "blank.bmp")
    (tmp_path / "notes.png").write_text("not a picture")
    out = tmp_path / "new" / "out"
    inputs = [tmp_path / name for name in ("a/3.png", "b", "blank.bmp", "notes.png")]
    done = mnistnet("predict", "-", *inputs, "--explain", out, stdin=draw(3).read_bytes())
    plain = mnistnet("predict", "-", *inputs, stdin=draw(3).read_bytes())
    assert (done.returncode, done.stdout, done.stderr) == (1, plain.stdout, plain.stderr)
    assert page_names(out) == ["3.png", "3_2.png", "blank.png", "standard-input.png", "x.tar.png"]


def test_nothing_is_replaced_without_force(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / f"{draw(0).stem}.png").write_text("mine")
    refused = mnistnet("predict", draw(0), "--explain", out)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "--force" in refused.stderr
    assert (out / f"{draw(0).stem}.png").read_text() == "mine"
    assert mnistnet("predict", draw(0), "--explain", out, "--force").returncode == 0
    assert page_names(out) == [f"{draw(0).stem}.png"]


def test_pictures_are_never_taken_for_pages_nor_replaced_by_them(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path
) -> None:
    inside = tmp_path / "scans" / "deep"
    inside.mkdir(parents=True)
    mine = Path(shutil.copy(draw(0), inside))
    before = mine.read_bytes()
    for named, out in ((mine, inside), (tmp_path, inside), (inside / "*.png", tmp_path / "scans")):
        done = mnistnet("predict", named, "--explain", out, "--force")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert f"{mine} in it" in done.stderr
    assert mine.read_bytes() == before
    assert list(inside.iterdir()) == [mine]


def test_a_place_that_cannot_be_written_to_is_said_at_once(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = mnistnet("predict", draw(0), "--explain", tmp_path / "file")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "not a folder" in done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_names_that_are_no_text_or_very_long(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    names = ["Ziffer süß 七.png", "two\nlines.png", "caf\udce9.png", f"{'七' * 83}.png", f"{'x' * 251}.png"]
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in names:
        shutil.copy(draw(0), scans / name)
    assert mnistnet("predict", scans, "--explain", tmp_path / "out").returncode == 0
    expected = sorted([*names[:3], f"{'七' * 66}.png", f"{'x' * 200}.png"], key=os.fsencode)
    assert sorted(page_names(tmp_path / "out"), key=os.fsencode) == expected


@pytest.fixture
def wrong_folder(tmp_path: Path, draw: Draw) -> Path:
    """Four digits with labels of which three are wrong, and a negative in which a digit is found."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for index in range(4):
        shutil.copy(draw(index), folder / f"{TRUE[0] if index == 0 else WRONG[index]}_{index}.png")
    shutil.copy(draw(4), folder / "none_4.png")
    return folder


def test_the_misread_pictures_are_a_gallery_the_surest_first(
    mnistnet: CommandLine, wrong_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    found = json.loads(mnistnet("evaluate", wrong_folder, "--json", "--explain", out).stdout)
    assert len(found["misread"]) == 4
    assert found["explained"] == {"folder": str(out), "pictures": 4}
    assert page_names(out) == [
        f"{rank:03}_{wrong['label'] or 'none'}_as_{wrong['digits']}_{Path(wrong['file']).stem}.png"
        for rank, wrong in enumerate(found["misread"], start=1)
    ]
    again = mnistnet("evaluate", wrong_folder, "--explain", out)
    assert (again.returncode, again.stdout) == (1, "")
    assert f"{out} is not empty" in again.stderr


def test_the_text_says_where_the_gallery_is(mnistnet: CommandLine, wrong_folder: Path, tmp_path: Path) -> None:
    lines = mnistnet("evaluate", wrong_folder, "--explain", tmp_path / "out").stdout.splitlines()
    assert f"Explained: all 4 misread pictures, in {tmp_path / 'out'}" in lines
    for path in wrong_folder.iterdir():
        if path.name != f"{TRUE[0]}_0.png":
            path.unlink()
    lines = mnistnet("evaluate", wrong_folder, "--explain", tmp_path / "none").stdout.splitlines()
    assert "Nothing to explain: no picture is misread" in lines
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_gallery_has_an_end(mnistnet: CommandLine, tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "small.npz")
    folder = tmp_path / "mine"
    folder.mkdir()
    for index, image in enumerate(load_sample().test.images[: MOST_EXPLAINED + 50]):
        Image.fromarray(np.uint8(255 * image.reshape(28, 28))).save(folder / f"77_{index}.png")
    done = mnistnet("evaluate", folder, "--model", tmp_path / "small.npz", "--explain", tmp_path / "out")
    shown = f"Explained: the first {MOST_EXPLAINED} of {MOST_EXPLAINED + 50} misread pictures, in {tmp_path / 'out'}"
    assert shown in done.stdout
    assert len(page_names(tmp_path / "out")) == MOST_EXPLAINED

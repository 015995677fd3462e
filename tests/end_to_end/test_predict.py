"""`mnistnet predict`, as a user runs it."""

import csv
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from mnistnet.data.mnist import load_sample
from mnistnet.model_file import load_model, save_model
from mnistnet.places import shipped
from tests.end_to_end.conftest import CommandLine
from tests.models import small_model

Draw = Callable[[int], Path]
DRAWN = (0, 1, 2, 3, 4)
TRUE = [str(label) for label in load_sample().test.labels[list(DRAWN)]]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there it takes as much of the disk as it is large")
@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_of_what_is_piped_in_no_more_is_read_than_a_picture_may_have(mnistnet: CommandLine, command: str) -> None:
    import resource

    mnistnet.home.mkdir()
    head = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 10_000, 10_000, 1, 24, 0, 0, 0, 0, 0, 0)
    with (mnistnet.home / "endless").open("w+b") as endless:
        endless.write(head)
        endless.truncate(20_000_000_000)
        endless.seek(0)
        program = [sys.executable, "-m", "mnistnet", command, "-", "--model", "shipped"]
        limit = partial(resource.setrlimit, resource.RLIMIT_AS, (4 << 30, 4 << 30))
        done = subprocess.run(
            program, stdin=endless, capture_output=True, text=True, cwd=mnistnet.home, preexec_fn=limit, check=False
        )
    assert done.returncode == 1
    assert "too large: 10000 x 10000 pixels" in done.stderr


def test_one_picture_is_one_line_with_digit_and_confidence(mnistnet: CommandLine, draw: Draw) -> None:
    done = mnistnet("predict", draw(0))
    assert (done.returncode, done.stderr) == (0, "")
    digit, confidence, sign = done.stdout.split()[:3]
    assert (digit, sign) == (TRUE[0], "%")
    assert 90 < float(confidence) <= 100


def test_json_is_one_object_for_every_input_in_order(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    blank = tmp_path / "blank.png"
    Image.new("L", (50, 40), 255).save(blank)
    notes = tmp_path / "notes.png"
    notes.write_text("not a picture")
    inputs = [draw(0), notes, blank, tmp_path / "missing.png", draw(1)]
    done = mnistnet("predict", "--json", *inputs)
    assert done.returncode == 1
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["file"] for answer in answers] == list(map(str, inputs))
    assert [answer["digits"] for answer in answers] == [TRUE[0], "", "", "", TRUE[1]]
    assert ["error" in answer for answer in answers] == [False, True, False, True, False]
    assert "no ink" in answers[2]["warnings"][0]
    assert [answer["sure"] for answer in answers[1:4]] == [False] * 3

    whole = answers[0]
    assert set(whole) == {"file", "digits", "confidence", "sure", "parts", "warnings"}
    (part,) = whole["parts"]
    assert set(part) == {"box", "digit", "label", "probabilities"}
    assert part["label"] == str(part["digit"]) == whole["digits"]
    assert len(part["probabilities"]) == 10
    assert sum(part["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert part["probabilities"][part["digit"]] == pytest.approx(whole["confidence"], abs=1e-4)
    x0, y0, x1, y1 = part["box"]
    assert 0 <= x0 < x1 <= 280
    assert 0 <= y0 < y1 <= 280


def test_folders_patterns_and_standard_input(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    paths = [Path(shutil.copy(draw(index), tmp_path)) for index in DRAWN]
    folder = mnistnet("predict", paths[0].parent)
    assert folder.returncode == 0
    assert [line.split(": ")[0] for line in folder.stdout.splitlines()] == sorted(map(str, paths))
    assert [line.split(": ")[1][0] for line in folder.stdout.splitlines()] == TRUE
    assert mnistnet("predict", paths[0].parent / "*.png").stdout == folder.stdout
    assert mnistnet("predict", "-", stdin=paths[3].read_bytes()).stdout[0] == TRUE[3]


def test_an_empty_folder_and_a_pattern_without_match_are_said(mnistnet: CommandLine, tmp_path: Path) -> None:
    for name, said in ((tmp_path, "no pictures in the folder"), (tmp_path / "*.png", "no file matches")):
        done = mnistnet("predict", name)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_table_has_a_row_for_every_input(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    arguments = ("predict", draw(2), tmp_path / "missing.png", "--csv", table)
    assert mnistnet(*arguments).returncode == 1
    first, second = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert (first["file"], first["digits"], first["error"]) == (str(draw(2)), TRUE[2], "")
    assert (second["digits"], second["sure"]) == ("", "False")
    assert "missing.png" in second["error"]
    before = table.read_bytes()
    refused = mnistnet(*arguments)
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert refused.stdout == ""
    assert mnistnet(*arguments, "--force").stdout
    assert table.read_bytes() == before


def test_the_model_trained_last_reads_unless_another_is_named(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.npz"
    save_model(small_model(), mine)
    by_shipped = json.loads(mnistnet("predict", "--json", draw(0)).stdout)
    mnistnet.home.mkdir()
    (mnistnet.home / "last-model").write_text(str(mine))
    last = json.loads(mnistnet("predict", "--json", draw(0)).stdout)
    assert last != by_shipped
    assert last == json.loads(mnistnet("predict", "--json", "--model", mine, draw(0)).stdout)
    assert by_shipped == json.loads(mnistnet("predict", "--json", "--model", "shipped", draw(0)).stdout)
    assert (
        mnistnet("train", "--data", "sample", "--hidden", 16, "--epochs", 1, "--output", mine, "--force").returncode
        == 0
    )
    assert json.loads(mnistnet("predict", "--json", draw(0)).stdout) == by_shipped  # a sample's model took its place
    mine.unlink()
    assert json.loads(mnistnet("predict", "--json", draw(0)).stdout) == by_shipped


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_is_told_which_model_reads_and_that_the_shipped_one_is_better(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path
) -> None:
    save_model(small_model(), tmp_path / "mine.npz")
    mnistnet.home.mkdir()
    (mnistnet.home / "last-model").write_text(str(tmp_path / "mine.npz"))
    errors = load_model(shipped("mnist.npz")).provenance.test_errors
    shown = mnistnet.on_terminal("predict", "--model", "shipped", draw(0))
    assert f"model: shipped ({errors} of 10,000 test images misread)" in shown
    shown = mnistnet.on_terminal("predict", draw(0))
    better = f"the shipped one misreads {errors} of 10,000: --model shipped"
    assert f"mine.npz (3 of 20 test images misread; {better})" in shown
    assert "model:" not in mnistnet.on_terminal("predict", "--quiet", draw(0))


def test_a_name_too_long_for_a_file_is_an_error_of_its_own(mnistnet: CommandLine, draw: Draw) -> None:
    done = mnistnet("predict", "--json", "x" * 300, "x" * 300 + "*", draw(0))
    assert done.returncode == 1
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [bool(answer.get("error")) for answer in answers] == [True, True, False]


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 and no more"])
def test_a_model_that_is_none_is_one_clear_line(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "model.npz"
    if content is not None:
        path.write_bytes(content)
    done = mnistnet("predict", "--model", path, draw(0))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert str(path) in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_output_closed_early_is_no_traceback(mnistnet: CommandLine, draw: Draw) -> None:
    pictures = " ".join(f"'{draw(0)}'" for _ in range(50))
    line = f"'{sys.executable}' -m mnistnet predict --json {pictures} | head -n 1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, env=mnistnet.environment(), check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    reading, writing = os.pipe()
    os.close(reading)  # nobody reads from the start, where `head` may be quick or slow
    command = [sys.executable, "-m", "mnistnet", "predict", str(draw(0))]
    done = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, env=mnistnet.environment(), check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_behind_standard_output_is_one_clear_line(mnistnet: CommandLine, draw: Draw) -> None:
    command = [sys.executable, "-m", "mnistnet", "predict", str(draw(0))]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=mnistnet.environment(), check=False
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_names_that_are_no_text_are_shown_all_the_same(mnistnet: CommandLine, draw: Draw, tmp_path: Path) -> None:
    for name in ("Ziffer süß 七.png", "two\nlines.png", "caf\udce9.png", "<script>.png"):
        (tmp_path / name).write_bytes(draw(0).read_bytes())
    done = mnistnet("predict", tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4
    assert len(mnistnet("predict", tmp_path, "--csv", tmp_path / "table.csv", "--json").stdout.splitlines()) == 4


def test_the_shipped_model_claims_what_it_should() -> None:
    provenance = load_model(shipped("mnist.npz")).provenance
    assert (provenance.dataset, provenance.partial, provenance.notice) == ("mnist", False, "")
    assert provenance.test_images == 10_000
    assert provenance.test_errors <= 160  # 98.4 %


def test_a_number_is_read_digit_by_digit_unless_one_is_asked_for(
    mnistnet: CommandLine, draw: Draw, tmp_path: Path
) -> None:
    row = Image.new("L", (620, 320), 255)
    for place in (0, 1):
        row.paste(Image.open(draw(place)).convert("L"), (20 + 300 * place, 20))
    row.save(tmp_path / "row.png")
    assert mnistnet("predict", tmp_path / "row.png").stdout.split()[0] == TRUE[0] + TRUE[1]
    assert len(mnistnet("predict", "--single", tmp_path / "row.png").stdout.split()[0]) == 1

"""`mnistnet export`, as a user runs it."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistnet.data.mnist import load_sample
from mnistnet.export.eight_bit import in_eight_bits, measure_change
from mnistnet.model_file import load_model, save_model
from mnistnet.nn.network import probabilities
from mnistnet.places import shipped
from tests.end_to_end.conftest import CommandLine
from tests.models import small_model
from tests.pages import require_self_contained


@pytest.fixture
def no_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the processes that are started, the package onnx is not installed."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "onnx.py").write_text('raise ModuleNotFoundError("No module named \'onnx\'", name="onnx")\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))


@pytest.mark.usefixtures("no_onnx")
def test_without_the_extra_it_says_what_to_install(mnistnet: CommandLine, tmp_path: Path) -> None:
    done = mnistnet.apart("export", "--onnx", tmp_path / "mnist.onnx")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "No module named 'onnx'" in done.stderr
    assert "pip install 'mnistnet[onnx]'" in done.stderr
    assert not (tmp_path / "mnist.onnx").exists()
    assert mnistnet("export", "--help").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ((), "none of them"),
        (("--onnx", "mnist.pb"), "mnist.pb"),
        (("--onnx", "onnx"), "onnx"),
        (("--onnx=",), "nothing"),
        (("--html", "digit.htm", "--onnx", "mnist.onnx"), "digit.htm and --onnx mnist.onnx"),
    ],
)
def test_without_a_name_for_the_file_it_is_wrong_usage(
    mnistnet: CommandLine, arguments: tuple[str, ...], got: str
) -> None:
    done = mnistnet("export", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--onnx" in done.stderr
    assert f"got {got}" in done.stderr.replace("got --onnx", "got").replace("got --html", "got")


def test_a_model_that_is_none_is_one_clear_line(mnistnet: CommandLine, tmp_path: Path) -> None:
    done = mnistnet("export", "--onnx", tmp_path / "mnist.onnx", "--model", tmp_path / "none.npz")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "there is no run or model" in done.stderr
    assert not (tmp_path / "mnist.onnx").exists()


def test_help_has_an_example(mnistnet: CommandLine) -> None:
    assert "example: mnistnet export --html" in mnistnet("export", "--help").stdout


def save_sample_model(path: Path) -> None:
    """A small model that says it was tested on the bundled sample."""
    model = small_model()
    facts = replace(model.provenance, dataset="sample", data_sha256=load_sample().sha256)
    save_model(replace(model, provenance=facts), path)


def test_a_page_is_written_with_what_8_bits_change(mnistnet: CommandLine, tmp_path: Path) -> None:
    path, mine = tmp_path / 'd\'été "1" <b>.html', tmp_path / "mine.npz"
    save_sample_model(mine)
    done = mnistnet("export", "--html", path, "--model", mine, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    content, told = path.read_bytes(), json.loads(done.stdout)
    model, sample = load_model(mine), load_sample()
    change = measure_change(model, in_eight_bits(model, sample.learning.images).model, sample.test)
    assert told["eight_bit"] == change._asdict()
    assert (told["html"], told["model"], told["bytes"]) == (str(path), str(mine), len(content))
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    seen = require_self_contained(content.decode())
    assert f"misreads {change.eight_bit_errors} of 1,000 test images instead of {change.errors}" in " ".join(
        seen.text.split()
    )

    again = mnistnet("export", "--html", path, "--model", mine)
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (1, "", 1)
    assert "--force" in again.stderr
    again = mnistnet("export", "--html", path, "--model", mine, "--force")
    assert f"wrote {path}: {len(content):,} bytes, weights in 8 bits" in again.stdout
    assert f"{change.eight_bit_errors} of 1,000 test images misread instead of {change.errors}" in again.stdout
    assert path.read_bytes() == content


def test_without_the_test_images_the_samples_serve(mnistnet: CommandLine, tmp_path: Path) -> None:
    mine = tmp_path / "mine.npz"
    save_model(small_model(), mine)
    done = mnistnet("export", "--html", tmp_path / "digit.html", "--model", mine)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"in 8 bits: \d+ of 1,000 test images misread instead of \d+, all that are here; ", done.stdout)
    page = (tmp_path / "digit.html").read_text(encoding="utf-8")
    assert "3 of 20 test images misread" in page
    assert "of\n1,000 test images" in page
    assert not mnistnet.home.exists()
    other = mnistnet("export", "--html", tmp_path / "other.html", "--model", mine, "--data", "sample")
    assert (other.returncode, other.stdout, other.stderr.count("\n")) == (1, "", 1)
    assert "was tested on other data" in other.stderr
    assert not (tmp_path / "other.html").exists()


@pytest.mark.usefixtures("no_onnx")
def test_where_one_of_two_cannot_be_made_none_is_written(mnistnet: CommandLine, tmp_path: Path) -> None:
    mine = tmp_path / "mine.npz"
    save_sample_model(mine)
    done = mnistnet.apart("export", "--html", tmp_path / "a.html", "--onnx", tmp_path / "a.onnx", "--model", mine)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert not (tmp_path / "a.html").exists()
    done = mnistnet("export", "--onnx", tmp_path / "a.onnx", "--data", "sample")
    assert (done.returncode, "--data is for --html" in done.stderr) == (2, True)


@pytest.mark.slow
def test_page_and_files_are_written_at_once(mnistnet: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    mine = tmp_path / "mine.npz"
    save_sample_model(mine)
    files = [text for name in ("html", "onnx", "safetensors") for text in (f"--{name}", tmp_path / f"a.{name}")]
    done = mnistnet("export", *files, "--model", mine, "--json")
    page, network, weights = map(json.loads, done.stdout.splitlines())
    assert weights["tensors"] == {"0.weight": [5, 784], "0.bias": [5], "2.weight": [10, 5], "2.bias": [10]}
    assert weights["bytes"] == (tmp_path / "a.safetensors").stat().st_size
    assert page["bytes"] == (tmp_path / "a.html").stat().st_size
    assert network["bytes"] == (tmp_path / "a.onnx").stat().st_size


@pytest.mark.slow
def test_the_python_that_it_shows_runs_what_it_wrote(mnistnet: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / 'd\'été "1".onnx'
    done = mnistnet("export", "--onnx", path)
    assert (done.returncode, done.stderr) == (0, "")
    facts, program = done.stdout.split("\n\n")
    assert "shipped" in facts
    assert "images, float32 (batch, 784)" in facts
    assert "probabilities, float32 (batch, 10)" in facts
    lines = program.splitlines()[1:]
    assert len(lines) == 3
    model, test = load_model(shipped("mnist.npz")), load_sample().test
    right = probabilities(model.network, model.params, test.images).argmax(axis=1) == test.labels
    shown = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert float(shown.stdout) == pytest.approx(np.mean(right))


@pytest.mark.slow
def test_json_tells_what_was_written_and_quiet_nothing(mnistnet: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    path, mine = tmp_path / "mine.onnx", tmp_path / "mine.npz"
    save_model(small_model(), mine)
    done = mnistnet("export", "--onnx", path, "--model", mine, "--json")
    content = path.read_bytes()
    assert json.loads(done.stdout) == {
        "onnx": str(path),
        "model": str(mine),
        "opset": 13,
        "ir_version": 7,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"name": "images", "type": "float32", "shape": ["batch", 784]},
        "output": {"name": "probabilities", "type": "float32", "shape": ["batch", 10]},
        "test_errors": 3,
        "test_images": 20,
        "notice": "",
    }
    again = mnistnet("export", "--onnx", path, "--model", mine, "--quiet", "--force")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert path.read_bytes() == content


@pytest.mark.slow
def test_the_model_trained_last_is_written_unless_another_is_named(mnistnet: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    mine = tmp_path / "mine.npz"
    save_model(small_model(), mine)
    mnistnet.home.mkdir()
    (mnistnet.home / "last-model").write_text(str(mine))
    written = {}
    for name, arguments in {"last": (), "mine": ("--model", mine), "shipped": ("--model", "shipped")}.items():
        done = mnistnet("export", "--onnx", tmp_path / f"{name}.onnx", "--json", *arguments)
        written[name] = json.loads(done.stdout)
    assert written["last"]["model"] == written["mine"]["model"] == str(mine)
    assert written["last"]["sha256"] == written["mine"]["sha256"]
    assert written["shipped"]["model"] == str(shipped("mnist.npz"))
    assert written["shipped"]["test_images"] == 10_000


@pytest.mark.slow
def test_nothing_is_replaced_unasked(mnistnet: CommandLine, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    path = tmp_path / "mine.onnx"
    path.write_text("something else")
    done = mnistnet("export", "--onnx", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--force" in done.stderr
    assert path.read_text() == "something else"

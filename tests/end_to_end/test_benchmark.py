"""`scripts/benchmark.py`, as a sceptic runs it."""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest
from benchmarks.job import QUICK, Job
from benchmarks.processes import measure_apart

from mnistnet.errors import DataError
from mnistnet.training.environment import usable_cores
from tests.end_to_end.conftest import CommandLine, Done

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "benchmark.py"
SAMPLE = ("--data", "sample", "--quick", "--repeats", 1, "--threads", 1)
NOTICE = r"mnistnet: NOTICE: .*\n"
installed = all(find_spec(module) for module in ("torch", "sklearn", "onnx", "onnxruntime"))
peers = pytest.mark.skipif(not installed, reason="the extra bench is not installed")


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(SCRIPT), *map(str, arguments)]


def benchmark(home: Path, *arguments: object) -> Done:
    environment = CommandLine(home).environment()
    done = subprocess.run(command(*arguments), capture_output=True, text=True, env=environment, check=False)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    "options",
    [
        ("--parts", "nothing"), ("--parts", ""), ("--threads", "0"), ("--threads", usable_cores() + 1),
        ("--threads", "one"), ("--repeats", 0), ("--part",), ("--parts", "warps", "--figure", "x.png"),
        ("--parts", "growth", "--figure", "x.txt"), ("--parts", "growth", "--figure", "./x.png", "--json", "x.png"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_wrong_usage(tmp_path: Path, options: tuple[object, ...]) -> None:
    done = benchmark(tmp_path, "--data", "sample", *options)
    assert (done.returncode, done.stdout) == (2, "")


def test_nothing_is_replaced_unasked_and_nothing_is_measured_in_vain(tmp_path: Path) -> None:
    (tmp_path / "figures.json").write_text("mine")
    done = benchmark(tmp_path, *SAMPLE, "--parts", "warps", "--json", tmp_path / "figures.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "exists already" in done.stderr
    assert (tmp_path / "figures.json").read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="makes symbolic links")
def test_a_missing_extra_is_one_clear_line(tmp_path: Path) -> None:
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("onnxruntime", "__pycache__")):
            (tmp_path / entry.name).symlink_to(entry)
    environment = CommandLine(tmp_path).environment() | {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    without_site = [sys.executable, "-S", *command(*SAMPLE, "--parts", "matmul,reading", "--quiet")[1:]]
    done = subprocess.run(without_site, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert re.search(r"reading needs a package .* No module named '(onnxruntime|onnx|torch)'", done.stderr)
    assert "pip install -e '.[bench]'" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*SAMPLE, "--parts", "warps", "--quiet"),
            stdout=full, stderr=subprocess.PIPE, text=True, env=CommandLine(tmp_path).environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert re.fullmatch(NOTICE + r"mnistnet: standard output: No space left on device\n", done.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_has_seen_enough_ends_it_in_silence(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "w") as pipe:
        done = subprocess.run(
            command(*SAMPLE, "--parts", "warps", "--quiet"),
            stdout=pipe, stderr=subprocess.PIPE, text=True, env=CommandLine(tmp_path).environment(), check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert re.fullmatch(NOTICE, done.stderr)


def test_a_part_that_fails_says_why_in_one_line(tmp_path: Path) -> None:
    job = Job("matmul", 1, str(tmp_path / "nowhere"), QUICK, quiet=True)
    with pytest.raises(DataError, match="nowhere is not a folder"):
        measure_apart(job)


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGINT")
def test_ctrl_c_stops_it_at_once_and_keeps_what_was_measured(tmp_path: Path) -> None:
    pipe, figures = subprocess.PIPE, tmp_path / "figures.json"
    process = subprocess.Popen(
        command(*SAMPLE, "--parts", "warps,matmul", "--json", figures),
        stdout=pipe, stderr=pipe, text=True, env=CommandLine(tmp_path).environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stderr is not None
    try:
        next(line for line in process.stderr if line.startswith("matmul, 1 thread: "))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, err.splitlines()[-1]) == (130, "mnistnet: stopped")
    assert "Traceback" not in err
    assert {one["part"] for one in json.loads(figures.read_text())["comparisons"]} == {"warps"}


@pytest.mark.slow
def test_what_is_shown_is_what_was_measured(tmp_path: Path) -> None:
    done = benchmark(tmp_path, *SAMPLE, "--repeats", 3, "--parts", "warps", "--json", tmp_path / "figures.json")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["environment"]["work"]["repeats"] == 3
    assert [one["part"] for one in figures["comparisons"]] == ["warps"] * 4
    for comparison in figures["comparisons"]:
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"| {comparison['case']} "))
        name, ours = next(iter(comparison["figures"].items()))
        assert len(ours) == 3
        shown = re.search(rf"{name} +\| ([\d,.]+) ", line)
        assert shown is not None
        assert float(shown[1].replace(",", "")) == pytest.approx(statistics.median(ours), rel=0.01)
    for name in ("NumPy", "torch", "scikit-learn", "onnxruntime"):
        assert name in done.stdout.splitlines()[2]


CONTESTANTS = {
    "training": {"mnistnet", "PyTorch", "PyTorch, fused", "scikit-learn"},
    "time-to": {"mnistnet quick", "mnistnet standard", "Keras mnist_mlp in PyTorch", "scikit-learn MLP-adam"},
    "estimator": {"mnistnet", "scikit-learn"},
    "reading": {"mnistnet", "mnistnet, calibrated", "ONNX Runtime", "PyTorch"},
    "pictures": {"mnistnet"},
    "start": {"mnistnet predict", "import numpy", "import torch", "Python alone"},
}


@pytest.mark.slow
@peers
def test_every_part_measures_its_contestants(tmp_path: Path) -> None:
    parts = ",".join(CONTESTANTS)
    done = benchmark(tmp_path, *SAMPLE, "--parts", parts, "--json", tmp_path / "figures.json", "--quiet")
    assert done.returncode == 0, done.stderr
    comparisons = json.loads((tmp_path / "figures.json").read_text())["comparisons"]
    assert {comparison["part"] for comparison in comparisons} == set(CONTESTANTS)
    for comparison in comparisons:
        assert set(comparison["figures"]) == CONTESTANTS[comparison["part"]]
        assert all(len(rounds) == 1 for rounds in comparison["figures"].values())
        assert all(figure is None or figure > 0 for rounds in comparison["figures"].values() for figure in rounds)


@pytest.mark.slow
def test_growth_is_drawn_and_tabled(tmp_path: Path) -> None:
    figure = tmp_path / "growth.png"
    done = benchmark(tmp_path, *SAMPLE, "--parts", "growth", "--figure", figure)
    assert done.returncode == 0, done.stderr
    assert figure.read_bytes().startswith(b"\x89PNG")
    cases = re.findall(r"^\| (width|batch|data) \d+ +\|", done.stdout, re.MULTILINE)
    assert [cases.count(name) for name in ("width", "batch", "data")] == [5, 4, 4]

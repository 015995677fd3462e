"""`mnistnet doctor`, where all is well and where hardly anything is."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from mnistnet.commands import main
from mnistnet.commands.checks import requirements
from tests.end_to_end.conftest import CommandLine


def broken_package(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the processes that are started find a package that cannot be imported."""
    folder.mkdir()
    (folder / f"{name}.py").write_text("raise OSError('libblas.so: wrong ELF class')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))


def findings(mnistnet: CommandLine, *, status: int) -> dict[str, dict[str, Any]]:
    """By name."""
    done = mnistnet.apart("doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["healthy"]) == (status, status == 0)
    names = [finding["name"] for finding in told["findings"] if finding["state"] == "broken"]
    assert done.stderr == (f"mnistnet: broken: {', '.join(names)}\n" if status else "")
    return {finding["name"]: finding for finding in told["findings"]}


def broken(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, finding in found.items() if finding["state"] == "broken"}


def test_where_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "home"))
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for line in (
        f"ok       Python           {'.'.join(map(str, sys.version_info[:3]))}",
        "ok       numpy            ",
        "ok       BLAS             ",
        f"ok       home             {tmp_path / 'home'}, not made yet",
        "missing  MNIST            4 of 4 files are not downloaded",
        f"{'':26}mnistnet data fetch",
        "reads 100 of 100 digits of the sample right",
        "ok       model            shipped (36 of 10,000 test images misread)",
    ):
        assert line in out
    assert out.endswith("\nNothing is broken.\n")
    assert not (tmp_path / "home").exists()


def test_a_broken_model_package_and_cache_are_told_apart_from_what_is_well(
    mnistnet: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_package(tmp_path / "path", "requests", monkeypatch)
    (mnistnet.home / "mnist").mkdir(parents=True)
    (mnistnet.home / "mnist" / "t10k-labels-idx1-ubyte.gz").write_text("no labels")
    (tmp_path / "mine.npz").write_text("no model")
    (mnistnet.home / "last-model").write_text(f"{tmp_path / 'mine.npz'}\n")
    found = findings(mnistnet, status=1)
    assert broken(found) == {"requests", "MNIST", "model"}
    assert "wrong ELF class" in found["requests"]["text"]
    assert found["requests"]["remedy"] == "python -m pip install --force-reinstall requests"
    assert found["MNIST"]["text"].startswith("t10k-labels-idx1-ubyte.gz: ")
    assert "mine.npz is not a whole mnistnet model" in found["model"]["text"]


def test_without_numpy_everything_else_is_still_examined(
    mnistnet: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_package(tmp_path / "path", "numpy", monkeypatch)
    found = findings(mnistnet, status=1)
    assert {"numpy", "BLAS", "shipped model", "model"} <= broken(found)
    assert {name for name, finding in found.items() if finding["state"] == "ok"} >= {"Python", "rich", "home"}


def test_a_home_that_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "file"))
    assert main(["doctor", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert err == "mnistnet: broken: home\n"
    assert "set MNISTNET_HOME to a folder that you may write to" in out
    assert "Python" not in out


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="to the superuser nothing is closed")
def test_a_closed_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MNISTNET_HOME", str(tmp_path / "closed" / "home"))
    (tmp_path / "closed").mkdir(mode=0)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "mnistnet: broken: home\n"


def test_what_is_needed_is_read_from_the_metadata() -> None:
    lines = ["numpy>=1.26", 'dask[distributed]>=2024; extra == "cluster"', "onnx; extra == 'onnx'", "pillow (>=10)"]
    assert requirements(lines) == {"": ["numpy", "pillow"], "cluster": ["dask"], "onnx": ["onnx"]}

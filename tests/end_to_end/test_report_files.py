"""`mnistnet report --html`, `--figures`, `--open` and a run's scorecard, as a user runs them."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mnistnet.commands.report_files import FIGURES
from mnistnet.model_file import load_model, save_model
from tests.end_to_end.conftest import CommandLine, Done
from tests.models import small_model
from tests.pages import Seen, require_self_contained

needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="runs a shell script as the browser")


@pytest.fixture
def run_folder(trained: tuple[CommandLine, Done], tmp_path: Path) -> tuple[CommandLine, Path]:
    """The command line, and a trained run's folder of its own, at a place with spaces and letters of everywhere."""
    folder = tmp_path / "mein Lauf 数字 & co"
    shutil.copytree(json.loads(trained[1].stdout)["run"], folder)
    return trained[0], folder


def data_of(page: Path) -> dict[str, Any]:
    """The answers that a page holds."""
    inside = page.read_text().split('<script type="application/json" id="data">')[1]
    return dict(json.loads(inside.split("</script>")[0]))


def test_a_runs_page_and_one_made_anew_say_the_same(run_folder: tuple[CommandLine, Path], tmp_path: Path) -> None:
    mnistnet, folder = run_folder
    done = mnistnet("report", folder, "--html", tmp_path / "page.html", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "report.json").read_bytes())
    assert json.loads(done.stdout) == report | {"model": str(folder / "model.npz")}
    assert data_of(tmp_path / "page.html")["answers"] == data_of(folder / "report.html")["answers"] == report["answers"]
    seen = require_self_contained((tmp_path / "page.html").read_text())
    assert seen.text == Seen((folder / "report.html").read_text()).text
    assert "trained on the bundled sample of 5,000" in seen.text
    again = mnistnet("report", folder, "--html", tmp_path / "page.html")
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (1, "", 1)
    assert "pass --force" in again.stderr
    assert mnistnet("report", folder, "--html", tmp_path / "page.html", "--force").returncode == 0


def test_every_figure_is_there_as_png_and_svg(run_folder: tuple[CommandLine, Path], tmp_path: Path) -> None:
    mnistnet, folder = run_folder
    drawn = tmp_path / "new" / "figures"
    done = mnistnet("report", folder, "--figures", drawn)
    assert done.returncode == 0, done.stderr
    assert f"Figures  {drawn}\n" in done.stdout
    assert {path.name for path in drawn.iterdir()} == {f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")}
    for path in drawn.glob("*.png"):
        with Image.open(path) as picture:
            picture.load()
    assert all(path.read_bytes().startswith(b"<?xml") for path in drawn.glob("*.svg"))
    (drawn / "watch.svg").write_text("mine")
    again = mnistnet("report", folder, "--figures", drawn)
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (1, "", 1)
    assert (drawn / "watch.svg").read_text() == "mine"


def test_a_scorecard_becomes_part_of_the_runs_own_report(run_folder: tuple[CommandLine, Path]) -> None:
    mnistnet, folder = run_folder
    before = json.loads((folder / "report.json").read_bytes())
    assert "Not measured for this report" in Seen((folder / "report.html").read_text()).text
    done = mnistnet("report", folder, "--scorecard", "--count", 2, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    scorecard = json.loads((folder / "report.json").read_bytes())["scorecard"]
    expected = before | {"scorecard": scorecard, "model": str(folder / "model.npz")}
    assert json.loads((folder / "report.json").read_bytes()) == expected
    assert "2 test digits of the bundled sample as users' pictures" in mnistnet("report", folder).stdout
    text = Seen((folder / "report.html").read_text()).text
    assert "2 test digits, rendered to picture files" in text
    assert all(name in text for name in scorecard["conditions"])


def test_where_the_runs_page_cannot_be_written_the_scorecard_is_printed(run_folder: tuple[CommandLine, Path]) -> None:
    mnistnet, folder = run_folder
    (folder / "report.html").unlink()
    (folder / "report.html").mkdir()  # for root, too, nothing to write to
    done = mnistnet("report", folder, "--scorecard", "--count", 2, "--quiet")
    assert done.returncode == 0
    assert "2 test digits" in done.stdout
    assert "NOTICE: the run's own report stays without the scorecard" in done.stderr


def test_a_run_that_was_moved_keeps_its_model_and_another_model_is_noticed(
    run_folder: tuple[CommandLine, Path], tmp_path: Path
) -> None:
    mnistnet, folder = run_folder
    moved = folder.rename(tmp_path / "moved")
    assert json.loads(mnistnet("verify", moved, "--json").stdout)["model"] == str(moved / "model.npz")
    report = json.loads((moved / "report.json").read_bytes())
    assert mnistnet("report", moved, "--html", tmp_path / "page.html").returncode == 0
    save_model(small_model(), moved / "model.npz", overwrite=True)
    done = mnistnet("report", moved, "--html", tmp_path / "page.html", "--force", "--data", "sample")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    (moved / "model.npz").unlink()
    (moved / "report.json").write_text(json.dumps(report | {"model": str(tmp_path / "gone.npz")}))
    done = mnistnet("report", moved, "--html", tmp_path / "page.html", "--force")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "gone.npz" in done.stderr


def test_a_broken_record_is_one_clear_line_and_nothing_is_written(
    run_folder: tuple[CommandLine, Path], tmp_path: Path
) -> None:
    mnistnet, folder = run_folder
    report = json.loads((folder / "report.json").read_bytes())
    page = tmp_path / "page.html"
    for change, options in (
        ({"scorecard": {"digits": 3}}, ()),
        ({"scorecard": -1}, ("--html", page)),
        ({"seconds": "x"}, ("--html", page)),
        ({"seconds": "x"}, ()),
        ({"risk_coverage": []}, ()),
        ({"epochs": [{}]}, ()),
        ({"versions": None}, ()),
    ):
        (folder / "report.json").write_text(json.dumps(report | change))
        done = mnistnet("report", folder, *options)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), change
        assert not page.exists()


@pytest.mark.parametrize("change", [{"settings": {}}, {"epochs": [{"layers": [3]}]}])
def test_a_models_broken_record_is_one_clear_line_and_no_figure_is_left(
    run_folder: tuple[CommandLine, Path], tmp_path: Path, change: dict[str, Any]
) -> None:
    mnistnet, folder = run_folder
    model = load_model(folder / "model.npz")
    broken = tmp_path / "broken.npz"
    save_model(replace(model, provenance=replace(model.provenance, **change)), broken)
    for option, place in (("--html", tmp_path / "page.html"), ("--figures", tmp_path / "figures")):
        done = mnistnet("report", broken, option, place)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "is not whole" in done.stderr
        assert not place.exists()


@pytest.mark.parametrize("command", ["report", "verify", "compare"])
def test_a_model_that_answers_with_no_numbers_is_one_clear_line(
    run_folder: tuple[CommandLine, Path], tmp_path: Path, command: str
) -> None:
    mnistnet, folder = run_folder
    model = load_model(folder / "model.npz")
    model.params.flat[:] = 1e30
    save_model(model, tmp_path / "huge.npz")
    others = {"report": ("--html", tmp_path / "page.html"), "compare": (folder,)}
    done = mnistnet(command, tmp_path / "huge.npz", *others.get(command, ()))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "so large that it answers with no numbers" in done.stderr


def test_page_and_figures_of_one_name_are_wrong_usage(run_folder: tuple[CommandLine, Path], tmp_path: Path) -> None:
    mnistnet, folder = run_folder
    place = tmp_path / "one.html"
    done = mnistnet("report", folder, "--html", place, "--figures", place)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert not place.exists()


@needs_sh
def test_open_shows_the_runs_page_and_writes_one_for_a_model(
    run_folder: tuple[CommandLine, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mnistnet, folder = run_folder
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path / "opened"}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    assert mnistnet.apart("report", folder, "--open").returncode == 0
    model = shutil.copy(folder / "model.npz", tmp_path / "mine.npz")
    done = mnistnet.apart("report", model, "--open")
    assert done.returncode == 0, done.stderr
    page = Path(done.stdout.splitlines()[-1].removeprefix("Page     "))
    assert page.parent == mnistnet.home / "reports"
    assert page.name.startswith("mine-")
    require_self_contained(page.read_text())
    assert (tmp_path / "opened").read_text().splitlines() == [(folder / "report.html").as_uri(), page.as_uri()]
    assert mnistnet.apart("report", model, "--open").returncode == 0  # its own page is made anew


def test_what_a_stopped_training_left_is_told(run_folder: tuple[CommandLine, Path]) -> None:
    mnistnet, folder = run_folder
    (folder / "report.json").unlink()
    done = mnistnet("report", folder)
    assert done.returncode == 0
    assert "this is what" in done.stderr
    assert "Test accuracy" in done.stdout
    (folder / "model.npz").unlink()
    done = mnistnet("report", folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "is no run that was trained to its end" in done.stderr

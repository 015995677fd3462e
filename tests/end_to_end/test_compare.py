"""`mnistnet compare`, as a user runs it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mnistnet.data.mnist import load_sample
from tests.end_to_end.conftest import CommandLine, Done
from tests.pages import Seen, require_self_contained


@pytest.fixture(scope="module")
def models(
    trained: tuple[CommandLine, Done], tmp_path_factory: pytest.TempPathFactory
) -> tuple[CommandLine, str, Path]:
    """The command line, the trained run's folder, and a worse model's file."""
    mnistnet, done = trained
    worse = tmp_path_factory.mktemp("worse") / "worse <b>.npz"
    options = ("--recipe", "quick", "--data", "sample", "--hidden", 12, "--epochs", 1, "--quiet")
    assert mnistnet("train", *options, "--output", worse, "--run-dir", worse.parent / "run").returncode == 0
    return mnistnet, json.loads(done.stdout)["run"], worse


def test_it_tells_which_is_better_and_shows_where_they_differ(
    models: tuple[CommandLine, str, Path], tmp_path: Path
) -> None:
    mnistnet, run, worse = models
    page = tmp_path / "compared.html"
    done = mnistnet("compare", run, worse, "--html", page)
    assert done.returncode == 0, done.stderr
    assert "1,000 test images of the bundled sample" in done.stdout
    assert "so B is worse, and not by chance alone" in done.stdout
    assert f"Page     {page}\n" in done.stdout
    comparison = json.loads(mnistnet("compare", run, worse, "--json").stdout)
    first, second = comparison["models"]
    assert first["errors"] == json.loads((Path(run) / "report.json").read_bytes())["test_errors"] < second["errors"]
    (pair,) = comparison["pairs"]
    assert pair["only_first_right"] + pair["both_wrong"] == second["errors"]
    assert pair["only_second_right"] + pair["both_wrong"] == first["errors"]
    assert second["bytes"] == worse.stat().st_size
    seen = require_self_contained(page.read_text())
    shown = [card["data-picture"] for card in seen.all("li")]
    assert shown == [str(one["picture"]) for one in comparison["differ"]][:500]
    assert str(worse) in seen.text
    text = " ".join(seen.text.split())
    for model in comparison["models"]:
        low, high = (100 * bound for bound in model["interval"])
        shares = f"{model['errors']:,} {100 * model['accuracy']:.2f} % {low:.2f} to {high:.2f} %"
        size = f"{model['parameters']:,} {model['bytes'] / 1e6:.1f}"
        assert f"{model['name']} {shares} {size}" in spaced(page.read_text())
    low, high = (100 * bound for bound in pair["interval"])
    points = f"{100 * pair['difference']:+.2f} points (95 % interval {low:+.2f} to {high:+.2f})"
    assert f"B against A: {points}. McNemar's exact test: p = {pair['p_adjusted']:.2g}, so B is worse" in text
    right = f"A right {pair['both_right']} {pair['only_first_right']}"
    assert f"{right} A wrong {pair['only_second_right']} {pair['both_wrong']}" in spaced(page.read_text())


def spaced(page: str) -> str:
    """A page's text with a space between neighbouring cells."""
    return " ".join(Seen(page.replace("</t", " </t")).text.split())


def test_three_models_and_one_twice(models: tuple[CommandLine, str, Path]) -> None:
    mnistnet, run, worse = models
    comparison = json.loads(mnistnet("compare", run, run, worse, "--json").stdout)
    assert [pair["p_value"] == 1 for pair in comparison["pairs"]] == [True, False, False]
    assert comparison["pairs"][1]["p_adjusted"] > comparison["pairs"][1]["p_value"]
    assert comparison["pairs"][0]["difference"] == 0


def test_your_own_pictures_decide_too(
    models: tuple[CommandLine, str, Path], draw: Callable[[int], Path], tmp_path: Path
) -> None:
    mnistnet, _, worse = models
    folder = tmp_path / "mine"
    labels = load_sample().test.labels
    for index in range(0, 1000, 40):
        (folder / str(labels[index])).mkdir(parents=True, exist_ok=True)
        shutil.copy(draw(index), folder / str(labels[index]))
    done = mnistnet("compare", "shipped", worse, "--on", folder, "--html", tmp_path / "page.html", "--json")
    assert done.returncode == 0, done.stderr
    comparison = json.loads(done.stdout)
    assert comparison["pictures"] == 25
    assert comparison["models"][0]["errors"] < comparison["models"][1]["errors"]
    pages = require_self_contained((tmp_path / "page.html").read_text())
    assert [card["data-picture"] for card in pages.all("li")] == [one["picture"] for one in comparison["differ"]]

    (folder / "3").mkdir(exist_ok=True)
    (folder / "3" / "broken.png").write_bytes(b"no picture")
    done = mnistnet("compare", "shipped", worse, "--on", folder, "--json")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "broken.png" in done.stderr
    assert json.loads(done.stdout)["pictures"] == 25


def test_a_model_that_was_trained_on_what_it_is_tested_on_is_told(models: tuple[CommandLine, str, Path]) -> None:
    mnistnet, run, _ = models
    done = mnistnet("compare", run, "shipped", "--data", "sample")
    assert "NOTICE: shipped: the model was trained on these digits" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("shipped",), 2, "expected 2 to 10 models, got 1"),
        (("shipped",) * 11, 2, "expected 2 to 10 models, got 11"),
        (("shipped", "nowhere.npz"), 1, "nowhere.npz"),
        (("shipped", "shipped", "--on", "nowhere"), 1, "nowhere is not a folder"),
        (("shipped", "shipped", "--on", ".", "--data", "sample"), 2, "pass them or --on"),
        (("shipped", "shipped", "--html", "."), 1, "is a folder"),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(
    mnistnet: CommandLine, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = mnistnet("compare", *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    assert said in done.stderr

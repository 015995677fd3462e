"""Other data than MNIST, from training to every answer: another size, other classes with names."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnistnet.model_file import load_model
from tests.data.sets import NAMES, SIDE, shape, write_set
from tests.end_to_end.conftest import CommandLine, Done
from tests.end_to_end.opened import Opened
from tests.end_to_end.servers import serving


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, Path, Done]:
    """The command line after a training on bars, dashes and rings, 12 x 12 pixels; their folder; what it printed."""
    home = tmp_path_factory.mktemp("shapes")
    folder, mnistnet = write_set(home / "data"), CommandLine(home / "home")
    (folder / "classes.txt").write_text("\n".join(NAMES))
    done = mnistnet("train", "--data", folder, "--hidden", 24, "--epochs", 12, "--batch-size", 20)
    assert done.returncode == 0, done.stderr
    return mnistnet, folder, done


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ring as somebody would draw it."""
    path = tmp_path_factory.mktemp("ring") / "ring.png"
    picture = Image.fromarray(255 - shape(2, rng=np.random.default_rng(5))).resize((240, 240))
    picture.save(path)
    return path


def test_the_report_and_the_file_have_the_names(shapes: tuple[CommandLine, Path, Done]) -> None:
    mnistnet, _, done = shapes
    assert "Classes: bar, dash, ring" in done.stdout
    assert "144-24-3 relu" in done.stdout
    assert "the recipe is taken without --other-hands" in done.stderr
    run = next((mnistnet.home / "runs").iterdir())
    model = load_model(run / "model.npz")
    assert (model.classes, model.image_format) == (NAMES, (SIDE, 8))
    assert model.provenance.settings["other_hands"] == 0
    assert model.calibration.detector.sizes == (24, 1)  # there is none
    page = (run / "report.html").read_text(encoding="utf-8")
    assert 'true ring, read as ring: 10 images"' in page
    assert "disputed" not in json.loads((run / "report.json").read_text())["notice"]
    assert json.loads((run / "report.json").read_text())["disputed"] is None


def test_verify_wants_the_data_and_then_counts(shapes: tuple[CommandLine, Path, Done]) -> None:
    mnistnet, folder, _ = shapes
    unnamed = mnistnet("verify", "last")
    assert (unnamed.returncode, unnamed.stdout) == (1, "")
    assert "the model was trained on data: name that with --data" in unnamed.stderr
    assert "The claim holds" in mnistnet("verify", "last", "--data", folder).stdout


def test_an_answer_has_its_name(shapes: tuple[CommandLine, Path, Done], ring: Path) -> None:
    mnistnet, _, _ = shapes
    done = mnistnet("predict", ring, "--model", "last", "--json")
    answer = json.loads(done.stdout)
    (part,) = answer["parts"]
    assert (answer["digits"], part["digit"], part["label"], len(part["probabilities"])) == ("ring", 2, "ring", 3)


def test_it_is_not_what_predict_takes_unasked_nor_compared_with_others(
    shapes: tuple[CommandLine, Path, Done],
) -> None:
    mnistnet, folder, _ = shapes
    assert not (mnistnet.home / "last-model").exists()
    done = mnistnet("compare", "last", "shipped", "--data", folder)
    assert done.returncode == 1
    assert "last reads bar, dash, ring in 12 x 12 pixels, shipped 0, 1" in done.stderr


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (("--classes", "a,b"), 1, "2 classes are named"),
        (("--classes", "a,a,b"), 2, "each class once"),
        (("--side", "20"), 1, "those of data have 12"),
        (("--other-hands", "0.1"), 1, "--other-hands is for handwritten digits"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    shapes: tuple[CommandLine, Path, Done], options: tuple[str, str], status: int, said: str
) -> None:
    mnistnet, folder, _ = shapes
    done = mnistnet("train", "--data", folder, *options, "--epochs", 1)
    assert done.returncode == status
    assert said in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("names", [("Strich", "Ring"), ("1", "0")])
def test_two_pictures_of_each_of_two_classes_are_enough(
    mnistnet: CommandLine, tmp_path: Path, names: tuple[str, str]
) -> None:
    rng = np.random.default_rng(3)
    for number, name in enumerate(names):
        (tmp_path / "few" / name).mkdir(parents=True)
        for copy in range(2):
            picture = Image.fromarray(255 - shape(2 * number, rng=rng)).resize((90, 90))
            picture.save(tmp_path / "few" / name / f"{copy}.png")
    done = mnistnet("train", "--data", tmp_path / "few", "--hidden", 8, "--epochs", 1)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_folder_of_pictures_is_learned_scored_and_looked_into(mnistnet: CommandLine, tmp_path: Path) -> None:
    rng, folder = np.random.default_rng(3), tmp_path / "signs"
    for number, name in enumerate(("Strich", "Balken", "Ring é")):
        (folder / name).mkdir(parents=True)
        for copy in range(24):
            picture = Image.fromarray(255 - shape(number, rng=rng)).resize(tuple(rng.integers(90, 160, 2)))
            picture.save(folder / name / f"{copy}.png")
    run = tmp_path / "run"
    done = mnistnet("train", "--data", folder, "--hidden", 24, "--epochs", 20, "--batch-size", 10, "--run-dir", run)
    assert done.returncode == 0, done.stderr
    assert "Classes: Balken, Ring é, Strich" in done.stdout
    score = json.loads(mnistnet("evaluate", folder, "--model", run, "--json").stdout)
    assert score["labels_from"] == "sub-folders"
    assert score["single_digits"]["confusion_columns"] == ["Balken", "Ring é", "Strich", "many", "none"]
    assert score["single_digits"]["right"]["share"] > 0.9
    ring = folder / "Ring é" / "3.png"
    told = json.loads(mnistnet("inspect", ring, "--model", run, "--output", tmp_path / "i.html", "--json").stdout)
    assert (told["digits"], told["parts"][0]["runner_up_label"] in ("Balken", "Strich")) == ("Ring é", True)
    assert "<strong>Ring é</strong>" in (tmp_path / "i.html").read_text(encoding="utf-8")
    done = mnistnet("compare", run, run, "--on", folder)
    assert "72 pictures in" in done.stdout
    assert mnistnet("predict", ring, "--model", run, "--explain", tmp_path / "why").returncode == 0
    assert (tmp_path / "why" / "3.png").is_file()


@pytest.mark.slow
def test_the_drawing_page_has_the_names(shapes: tuple[CommandLine, Path, Done], browser: Any, tmp_path: Path) -> None:
    mnistnet, folder, _ = shapes
    path = tmp_path / "page.html"
    done = mnistnet("export", "--html", path, "--model", "last", "--data", folder, "--json")
    assert json.loads(done.stdout)["eight_bit"]["images"] == 30
    opened = Opened(browser, path, ready="body[data-ready]", viewport={"width": 900, "height": 844})
    box = opened.page.locator("#pad").bounding_box()
    opened.page.mouse.move(box["x"] + 60, box["y"] + 60)
    opened.page.mouse.down()
    for x, y in ((200, 60), (200, 200), (60, 200), (60, 60)):
        opened.page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
    opened.page.mouse.up()
    opened.page.wait_for_function("() => document.getElementById('digit').textContent !== '?'")
    assert opened.page.locator("#digit").text_content() == "ring"
    assert opened.page.locator("#bars tbody th").all_text_contents() == list(NAMES)
    assert opened.wrong == []


@pytest.mark.slow
def test_the_served_page_has_the_names(shapes: tuple[CommandLine, Path, Done], ring: Path, browser: Any) -> None:
    mnistnet, _, _ = shapes
    run = next((mnistnet.home / "runs").iterdir())
    with serving(mnistnet.home, "--model", run) as server:
        opened = Opened(browser, f"{server.url}/", ready="#bars table", viewport={"width": 900, "height": 844})
        assert opened.page.locator("#bars tbody th").all_text_contents() == list(NAMES)
        opened.page.locator("#files").set_input_files(ring)
        opened.page.wait_for_selector("#readings article")
        assert opened.page.locator("#readings .says").text_content().startswith("ring, ")
        assert opened.page.locator("#digits option").evaluate_all("all => all.map(one => one.value)") == list(NAMES)
        assert opened.wrong == []

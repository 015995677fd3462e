"""The report's page in a real browser, opened from disk, and its numbers against scikit-learn's."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.mnist import load_folder
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.opened import Opened
from tests.pages import require_self_contained

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(mnist_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The shipped model's page with a short scorecard, under a name that is none in ASCII, and its JSON."""
    folder = tmp_path_factory.mktemp("made")
    mnistnet = CommandLine(folder / "home")
    page = folder / "Bericht 数字 & <b>.html"
    done = mnistnet("report", "shipped", "--data", mnist_dir, "--scorecard", "--count", 3, "--html", page, "--quiet")
    assert done.returncode == 0, done.stderr
    done = mnistnet("report", "shipped", "--data", mnist_dir, "--json")
    return page, json.loads(done.stdout)


class OpenedReport(Opened):
    """A report's page that is open."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        super().__init__(browser, path, ready="#cards li", **options)

    def cards(self) -> list[int]:
        """The indices of all pictures of the present choice."""
        while self.page.locator("#more").is_visible():
            self.page.locator("#more").click()
        return [
            int(index) for index in self.page.eval_on_selector_all("#cards li", "all => all.map(x => x.dataset.index)")
        ]


@pytest.fixture(scope="module")
def opened(browser: Any, made: tuple[Path, dict[str, Any]]) -> OpenedReport:
    return OpenedReport(browser, made[0], viewport={"width": 1280, "height": 900})


def test_a_cell_shows_exactly_the_pictures_that_json_has_for_it(
    opened: OpenedReport, made: tuple[Path, dict[str, Any]], mnist_dir: Path
) -> None:
    page, answers = opened.page, made[1]["answers"]
    pairs = list(zip(answers["label"], answers["predicted"], strict=True))
    cells = [(4, 9), (7, 1), (3, 3)]
    for true, read in cells:
        page.locator(f"button[data-true='{true}'][data-read='{read}']").click()
        expected = [index for index, pair in enumerate(pairs) if pair == (true, read)]
        assert (
            page.locator("#shown").inner_text()
            == f"{len(expected):,} of 10,000 test images: true {true}, read as {read}"
        )
        assert sorted(opened.cards()) == expected
        assert page.locator("button[aria-pressed=true]").count() == 1
    test = load_folder(mnist_dir).test.images
    for index in (opened.cards()[0], opened.cards()[-1]):  # of the last cell
        pixels = page.eval_on_selector(
            f"li[data-index='{index}'] canvas", "c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]"
        )
        np.testing.assert_allclose(np.array(pixels).reshape(784, 4)[:, 0] / 255, test[index], atol=1e-6)
    page.locator("button[data-true='3'][data-read='3']").click()  # again: all mistakes, as at first
    assert opened.cards() == [one["index"] for one in made[1]["mistakes"]]
    assert opened.wrong == []


def test_the_gallery_sorts_and_filters(opened: OpenedReport, made: tuple[Path, dict[str, Any]]) -> None:
    page, report = opened.page, made[1]
    for name, value in (("kind", "right"), ("sort", "doubt")):
        page.select_option(f"select[name={name}]", value)
    first = page.eval_on_selector_all("#cards li", "all => all.map(x => Number(x.dataset.index))")
    assert first == [one["index"] for one in report["doubtful"]][: len(first)]
    assert len(first) == 24
    page.select_option("select[name=kind]", "all")
    page.check("input[name=disputed]")
    assert sorted(opened.cards()) == [one["index"] for one in report["disputed"]["images"]]
    page.check("input[name=unsure]")
    sure = report["answers"]["sure"]
    assert all(not sure[index] for index in opened.cards())
    page.uncheck("input[name=disputed]")
    page.uncheck("input[name=unsure]")
    page.select_option("select[name=kind]", "wrong")
    page.select_option("select[name=sort]", "loss")
    assert opened.wrong == []


def test_the_keyboard_reaches_a_cell_and_opens_it(opened: OpenedReport) -> None:
    page = opened.page
    page.locator("button[data-true='0']").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    pressed = page.locator("button[aria-pressed=true]")
    assert pressed.count() == 1
    assert pressed.get_attribute("aria-label") == page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    assert page.locator("button[aria-pressed=true]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_can_be_read_in_light_and_dark(
    browser: Any, made: tuple[Path, dict[str, Any]], scheme: str, width: int
) -> None:
    opened = OpenedReport(browser, made[0], viewport={"width": width, "height": 844}, color_scheme=scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    contrasts = opened.contrasts()
    assert len(contrasts) > 100
    assert {what: ratio for what, ratio in contrasts.items() if ratio < 4.5} == {}  # WCAG 2.2, AA
    assert opened.page.evaluate("document.querySelectorAll('#cards li').length") == 24
    assert opened.wrong == []


def test_every_number_is_scikit_learns(made: tuple[Path, dict[str, Any]], mnist_dir: Path) -> None:
    from sklearn import metrics
    from sklearn.calibration import calibration_curve

    report = made[1]
    labels, predicted = load_folder(mnist_dir).test.labels, np.array(report["answers"]["predicted"])
    assert report["answers"]["label"] == labels.tolist()
    assert report["test_accuracy"] == metrics.accuracy_score(labels, predicted)
    assert report["confusion"] == metrics.confusion_matrix(labels, predicted).tolist()
    scores = metrics.precision_recall_fscore_support(labels, predicted)
    for name, values in zip(("precision", "recall", "f1", "images"), scores, strict=True):
        np.testing.assert_allclose([one[name] for one in report["digits"]], values)
    means = metrics.precision_recall_fscore_support(labels, predicted, average="macro")
    np.testing.assert_allclose(list(report["averages"].values()), means[:3])
    confidences, right = np.array(report["answers"]["confidence"]), predicted == labels
    accuracy, confidence = calibration_curve(right, np.minimum(confidences, 1 - 1e-9), n_bins=15)
    bins = [one for one in report["reliability"] if one["images"]]
    np.testing.assert_allclose([one["accuracy"] for one in bins], accuracy)
    np.testing.assert_allclose([one["confidence"] for one in bins], confidence, atol=1e-6)


def percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def bounds(interval: list[float]) -> str:
    return f"{100 * interval[0]:.2f} to {percent(interval[1])}"


def rows_of(opened: OpenedReport, table: str) -> list[list[str]]:
    """The cells of a table's body."""
    every = "rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    return list(opened.page.eval_on_selector_all(f"#{table} tbody tr", every))


def test_every_number_on_the_page_is_that_of_json(opened: OpenedReport, made: tuple[Path, dict[str, Any]]) -> None:
    page, report, images = opened.page, made[1], made[1]["test_images"]
    counts = [[int(re.sub(r"\D", "", cell)) for cell in row[1:]] for row in rows_of(opened, "confusion")]
    assert counts == report["confusion"]

    low, high = map(percent, report["test_interval"])
    wrong = f"{report['test_errors']} of {images:,} wrong"
    said = f"{percent(report['test_accuracy'])} (95 % interval {low} to {high}): {wrong}"
    assert page.locator("#accuracy").inner_text() == said
    without = report["disputed"]["without"]
    low, high = map(percent, without["test_interval"])
    wrong = f"{without['test_errors']} of {without['test_images']:,} wrong"
    said = f"{percent(without['test_accuracy'])} (95 % interval {low} to {high}): {wrong}"
    assert page.locator("#without-disputed").inner_text().endswith(said)

    digits = [
        [
            str(one["digit"]),
            f"{one['images']:,}",
            *(percent(one[name]) for name in ("precision", "recall", "f1")),
            *(bounds(one[f"{name}_interval"]) for name in ("precision", "recall")),
        ]
        for one in report["digits"]
    ]
    means = [percent(report["averages"][name]) for name in ("precision", "recall", "f1")]
    assert rows_of(opened, "scores") == [*digits, ["mean", "", *means, "", ""]]

    c, faultless = report["calibration"], max(r["answered"] for r in report["risk_coverage"] if not r["wrong"])
    assert " ".join(page.locator("#sure").inner_text().split()) == (
        f"It answers {percent(c['sure_images'] / images)} of the images surely, with "
        f"{percent(c['sure_errors'] / c['sure_images'])} errors (95 % interval {bounds(c['sure_interval'])}): "
        f"{c['sure_errors']} of {c['sure_images']:,}. Of its {faultless:,} most confident answers "
        f"({percent(faultless / images)}) none is wrong. Expected calibration error: "
        f"{c['expected_calibration_error']:.4f}."
    )
    assert rows_of(opened, "reliability") == [
        [
            *(percent(one[name]) for name in ("low", "high")),
            f"{one['images']:,}",
            *(percent(one[name]) for name in ("confidence", "accuracy")),
            bounds(one["interval"]),
        ]
        for one in report["reliability"]
        if one["images"]
    ]
    risks = {one["answered"]: one for one in report["risk_coverage"]}
    assert rows_of(opened, "coverage") == [
        [
            f"{count:,}",
            *map(percent, (count / images, risks[count]["confidence"])),
            str(risks[count]["wrong"]),
            percent(risks[count]["wrong"] / count),
        ]
        for count in (9_000, 9_500, 9_800, 9_900, 10_000)
    ]
    epochs = {str(one["number"]): f"{one['loss']:.4f}" for one in report["epochs"]}
    shown = rows_of(opened, "epochs")
    assert shown[-1][0] == f"{report['best_epoch']} (chosen)"
    assert all(epochs[row[0].split()[0]] == row[1] for row in shown)
    facts = page.locator("section[aria-labelledby=again]").inner_text()
    for value in (report["model_sha256"], *report["data_sha256"].values(), *map(str, report["versions"].values())):
        assert value in facts
    assert json.dumps(report["settings"]["hidden"]) in facts


def test_a_card_has_the_images_numbers(opened: OpenedReport, made: tuple[Path, dict[str, Any]]) -> None:
    doubts = {one["index"]: one for one in made[1]["disputed"]["images"]}
    opened.cards()
    for one in made[1]["mistakes"]:
        lines = opened.page.locator(f"li[data-index='{one['index']}']").inner_text().splitlines()
        unsure = "" if one["sure"] else ", unsure"
        expected = [
            f"{one['label']} read as {one['predicted']}",
            f"{100 * one['confidence']:.1f} %{unsure}",
            f"loss {one['loss']:.2f}",
            f"image {one['index']}",
        ]
        if doubt := doubts.get(one["index"]):
            neither = f", {doubt['votes_neither']} neither" if doubt["votes_neither"] else ""
            votes = f"{doubt['votes_label']} of 5 people see a {doubt['label']}, {doubt['votes_proposed']}"
            expected.append(f"disputed label: {votes} a {doubt['proposed']}{neither}")
        assert lines == expected


def test_the_scorecard_on_the_page_is_the_one_that_was_made(
    opened: OpenedReport, mnist_dir: Path, tmp_path: Path
) -> None:
    mnistnet = CommandLine(tmp_path / "home")
    done = mnistnet("report", "shipped", "--data", mnist_dir, "--scorecard", "--count", 3, "--json", "--quiet")
    conditions = json.loads(done.stdout)["conditions"]
    expected = []
    for name, one in conditions.items():
        unsure = one["unsure_of_right"]["share"]
        doubt = "." if unsure is None else percent(unsure)
        low, high = map(percent, one["right"]["interval"])
        expected.append([name, percent(one["right"]["share"]), f"{low} to {high}", doubt])
    assert rows_of(opened, "scorecard") == expected


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_other_pages_open_quietly_and_fit_the_screen(
    browser: Any, others: list[Path], scheme: str, width: int
) -> None:
    for path in others:
        opened = Opened(browser, path, ready="section", viewport={"width": width, "height": 844}, color_scheme=scheme)
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.wrong == []


@pytest.fixture(scope="module")
def others(mnist_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A comparison's page and that of a look inside."""
    folder = tmp_path_factory.mktemp("others")
    mnistnet = CommandLine(folder / "home")
    options = ("--recipe", "quick", "--hidden", 16, "--epochs", 1, "--data", mnist_dir, "--quiet")
    assert mnistnet("train", *options, "--run-dir", folder / "run").returncode == 0
    pages = [folder / "compared.html", folder / "inside.html"]
    done = mnistnet("compare", "shipped", folder / "run", "--data", mnist_dir, "--html", pages[0])
    assert done.returncode == 0, done.stderr
    Image.fromarray(np.uint8(255 * load_folder(mnist_dir).test.images[0].reshape(28, 28))).save(folder / "7.png")
    done = mnistnet("inspect", folder / "7.png", "--model", "shipped", "--output", pages[1])
    assert done.returncode == 0, done.stderr
    return pages


def test_it_is_one_file_of_less_than_5_mb(made: tuple[Path, dict[str, Any]]) -> None:
    page = made[0].read_bytes()
    require_self_contained(page.decode())
    assert len(page) < 5_000_000

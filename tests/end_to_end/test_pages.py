"""The report's page in a real browser, opened from disk, and its numbers against scikit-learn's."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
    contrast = opened.contrasts(["h1", "p.muted", "figcaption", "td.right button", "summary", "footer p"])
    assert min(contrast.values()) >= 4.5, contrast  # WCAG 2.2, AA
    assert opened.wrong == []


def test_every_number_is_scikit_learns(
    opened: OpenedReport, made: tuple[Path, dict[str, Any]], mnist_dir: Path
) -> None:
    from sklearn import metrics
    from sklearn.calibration import calibration_curve

    page, report = opened.page, made[1]
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

    cells = page.eval_on_selector_all("#confusion tbody td", "all => all.map(x => x.textContent)")
    assert [int(text.replace(",", "").replace("·", "0")) for text in cells] == np.ravel(report["confusion"]).tolist()
    rows = [re.split(r"\s*\t\s*", row) for row in page.locator("#scores tbody").inner_text().splitlines()]
    for row, one in zip(rows, report["digits"], strict=False):
        shown = [f"{100 * one[name]:.2f} %" for name in ("precision", "recall", "f1")]
        assert row == [str(one["digit"]), f"{one['images']:,}", *shown]
    low, high = (f"{100 * bound:.2f} %" for bound in report["test_interval"])
    said = f"99.64 % (95 % interval {low} to {high}): {report['test_errors']} of 10,000 wrong"
    assert page.locator("#accuracy").inner_text() == said
    without = report["disputed"]["without"]
    assert f"{100 * without['test_accuracy']:.2f} %" in page.locator("#without-disputed").inner_text()
    sure = page.locator("#sure").inner_text()
    calibration = report["calibration"]
    assert f"{calibration['sure_errors']} of {calibration['sure_images']:,}." in sure
    assert f"Expected calibration error: {calibration['expected_calibration_error']:.4f}" in sure
    assert page.locator("#scorecard tbody tr").count() == 11


def test_it_is_one_file_of_less_than_5_mb(made: tuple[Path, dict[str, Any]]) -> None:
    page = made[0].read_bytes()
    require_self_contained(page.decode())
    assert len(page) < 5_000_000

"""The page of a report: what stands in it, and that it needs nothing else. A real browser opens it in
tests/end_to_end/test_pages.py."""

import json
from dataclasses import replace

import numpy as np
import pytest

from mnistnet.evaluation.calibration import Judgement
from mnistnet.evaluation.report import Report, make_report
from mnistnet.evaluation.report_page import ACROSS, confusion_rows, contact_sheet, report_page, without_error
from tests.models import small_model
from tests.pages import Seen, require_self_contained

HOSTILE = "</script><script>alert(1)</script>\"'&\udcff-数字 \N{PILE OF POO}.npz"


def made(**changes: object) -> Report:
    """A report of 30 test images with some of its values changed."""
    rng = np.random.default_rng(1)
    labels = np.arange(30) % 10
    probabilities = rng.dirichlet(np.full(10, 0.3), 30).astype(np.float32)
    judgement = Judgement(probabilities, np.zeros(30), probabilities.max(axis=1) > 0.5)
    model = small_model()
    model = replace(model, provenance=replace(model.provenance, dataset="sample"))
    return make_report(model, path="m.npz", judgement=judgement, labels=labels) | changes


IMAGES = np.random.default_rng(2).random((30, 784), np.float32)


def test_it_needs_nothing_else_and_has_every_charts_text() -> None:
    seen = require_self_contained(report_page(made(), IMAGES, {"curves": b"<svg/>", "weights": b"<svg/>"}))
    assert [image["class"] for image in seen.all("img") if "class" in image] == ["chart", "paper"]
    assert [heading for heading in ("Where it errs", "How it learned") if heading not in seen.text] == []


def test_every_cell_above_0_is_a_button_that_tells_its_count() -> None:
    report = made()
    buttons = [attrs for attrs in Seen(report_page(report, IMAGES, {})).all("button") if "data-true" in attrs]
    counts = {(one["data-true"], one["data-read"]): one["aria-label"] for one in buttons}
    for true, row in enumerate(report["confusion"]):
        for read, count in enumerate(row):
            label = counts.get((str(true), str(read)))
            assert label == (f"true {true}, read as {read}: {count} image{'s' * (count != 1)}" if count else None)


def test_the_pages_data_are_the_reports() -> None:
    report = made()
    page = report_page(report, IMAGES, {})
    inside = page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    assert json.loads(inside)["answers"] == report["answers"]


def test_whatever_a_file_or_a_notice_is_called_stays_text() -> None:
    scorecard = {
        "digits": 1,
        "direct": {"share": 1.0},
        "notice": HOSTILE,
        "conditions": {HOSTILE: {"right": {"share": 1.0, "interval": (0.5, 1.0)}, "unsure_of_right": {"share": None}}},
    }
    changes = {"model": HOSTILE, "notice": HOSTILE, "diagnoses": [HOSTILE], "trained": HOSTILE, "scorecard": scorecard}
    changes |= {"versions": {"mnistnet": HOSTILE, HOSTILE: HOSTILE}, "data_sha256": {HOSTILE: HOSTILE}}
    settings = made()["settings"] | {HOSTILE: HOSTILE}
    page = report_page(made(settings=settings, **changes), IMAGES, {})
    seen = require_self_contained(page)
    assert len(seen.all("script")) == 2
    assert "<script>alert" not in page
    assert seen.text.count(HOSTILE.replace("\udcff", "\\udcff")) >= 11
    page.encode()


def test_other_classes_have_their_names_and_pictures_their_size() -> None:
    classes = [f"name {number}" for number in range(9)] + [HOSTILE[:36]]
    images = np.random.default_rng(2).random((30, 100), np.float32)
    page = report_page(made(classes=classes, image_format={"side": 10, "box": 8}, dataset="things"), images, {})
    seen = Seen(page)
    labels = [attrs["aria-label"] for attrs in seen.all("button") if "data-true" in attrs]
    assert any(label.startswith("true name 0, read as name ") for label in labels)
    assert "Class by class" in seen.text
    assert "alert(1)" in seen.text
    assert "<script>alert" not in page
    assert '"side": 10' in page
    assert "with the --data of the training" in seen.text


def test_a_report_without_scorecard_or_sure_answers_says_so() -> None:
    report = made()
    report["calibration"] |= {"sure_images": 0, "sure_errors": 0}
    text = Seen(report_page(report, IMAGES, {})).text
    assert "It is sure of no image." in text
    assert "Not measured for this report" in text


def test_mistakes_are_coloured_the_stronger_the_more_often_they_are_made() -> None:
    confusion = [[0] * 10 for _ in range(10)]
    confusion[1][1], confusion[1][2], confusion[1][3], confusion[2][1] = 1000, 1, 5, 40
    rows = confusion_rows(confusion)
    shares = [rows[1][1]["share"], rows[1][2]["share"], rows[1][3]["share"], rows[2][1]["share"]]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 70)
    assert confusion_rows([[0] * 10 for _ in range(10)])[0][1]["share"] == 0


@pytest.mark.parametrize("count", [1, 99, 100, 101])
def test_the_sheet_has_every_image_at_its_place(count: int) -> None:
    images = np.random.default_rng(count).random((count, 784), np.float32)
    pixels = np.asarray(contact_sheet(images))
    for index in (0, count // 2, count - 1):
        row, column = 28 * (index // ACROSS), 28 * (index % ACROSS)
        found = pixels[row : row + 28, column : column + 28]
        np.testing.assert_allclose(found / 255, images[index].reshape(28, 28), atol=0.5 / 255)


def test_answers_without_error_end_at_the_first_one() -> None:
    risks = [{"answered": count, "wrong": wrong} for count, wrong in ((10, 0), (20, 0), (30, 1), (40, 3))]
    assert without_error(risks) == 20
    assert without_error(risks[2:]) == 0

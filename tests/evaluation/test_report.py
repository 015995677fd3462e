"""Reports: figures that follow from the confusion matrix, and text that says what JSON says."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mnistnet.errors import RunError
from mnistnet.evaluation.report import Report, find_mistakes, make_report, read_report, report_text
from tests.models import small_model


@pytest.fixture
def report() -> Report:
    mistakes = [{"index": 4, "label": 2, "predicted": 7, "confidence": 0.91}]
    return make_report(small_model(errors=3), path="m.npz", seconds=1.234, mistakes=mistakes)


def test_its_figures_follow_from_the_confusion_matrix(report: Report) -> None:
    assert (report["test_errors"], report["test_images"], report["test_accuracy"]) == (3, 20, 0.85)
    assert report["test_interval"] == pytest.approx((0.6396, 0.9476), abs=1e-4)  # 17 of 20
    assert report["digits"][0]["recall"] == 0.5
    assert report["digits"][9]["precision"] == pytest.approx(2 / 3)


def test_it_comes_back_from_its_file(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(report))
    assert report_text(read_report(tmp_path / "report.json")) == report_text(report)


def test_its_text_has_accuracy_matrix_scores_and_mistakes_within_80_columns(report: Report) -> None:
    text = report_text(report)
    assert "Test accuracy 85.00 % (95 % interval 63.96 % to 94.76 %): 3 of 20 wrong" in text
    assert "784-5-10 relu, momentum, seed 0; 55,000 training images of MNIST; epoch 1 of 1" in text
    assert re.search(r"predicted\ntrue +0 +1 +2 .*\n +0 +1( +\.){8} +1\n", text)
    assert re.search(r"\n +9 +2 +66\.67 % +100\.00 % +80\.00 %", text)
    assert "test image     4: true 2, read as 7, 91.0 %" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_notice_and_a_partial_run_are_said(report: Report) -> None:
    text = report_text(report | {"notice": "trained on little", "partial": True})
    assert "NOTICE: trained on little" in text
    assert "PARTIAL: training was stopped" in text


def test_mistakes_come_with_the_largest_loss_first() -> None:
    probabilities = np.full((5, 10), 0.01)
    probabilities[0, 3] = 0.91  # right
    probabilities[1, [3, 4]] = 0.5, 0.42  # read 3, is 4: loss -log 0.42
    probabilities[2, [0, 6]] = 0.9, 0.02  # read 0, is 6: loss -log 0.02
    probabilities[3, 1] = 0.91  # right
    probabilities[4, [8, 5]] = 0.6, 0.32  # read 8, is 5: loss -log 0.32
    mistakes = find_mistakes(probabilities, np.array([3, 4, 6, 1, 5]))
    assert [(m["index"], m["label"], m["predicted"]) for m in mistakes] == [(2, 6, 0), (4, 5, 8), (1, 4, 3)]
    assert mistakes[0]["confidence"] == 0.9


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff", b"[" * 200_000])
def test_what_is_no_report_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(RunError, match=r"report\.json is not") as caught:
        read_report(tmp_path / "report.json")
    assert "\n" not in str(caught.value)


def test_a_missing_report_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot read .* `mnistnet train`"):
        read_report(tmp_path / "report.json")

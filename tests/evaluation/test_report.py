"""Reports: figures that follow from the answers, and text that says what JSON says."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnistnet.data.disputed import ASKED, DISPUTED
from mnistnet.errors import RunError
from mnistnet.evaluation.calibration import Judgement
from mnistnet.evaluation.report import DOUBTFUL, Report, make_report, read_report
from mnistnet.evaluation.report_text import report_text
from tests.models import small_model


@pytest.fixture
def report() -> Report:
    """Of a model file alone."""
    return make_report(small_model(errors=3), path="m.npz")


def judged(count: int = 10_000) -> tuple[Judgement, np.ndarray]:
    """Answers to so many images of random labels, about 9 in 10 right, and the labels."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 10, count)
    logits = rng.normal(0, 1, (count, 10))
    logits[np.arange(count), labels] += 3
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Judgement(probabilities.astype(np.float32), np.zeros(count), probabilities.max(axis=1) > 0.8), labels


@pytest.fixture(scope="module")
def whole() -> Report:
    """Of a model whose answers to 10,000 test images are known."""
    judgement, labels = judged()
    return make_report(small_model(), path="m.npz", judgement=judgement, labels=labels, trained="today", seconds=1.234)


def test_its_figures_follow_from_the_confusion_matrix(report: Report) -> None:
    assert (report["test_errors"], report["test_images"], report["test_accuracy"]) == (3, 20, 0.85)
    assert report["test_interval"] == pytest.approx((0.6396, 0.9476), abs=1e-4)  # 17 of 20
    assert report["digits"][0]["recall"] == 0.5
    assert report["digits"][9]["precision"] == pytest.approx(2 / 3)
    assert report["averages"]["recall"] == pytest.approx(np.mean([0.5] * 3 + [1] * 7))
    assert report["mistakes"] is report["answers"] is report["disputed"] is None


def test_with_answers_everything_is_counted_anew(whole: Report) -> None:
    judgement, labels = judged()
    predicted = judgement.probabilities.argmax(axis=1)
    wrong = predicted != labels
    assert whole["claimed_errors"] == 3
    assert whole["test_errors"] == wrong.sum() == len(whole["mistakes"])
    assert whole["confusion"][4][9] == ((labels == 4) & (predicted == 9)).sum()
    assert whole["calibration"]["sure_images"] == judgement.sure.sum()
    assert whole["calibration"]["sure_errors"] == (judgement.sure & wrong).sum()
    assert whole["answers"]["predicted"] == predicted.tolist()
    assert [one["wrong"] for one in whole["risk_coverage"]][-1] == wrong.sum()
    assert "NOTICE: the model file claims 3 wrong; these were counted here" in report_text(whole)


def test_mistakes_come_with_the_largest_loss_first_and_right_answers_with_the_least_confidence(whole: Report) -> None:
    judgement, labels = judged()
    for mistake in whole["mistakes"][:20]:
        chances = judgement.probabilities[mistake["index"]].astype(float)
        assert mistake["loss"] == pytest.approx(-np.log(chances[mistake["label"]]), abs=1e-5)
        assert mistake["confidence"] == pytest.approx(chances.max(), abs=1e-6)
        assert mistake["label"] == labels[mistake["index"]] != mistake["predicted"] == chances.argmax()
        assert mistake["sure"] == bool(judgement.sure[mistake["index"]])
    losses = [mistake["loss"] for mistake in whole["mistakes"]]
    assert losses == sorted(losses, reverse=True)
    confidences = [one["confidence"] for one in whole["doubtful"]]
    right = judgement.probabilities.argmax(axis=1) == labels
    least = np.sort(judgement.probabilities.max(axis=1)[right])[:DOUBTFUL]
    np.testing.assert_allclose(confidences, least, atol=1e-6)
    assert all(one["label"] == one["predicted"] for one in whole["doubtful"])


def test_accuracy_is_told_without_disputed_labels_too(whole: Report) -> None:
    judgement, labels = judged()
    others = np.setdiff1d(np.arange(10_000), [one.index for one in DISPUTED])
    errors = int((judgement.probabilities[others].argmax(axis=1) != labels[others]).sum())
    without = whole["disputed"]["without"]
    assert (without["test_errors"], without["test_images"]) == (errors, 9_985)
    assert (
        f"Without 15 images of disputed labels: {100 - errors / 99.85:.2f} %, {errors:,} of 9,985 wrong"
        in report_text(whole)
    )


def test_the_samples_labels_are_not_those_that_are_disputed() -> None:
    model = small_model()
    model = replace(model, provenance=replace(model.provenance, dataset="sample"))
    judgement, labels = judged(1000)
    assert make_report(model, path="m.npz", judgement=judgement, labels=labels)["disputed"] is None


def test_the_disputed_labels_are_those_that_fewer_than_three_of_five_accepted() -> None:
    assert len(DISPUTED) == 15  # in the paper's table
    assert all(one.votes_label < 3 for one in DISPUTED)
    assert all(one.votes_label + one.votes_proposed + one.votes_neither == ASKED for one in DISPUTED)
    assert [one.index for one in DISPUTED] == sorted({one.index for one in DISPUTED})


def test_it_comes_back_from_its_file(whole: Report, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(whole))
    assert report_text(read_report(tmp_path / "report.json")) == report_text(whole)


def test_its_text_has_accuracy_matrix_scores_and_mistakes_within_80_columns(report: Report, whole: Report) -> None:
    text = report_text(report)
    assert "Test accuracy 85.00 % (95 % interval 63.96 % to 94.76 %): 3 of 20 wrong" in text
    assert "784-5-10 relu, momentum, seed 0; 55,000 training images of MNIST; epoch 1 of 1" in text
    assert re.search(r"predicted\ntrue +0 +1 +2 .*\n +0 +1( +\.){8} +1\n", text)
    assert re.search(r"\n +9 +2 +66\.67 % +20\.8 to 93\.9 +100\.00 % +34\.2 to 100\.0 +80\.00 %\n", text)
    assert re.search(r"\n +1 \(chosen\) +2\.0000 +2\.1000 +30\.00 %\n", text)
    worst = whole["mistakes"][0]
    described = f"test image {worst['index']:5}: true {worst['label']}, read as {worst['predicted']}"
    assert described in report_text(whole)
    assert max(map(len, [*text.splitlines(), *report_text(whole).splitlines()])) <= 80


def test_its_tables_of_confidence_are_the_reports(whole: Report) -> None:
    text = report_text(whole)
    for one in whole["reliability"]:
        shown = f"{one['images']:>6,}  {100 * one['confidence']:>7.2f} %  {100 * one['accuracy']:>6.2f} %"
        assert (shown in text) == (one["images"] > 0)
    half = [one for one in whole["risk_coverage"] if one["answered"] == 9_500][0]  # noqa: RUF015
    shown = f"9,500 (95.00 %), from {100 * half['confidence']:.2f} % on{half['wrong']:>9,} ({half['wrong'] / 95:.2f} %)"
    assert shown in text
    least = whole["doubtful"][0]
    assert f"test image {least['index']:5}: true {least['label']}, read as {least['label']}" in text


def test_a_notice_and_a_partial_run_are_said(report: Report) -> None:
    text = report_text(report | {"notice": "trained on little", "partial": True})
    assert "NOTICE: trained on little" in text
    assert "PARTIAL: training was stopped" in text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff", b"[" * 200_000])
def test_what_is_no_report_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(RunError, match=r"report\.json is not") as caught:
        read_report(tmp_path / "report.json")
    assert "\n" not in str(caught.value)


def test_a_report_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "report.json").touch()
    os.truncate(tmp_path / "report.json", 300_000_001)
    with pytest.raises(RunError, match=r"cannot read .*expected at most 300,000,000 bytes, got 300,000,001"):
        read_report(tmp_path / "report.json")


def test_a_missing_report_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot read .* `mnistnet train`"):
        read_report(tmp_path / "report.json")

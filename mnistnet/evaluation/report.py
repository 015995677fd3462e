"""Report: what a training run came to, as JSON and as text.

`report.json` is one object: `schema` (1), `model` (path), `seconds`, all fields of the model's provenance,
`test_accuracy`, `test_interval` (95 %, Wilson), `test_errors`, `test_images`, `calibration` (see model_file), `digits`
(precision, recall and F1 of each digit) and `mistakes` (misread test images, the largest loss first: index, label,
predicted, confidence). `seconds` and `mistakes` are null in the report of a model file.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mnistnet.arrays import CLASSES, Floats, Labels
from mnistnet.errors import RunError
from mnistnet.evaluation.metrics import digit_scores, wilson_interval
from mnistnet.model_file import Model

SCHEMA = 1
FIGURES = ("confusion.png", "curves.png", "mistakes.png", "watch.png", "warps.png")
"""What is drawn beside report.json; the last two where layers were watched and where digits were warped."""
DIGITS = tuple(map(str, range(CLASSES)))
DATASETS = {"mnist": "MNIST", "sample": "the bundled sample"}
Report = dict[str, Any]


def make_report(
    model: Model, *, path: str, seconds: float | None = None, mistakes: list[dict[str, Any]] | None = None
) -> Report:
    """The report on the model in the file path, with every figure that follows from what it carries.

    seconds and mistakes are known after a training run only: a model file alone does not tell them.
    """
    provenance = model.provenance
    images, errors = provenance.test_images, provenance.test_errors
    return {
        "schema": SCHEMA,
        "model": path,
        "seconds": None if seconds is None else round(seconds, 2),
        "test_accuracy": (images - errors) / images,
        "test_interval": wilson_interval(images - errors, images),
        "test_errors": errors,
        "test_images": images,
        "digits": [score._asdict() for score in digit_scores(np.array(provenance.confusion))],
        "mistakes": mistakes,
        "calibration": model.calibration.as_json(),
        **asdict(provenance),
    }


def find_mistakes(probabilities: Floats, labels: Labels) -> list[dict[str, Any]]:
    """The misread images, the largest loss first, from probabilities (n, classes) and labels (n,)."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    by_loss = wrong[np.argsort(probabilities[wrong, labels[wrong]], kind="stable")]
    return [
        {
            "index": int(index),
            "label": int(labels[index]),
            "predicted": int(predicted[index]),
            "confidence": round(float(probabilities[index, predicted[index]]), 4),
        }
        for index in by_loss
    ]


def read_report(path: Path) -> Report:
    """A report.json, read back. Raises RunError."""
    try:
        report = json.loads(path.read_bytes())
    except OSError as error:
        raise RunError(f"cannot read the report {path}: {error.strerror}; run `mnistnet train`") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is not JSON ({error}); train again") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise RunError(f"{path} is not a report of schema {SCHEMA}; train again")
    return report


def report_text(report: Report) -> str:
    """The report as plain text of at most 80 columns. Raises RunError where it lacks what it should hold."""
    try:
        parts = [headline(report), confusion_table(report["confusion"]), digits_table(report["digits"])]
        if report["diagnoses"]:
            parts.append("\n".join(["What went wrong in training", *(f"  {text}" for text in report["diagnoses"])]))
        if report["mistakes"]:
            parts.append(mistakes_list(report["mistakes"]))
        parts.append(f"Model    {report['model']}")
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise RunError(f"the report is not whole ({type(error).__name__}: {error}); train again") from error
    return "\n\n".join(parts)


def percent(share: float, decimals: int = 2) -> str:
    """A share of 1 as a percentage."""
    return f"{share * 100:.{decimals}f} %"


def interval_text(interval: tuple[float, float]) -> str:
    """The bounds of what a share may be."""
    low, high = interval
    return f"95 % interval {percent(low)} to {percent(high)}"


def headline(report: Report) -> str:
    """The accuracy with its interval, and what it was measured on."""
    settings, dataset = report["settings"], DATASETS.get(report["dataset"], report["dataset"])
    layers = "-".join(map(str, (784, *settings["hidden"], CLASSES)))
    lines = [
        f"Test accuracy {percent(report['test_accuracy'])} ({interval_text(report['test_interval'])}): "
        f"{report['test_errors']:,} of {report['test_images']:,} wrong",
        f"{layers} {settings['activation']}, {settings['optimizer']}, seed {settings['seed']}; "
        f"{report['train_images']:,} training images of {dataset}; "
        f"epoch {report['best_epoch']} of {settings['epochs']}",
    ]
    calibration = report.get("calibration", {})  # older runs have none
    if sure := calibration.get("sure_images"):
        errors, off = calibration["sure_errors"], calibration["expected_calibration_error"]
        lines.append(
            f"Sure of {percent(sure / report['test_images'])} of them: {errors:,} of {sure:,} wrong; "
            f"expected calibration error {off:.4f}"
        )
    done = len(report["epochs"])
    if report["partial"]:
        lines.append(f"PARTIAL: training was stopped in epoch {done + 1} of {settings['epochs']}")
    elif done < settings["epochs"]:
        lines.append(f"Stopped early after epoch {done}: patience {settings['patience']}")
    if report["notice"]:
        lines.append(f"NOTICE: {report['notice']}")
    return "\n".join(lines)


def confusion_table(confusion: list[list[int]], *, columns: Sequence[str] = DIGITS, width: int = 6) -> str:
    """True digits down, predictions across, each column at least so many characters wide; a dot is a 0."""
    widths = [max(width, len(name) + 2) for name in columns]
    lines = ["        predicted", "true " + "".join(map(str.rjust, columns, widths))]
    for digit, row in enumerate(confusion):
        cells = (f"{count:,}" if count else "." for count in row)
        lines.append(f"{digit:4} " + "".join(map(str.rjust, cells, widths)))
    return "\n".join(lines)


def digits_table(digits: list[dict[str, Any]]) -> str:
    """Precision, recall and F1 of each digit."""
    rows = (
        f"{score['digit']:5}  {score['images']:6,}"
        + "".join(f"{percent(score[name]):>11}" for name in ("precision", "recall", "f1"))
        for score in digits
    )
    return "\n".join(["digit  images  precision     recall         F1", *rows])


def mistakes_list(mistakes: list[dict[str, Any]], *, count: int = 10) -> str:
    """The first mistakes, one a line."""
    lines = [f"Worst mistakes ({min(count, len(mistakes))} of {len(mistakes):,})"]
    lines += [
        f"  test image {mistake['index']:5}: true {mistake['label']}, read as {mistake['predicted']}, "
        f"{percent(mistake['confidence'], 1)} sure"
        for mistake in mistakes[:count]
    ]
    return "\n".join(lines)

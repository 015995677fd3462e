"""Report text: a report for the terminal."""

from collections.abc import Sequence
from typing import Any

from mnistnet.arrays import CLASSES
from mnistnet.errors import RunError
from mnistnet.evaluation.report import Report

DIGITS = tuple(map(str, range(CLASSES)))
SHARES = (0.9, 0.95, 0.98, 0.99, 1)
"""Of the images, for which the table of coverage has a row."""
DATASETS = {"mnist": "MNIST", "sample": "the bundled sample"}


def report_text(report: Report) -> str:
    """The report as plain text of at most 80 columns. Raises RunError where it lacks what it should hold."""
    try:
        parts = [headline(report), confusion_table(report["confusion"]), digits_table(report)]
        if report["diagnoses"]:
            parts.append("\n".join(["What went wrong in training", *(f"  {text}" for text in report["diagnoses"])]))
        if report["answers"]:
            parts += [reliability_table(report["reliability"]), coverage_table(report)]
        if report["mistakes"]:
            parts.append(answers_list("Worst mistakes", report["mistakes"], count=10))
        if report["doubtful"]:
            parts.append(answers_list("Most doubtful right answers", report["doubtful"], count=5))
        parts.append(f"Model    {report['model']}")
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
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
    lines = [f"Test accuracy {accuracy_text(report)}"]
    if report["test_errors"] != report["claimed_errors"]:
        lines.append(f"NOTICE: the model file claims {report['claimed_errors']:,} wrong; these were counted here")
    if disputed := report["disputed"]:
        without, count = disputed["without"], len(disputed["images"])
        wrong = f"{without['test_errors']:,} of {without['test_images']:,} wrong"
        lines.append(f"Without {count} images of disputed labels: {percent(without['test_accuracy'])}, {wrong}")
    lines.append(training_text(report))
    calibration = report["calibration"]
    if sure := calibration["sure_images"]:
        errors, off = calibration["sure_errors"], calibration["expected_calibration_error"]
        lines.append(
            f"Sure of {percent(sure / report['test_images'])} of them: {errors:,} of {sure:,} wrong; "
            f"expected calibration error {off:.4f}"
        )
    return "\n".join([*lines, *caveats(report)])


def accuracy_text(report: Report) -> str:
    """The four values that begin with test_."""
    interval, errors, images = report["test_interval"], report["test_errors"], report["test_images"]
    return f"{percent(report['test_accuracy'])} ({interval_text(interval)}): {errors:,} of {images:,} wrong"


def training_text(report: Report) -> str:
    """Which network, and what it was trained on."""
    settings, dataset = report["settings"], DATASETS.get(report["dataset"], report["dataset"])
    layers = "-".join(map(str, (784, *settings["hidden"], CLASSES)))
    return (
        f"{layers} {settings['activation']}, {settings['optimizer']}, seed {settings['seed']}; "
        f"{report['train_images']:,} training images of {dataset}; "
        f"epoch {report['best_epoch']} of {settings['epochs']}"
    )


def caveats(report: Report) -> list[str]:
    """What has to be known besides."""
    settings, done, lines = report["settings"], len(report["epochs"]), []
    if report["partial"]:
        lines.append(f"PARTIAL: training was stopped in epoch {done + 1} of {settings['epochs']}")
    elif done < settings["epochs"]:
        lines.append(f"Stopped early after epoch {done}: patience {settings['patience']}")
    if report["notice"]:
        lines.append(f"NOTICE: {report['notice']}")
    return lines


def confusion_table(confusion: list[list[int]], *, columns: Sequence[str] = DIGITS, width: int = 6) -> str:
    """True digits down, predictions across, each column at least so many characters wide; a dot is a 0."""
    widths = [max(width, len(name) + 2) for name in columns]
    lines = ["        predicted", "true " + "".join(map(str.rjust, columns, widths))]
    for digit, row in enumerate(confusion):
        cells = (f"{count:,}" if count else "." for count in row)
        lines.append(f"{digit:4} " + "".join(map(str.rjust, cells, widths)))
    return "\n".join(lines)


def digits_table(report: Report) -> str:
    """Precision, recall and F1 of each digit, and their means."""
    rows = [(f"{one['digit']:5}", f"{one['images']:,}", one) for one in report["digits"]]
    lines = [
        f"{digit:>5}  {images:>6}" + "".join(f"{percent(score[name]):>11}" for name in ("precision", "recall", "f1"))
        for digit, images, score in [*rows, ("mean", "", report["averages"])]
    ]
    return "\n".join(["digit  images  precision     recall         F1", *lines])


def reliability_table(bins: list[dict[str, Any]]) -> str:
    """How often answers are right that are so confident."""
    lines = [
        f"{percent(one['low']):>8} to {percent(one['high']):>8}  {one['images']:>6,}  {percent(one['confidence']):>9}  "
        f"{percent(one['accuracy']):>8}"
        for one in bins
        if one["images"]
    ]
    return "\n".join([f"{'confidence':>20}  images  {'its mean':>9}  {'right':>8}", *lines])


def coverage_table(report: Report) -> str:
    """What would be wrong if only the most confident were answered."""
    risks, images = report["risk_coverage"], report["test_images"]
    lines = ["answered, the most confident first    wrong"]
    for share in SHARES:
        one = [risk for risk in risks if risk["answered"] >= share * images][0]  # noqa: RUF015  (none is a LookupError)
        lines.append(
            f"{one['answered']:>7,} ({percent(one['answered'] / images)}), from {percent(one['confidence'])} on"
            f"{one['wrong']:>9,} ({percent(one['wrong'] / one['answered'])})"
        )
    return "\n".join(lines)


def answers_list(title: str, answers: list[dict[str, Any]], *, count: int) -> str:
    """The first answers, one a line."""
    lines = [f"{title} ({min(count, len(answers))} of {len(answers):,})"]
    lines += [
        f"  test image {one['index']:5}: true {one['label']}, read as {one['predicted']}, "
        f"{percent(one['confidence'], 1)} sure"
        for one in answers[:count]
    ]
    return "\n".join(lines)

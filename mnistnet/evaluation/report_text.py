"""Report text: a report for the terminal."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

from mnistnet.arrays import DIGITS, SIDE
from mnistnet.evaluation.confusion_text import are_digits, mistakes_table
from mnistnet.evaluation.report import Report

WIDTH = 80
MOST_EPOCHS = 10
SHARES = (0.9, 0.95, 0.98, 0.99, 1)
"""Of the images, for which the table of coverage has a row."""
DATASETS = {"mnist": "MNIST", "sample": "the bundled sample"}


def report_text(report: Report) -> str:
    """The report as plain text of at most 80 columns."""
    classes = classes_of(report)
    parts = [headline(report), mistakes_table(report["confusion"], classes), digits_table(report)]
    if report["diagnoses"]:
        parts.append("\n".join(["What went wrong in training", *(f"  {text}" for text in report["diagnoses"])]))
    if report["answers"]:
        parts += [reliability_table(report["reliability"]), coverage_table(report)]
    if report["mistakes"]:
        parts.append(answers_list("Worst mistakes", report["mistakes"], classes, count=10))
    if report["doubtful"]:
        parts.append(answers_list("Most doubtful right answers", report["doubtful"], classes, count=5))
    if report["epochs"]:
        parts.append(epochs_table(report))
    parts.append(f"{origin_text(report)}\nModel    {report['model']}")
    return "\n\n".join(parts)


def percent(share: float, decimals: int = 2) -> str:
    """A share of 1 as a percentage."""
    return f"{share * 100:.{decimals}f} %"


def bounds_text(interval: Sequence[float]) -> str:
    """The bounds of what a share may be."""
    low, high = interval
    return f"{100 * low:.2f} to {percent(high)}"


def interval_text(interval: Sequence[float]) -> str:
    """The same, with what they are."""
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
    if not are_digits(classes := classes_of(report)):
        lines.append(textwrap.shorten(f"Classes: {', '.join(classes)}", WIDTH, placeholder=" ..."))
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


def network_text(report: Report) -> str:
    """The network and how it learned, in a few words."""
    settings = report["settings"]
    layers = "-".join(map(str, (side_in(report) ** 2, *settings["hidden"], len(classes_of(report)))))
    return f"{layers} {settings['activation']}, {settings['optimizer']}"


def classes_of(report: Report) -> Sequence[str]:
    """The classes' names; reports of before there were any have none."""
    return list(report.get("classes", DIGITS))


def side_in(report: Report) -> int:
    """The side of the pictures that the network reads."""
    return int(report.get("image_format", {}).get("side", SIDE))


def dataset_text(report: Report) -> str:
    """What it was trained on."""
    return DATASETS.get(report["dataset"], str(report["dataset"]))


def training_text(report: Report) -> str:
    """Which network, and what it was trained on."""
    settings, dataset = report["settings"], dataset_text(report)
    if not report["train_images"]:
        layers = "-".join(map(str, (SIDE * SIDE, *settings["hidden"], len(DIGITS))))
        return f"{layers} {settings['activation']}, trained elsewhere; calibrated and tested on {dataset}"
    return (
        f"{network_text(report)}, seed {settings['seed']}; "
        f"{report['train_images']:,} training images of {dataset}; "
        f"epoch {report['best_epoch']} of {settings['epochs']}"
    )


def caveats(report: Report) -> list[str]:
    """What has to be known besides."""
    settings, done, lines = report["settings"], len(report["epochs"]), []
    if report["partial"]:
        lines.append(f"PARTIAL: training was stopped in epoch {done + 1} of {settings['epochs']}")
    elif report["train_images"] and done < settings["epochs"]:
        lines.append(f"Stopped early after epoch {done}: patience {settings['patience']}")
    if report["notice"]:
        lines.append(f"NOTICE: {report['notice']}")
    return lines


def digits_table(report: Report) -> str:
    """Precision and recall of each digit with their 95 % intervals, F1, and the means."""
    share = f"{{:>11}}{'95 % interval':>16}"
    classes = classes_of(report)
    width, title = max(5, *map(len, classes)), "digit" if are_digits(classes) else "class"
    lines = [f"{title:{width}}  images{share.format('precision')}{share.format('recall')}{'F1':>11}"]
    lines += [
        f"{classes[one['digit']]:>{width}}{one['images']:8,}{share_cells(one, 'precision')}{share_cells(one, 'recall')}"
        f"{percent(one['f1']):>11}"
        for one in report["digits"]
    ]
    precision, recall, f1 = (percent(report["averages"][name]) for name in ("precision", "recall", "f1"))
    return "\n".join([*lines, f"{'mean':>{width}}{precision:>19}{recall:>27}{f1:>27}"])


def share_cells(one: dict[str, Any], name: str) -> str:
    """A share and its interval."""
    low, high = one[f"{name}_interval"]
    return f"{percent(one[name]):>11}{f'{100 * low:.1f} to {100 * high:.1f}':>16}"


def reliability_table(bins: list[dict[str, Any]]) -> str:
    """How often answers are right that are so confident."""
    lines = [
        f"{percent(one['low']):>8} to {percent(one['high']):>8}  {one['images']:>6,}  {percent(one['confidence']):>9}  "
        f"{percent(one['accuracy']):>8}  {bounds_text(one['interval']):>17}"
        for one in bins
        if one["images"]
    ]
    return "\n".join([f"{'confidence':>20}  images  {'its mean':>9}  {'right':>8}  {'95 % interval':>17}", *lines])


def coverage_rows(report: Report) -> list[dict[str, Any]]:
    """What would be wrong if only SHARES of the images were answered, the most confident first."""
    answered = [math.ceil(share * report["test_images"]) for share in SHARES]
    return [[risk for risk in report["risk_coverage"] if risk["answered"] >= count][0] for count in answered]  # noqa: RUF015


def coverage_table(report: Report) -> str:
    """The same as text."""
    lines = [
        f"{one['answered']:>7,} ({percent(one['answered'] / report['test_images'])}), from "
        f"{percent(one['confidence'])} on{one['wrong']:>9,} ({percent(one['wrong'] / one['answered'])})"
        for one in coverage_rows(report)
    ]
    return "\n".join(["answered, the most confident first    wrong", *lines])


def epoch_rows(report: Report) -> list[tuple[str, str, str, str]]:
    """Number, losses and validation accuracy of some epochs, with the first, the chosen one and the last."""
    epochs, chosen = report["epochs"], report["best_epoch"]
    every = max(1, math.ceil(len(epochs) / MOST_EPOCHS))
    rows = [one for one in epochs if one["number"] in (1, chosen, len(epochs)) or one["number"] % every == 0]
    return [
        (
            f"{one['number']}{' (chosen)' if one['number'] == chosen else ''}",
            f"{one['loss']:.4f}",
            "." if one["validation_loss"] is None else f"{one['validation_loss']:.4f}",
            "." if one["validation_accuracy"] is None else percent(one["validation_accuracy"]),
        )
        for one in rows
    ]


def epochs_table(report: Report) -> str:
    """How training went."""
    head = ("epoch", "loss", "validation loss", "validation")
    return "\n".join(f"{a:>12}{b:>10}{c:>17}{d:>12}" for a, b, c, d in [head, *epoch_rows(report)])


def origin_text(report: Report) -> str:
    """When and with what it was made, as far as that is known."""
    versions = ", ".join(f"{name} {value}" for name, value in report["versions"].items())
    lines = textwrap.wrap(versions, WIDTH - 9)
    lines += [f"{name} {digest[:16]}..." for name, digest in report["data_sha256"].items()]
    when = [f"{report['trained']}, in {report['seconds']:,.1f} s"] if report["trained"] else []
    return "\n".join(f"{'Made' if not place else '':9}{line}" for place, line in enumerate([*when, *lines]))


def answers_list(title: str, answers: list[dict[str, Any]], classes: Sequence[str], *, count: int) -> str:
    """The first answers, one a line."""
    lines = [f"{title} ({min(count, len(answers))} of {len(answers):,})"]
    lines += [
        f"  test image {one['index']:5}: true {classes[one['label']]}, read as {classes[one['predicted']]}, "
        f"{percent(one['confidence'], 1)} sure"
        for one in answers[:count]
    ]
    return "\n".join(lines)

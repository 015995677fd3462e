"""Report page: a report as one HTML file, with all test images inside."""

import json
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mnistnet import __version__
from mnistnet.arrays import Floats, side_of
from mnistnet.data.disputed import DISPUTED
from mnistnet.evaluation.confusion_text import are_digits, column_heads, row_heads
from mnistnet.evaluation.report import Report
from mnistnet.evaluation.report_text import (
    DATASETS,
    accuracy_text,
    bounds_text,
    caveats,
    classes_of,
    coverage_rows,
    epoch_rows,
    percent,
    training_text,
)
from mnistnet.pages import data_uri, png_uri, render

ACROSS = 100
"""Test images side by side in the picture of all of them."""
STRONGEST = 70
"""Percent of colour behind the most frequent mistake."""


def report_page(report: Report, images: Floats, charts: Mapping[str, bytes]) -> str:
    """The page of a report that tells of each of its test images, (n, side^2).

    charts are SVG pictures, by the names that the template has: `curves`, `watch`, `warps`, `reliability`,
    `risk_coverage` and `weights`; those left out have no place on the page.
    """
    doubts = {one.index: one.said for one in DISPUTED} if report["disputed"] else {}
    classes = classes_of(report)
    return render(
        "report.html",
        script="report.js",
        title=f"{percent(report['test_accuracy'])} of {report['test_images']:,} test images read right",
        report=report,
        dataset=DATASETS.get(report["dataset"], report["dataset"]),
        training=training_text(report),
        caveats=caveats(report),
        rows=confusion_rows(report["confusion"]),
        classes=classes,
        heads=column_heads(classes),
        row_heads=row_heads(classes),
        kind="digit" if are_digits(classes) else "class",
        without_error=without_error(report["risk_coverage"]),
        settings={name: plain(value) for name, value in report["settings"].items()},
        charts={name: data_uri("image/svg+xml", content) for name, content in charts.items()},
        sheet=png_uri(contact_sheet(images)),
        data={
            "answers": report["answers"],
            "disputed": doubts,
            "across": ACROSS,
            "side": side_of(images),
            "classes": classes,
        },
        coverage=coverage_rows(report),
        epochs=epoch_rows(report),
        model_name=Path(report["model"]).name,
        verified=shlex.quote(Path(report["model"]).name),
        needs_data=report["dataset"] not in DATASETS,
        version=__version__,
        percent=percent,
        bounds=bounds_text,
        accuracy_text=accuracy_text,
    )


def confusion_rows(confusion: list[list[int]]) -> list[list[dict[str, Any]]]:
    """The cells of each row of the confusion matrix, with how strongly each is coloured, in percent: by the logarithm
    of how often it is mistaken."""
    wrong = [count for true, row in enumerate(confusion) for read, count in enumerate(row) if true != read]
    scale = STRONGEST / math.log1p(max(*wrong, 1))
    return [
        [
            {
                "true": true,
                "read": read,
                "count": count,
                "share": 0 if true == read else round(scale * math.log1p(count)),
            }
            for read, count in enumerate(row)
        ]
        for true, row in enumerate(confusion)
    ]


def without_error(risks: list[dict[str, Any]]) -> int:
    """Of how many of the most confident answers none is wrong."""
    return max((one["answered"] for one in risks if not one["wrong"]), default=0)


def plain(value: object) -> str:
    """A setting's value as JSON, but for the quotes around text."""
    return value if isinstance(value, str) else json.dumps(value)


def contact_sheet(images: Floats) -> Image.Image:
    """All images, (n, side^2), in one picture, ACROSS in each row, ink white on black."""
    rows, side = -(-len(images) // ACROSS), side_of(images)
    grid = np.zeros((rows * ACROSS, side, side), np.uint8)
    grid[: len(images)] = np.round(255 * images).reshape(-1, side, side)
    lines = grid.reshape(rows, ACROSS, side, side).transpose(0, 2, 1, 3)
    return Image.fromarray(lines.reshape(rows * side, ACROSS * side))

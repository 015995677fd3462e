"""Report files: the page and the figures of a report, and what they are drawn from."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Dataset, Examples
from mnistnet.evaluation.report import Report
from mnistnet.evaluation.report_text import classes_of
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model
from mnistnet.training.augmentation import Warps, warped
from mnistnet.training.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MISTAKES_DRAWN = 40
WARPED = 8
"""How often each digit of the warps' figure is warped,"""
MOST_WARPED = 26
"""and of how many classes."""
FIGURES = ("confusion", "mistakes", "curves", "watch", "warps", "reliability", "risk_coverage", "weights")
"""Some of which there may be nothing to draw for: `watch` where layers were not watched, `warps` where digits were not
warped."""
CHARTS = FIGURES[2:]
"""Those on the page, which has the others as tables."""


def write_page(path: Path, report: Report, model: Model, dataset: Dataset, *, overwrite: bool) -> None:
    """Write the page of a report that tells of each test image. Raises OutputError."""
    from mnistnet.evaluation.figures import svg_bytes  # matplotlib and jinja2 start slowly: after training, not before
    from mnistnet.evaluation.report_page import report_page

    drawn = figures_of(report, model, dataset)
    charts = {name: svg_bytes(drawn[name]()) for name in CHARTS if name in drawn}
    write_text(path, report_page(report, dataset.test.images, charts), overwrite=overwrite)


def write_figures(folder: Path, report: Report, model: Model, dataset: Dataset, *, overwrite: bool) -> None:
    """Write every figure as PNG and as SVG. Raises OutputError."""
    from mnistnet.evaluation.figures import save_figure

    figures = {name: draw() for name, draw in figures_of(report, model, dataset).items()}  # all, before any is written
    for name, figure in figures.items():
        for path in (folder / f"{name}.png", folder / f"{name}.svg"):
            save_figure(figure, path, overwrite=overwrite)


def require_figures_writable(folder: Path, *, overwrite: bool) -> None:
    """Raise OutputError where write_figures is bound to."""
    for name in FIGURES:
        for suffix in (".png", ".svg"):
            require_writable(folder / f"{name}{suffix}", overwrite=overwrite)


def figures_of(report: Report, model: Model, dataset: Dataset) -> "dict[str, Callable[[], Figure]]":
    """What draws each of those FIGURES that there is something to draw for."""
    from mnistnet.evaluation import answer_figures, digit_figures, figures, training_figures

    epochs, best, settings = report["epochs"], report["best_epoch"], report["settings"]
    calibration, mistakes = report["calibration"], report["mistakes"][:MISTAKES_DRAWN]
    classes = classes_of(report)
    images = dataset.test.images[[mistake["index"] for mistake in mistakes]]
    sure = calibration["sure_images"], calibration["sure_errors"]
    error = calibration["expected_calibration_error"]
    drawn: dict[str, Callable[[], Figure]] = {
        "confusion": partial(figures.confusion_figure, np.array(report["confusion"]), classes),
        "mistakes": partial(digit_figures.mistakes_figure, images, mistakes, classes),
        "curves": partial(figures.curves_figure, epochs, best, settings),
        "reliability": partial(answer_figures.reliability_figure, report["reliability"], error=error),
        "risk_coverage": partial(
            answer_figures.risk_coverage_figure, report["risk_coverage"], images=report["test_images"], sure=sure
        ),
        "weights": partial(digit_figures.weights_figure, model.params),
    }
    if not report["train_images"]:  # trained elsewhere
        del drawn["curves"]
    if any(epoch["layers"] for epoch in epochs):
        drawn["watch"] = partial(training_figures.watch_figure, epochs)
    if warps := Settings.from_json(settings).warps:
        rng = np.random.default_rng(settings["seed"])
        digits, rows = warped_digits(dataset.learning, warps, rng=rng)
        drawn["warps"] = partial(digit_figures.warps_figure, rows, [classes[digit] for digit in digits], settings)
    return drawn


def warped_digits(examples: Examples, warps: Warps, *, rng: np.random.Generator) -> tuple[list[int], Floats]:
    """The classes that there are, at most MOST_WARPED, and (classes, 1 + WARPED, pixels): an example of each as it is,
    and warped."""
    digits = np.unique(examples.labels)[:MOST_WARPED]
    chosen = [rng.choice(np.flatnonzero(examples.labels == digit)) for digit in digits]
    originals = examples.images[chosen]
    others = warped(np.repeat(originals, WARPED, axis=0), warps, rng=rng)
    rows = np.concatenate([originals[:, None], others.reshape(len(digits), WARPED, -1)], axis=1)
    return digits.tolist(), rows

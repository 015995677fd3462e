"""Figures of a report, drawn without a display. Only this module and the other *_figures use matplotlib.

Those of every run have fixed margins: to have them fitted to the text takes as long as to draw.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mnistnet.arrays import DIGITS
from mnistnet.evaluation.metrics import Confusion
from mnistnet.files import new_file

DPI = 120
LOSSES = {
    "cross_entropy": "mean cross-entropy, nats",
    "binary_cross_entropy": "mean binary cross-entropy, nats",
    "mse": "mean squared error",
}
MOST_NUMBERED = 30
"""Classes of a confusion matrix that has its counts written in it."""
LONGEST_DRAWN = 16
LATIN = "".join(map(chr, range(0xA1, 0x180)))
INK, MISTAKE = "#1b3a5c", "#b03a2e"


def save_figure(figure: Figure, path: Path, *, overwrite: bool = False) -> None:
    """Write a figure as PNG, or as SVG where the path ends so. Raises OutputError."""
    content = svg_bytes(figure) if path.suffix == ".svg" else png_bytes(figure)
    with new_file(path, overwrite=overwrite) as file:
        file.write(content)


def png_bytes(figure: Figure) -> bytes:
    """A figure as PNG."""
    file = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def svg_bytes(figure: Figure) -> bytes:
    """A figure as SVG, its background left out: the same bytes every time."""
    file = io.BytesIO()
    with rc_context({"svg.hashsalt": "mnistnet"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()


def confusion_figure(confusion: Confusion, classes: Sequence[str] = DIGITS) -> Figure:
    """The confusion matrix, true classes down and predicted ones across; mistakes stand out from right answers."""
    figure, count = Figure(figsize=(7.2, 6.6)), len(classes)
    kind = "digit" if tuple(classes) == DIGITS else "class"
    figure.subplots_adjust(left=0.09, right=0.91, bottom=0.065, top=0.962)
    if kind == "class":
        figure.subplots_adjust(left=0.2, right=0.98, bottom=0.18, top=0.95)
    axes = figure.subplots()
    wrong = np.where(np.eye(count, dtype=bool), 0, confusion)
    axes.imshow(np.ma.masked_equal(wrong, 0), cmap="Oranges", norm=LogNorm(0.5, 4 * max(2, wrong.max())))
    for (true, predicted), images in np.ndenumerate(confusion):
        if images and count <= MOST_NUMBERED:
            right = true == predicted
            axes.text(
                predicted,
                true,
                f"{images:,}",
                ha="center",
                va="center",
                color=INK if right else "black",
                weight="bold" if right else "normal",
                size=min(11, 110 / count),
            )
    errors = int(wrong.sum())
    axes.set(
        xlabel=f"predicted {kind}",
        ylabel=f"true {kind}",
        xticks=range(count),
        yticks=range(count),
        title=f"{errors:,} of {confusion.sum():,} test images misread",
    )
    if kind == "class":
        names, size = [drawn(name) for name in classes], min(9, 300 / count)
        axes.set_xticklabels(names, rotation=90, size=size)
        axes.set_yticklabels(names, size=size)
    axes.set_xticks(np.arange(count + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(count + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85")
    axes.tick_params(which="both", length=0)
    return figure


def drawn(name: str) -> str:
    """A class's name as it can be drawn: short, with codes for what the font may lack, and no sign of formulas."""
    shown = "".join(char if " " <= char <= "~" or char in LATIN else ascii(char)[1:-1] for char in name)
    return (shown if len(shown) <= LONGEST_DRAWN else f"{shown[: LONGEST_DRAWN - 3]}...").replace("$", r"\$")


def curves_figure(epochs: list[dict[str, Any]], best_epoch: int, settings: dict[str, Any]) -> Figure:
    """Losses over epochs, and to the right the validation accuracy where there is one; the chosen epoch is marked."""
    smoothed = " (smoothed labels)" if settings["label_smoothing"] else ""
    validated = any(epoch["validation_accuracy"] is not None for epoch in epochs)
    figure = Figure(figsize=(9, 3.6))
    figure.subplots_adjust(left=0.115, right=0.99, bottom=0.13, top=0.93, wspace=0.27)
    panels = figure.subplots(1, 1 + validated, squeeze=False)[0]
    numbers, losses = [epoch["number"] for epoch in epochs], panels[0]

    def draw(axes: Axes, name: str, line: str, colour: str, label: str) -> None:
        axes.plot(numbers, [epoch[name] for epoch in epochs], line, color=colour, label=label, markersize=4)

    draw(losses, "loss", "o-", INK, f"training{smoothed}")
    losses.set(title=LOSSES[settings["loss"]], yscale="log")
    if validated:
        draw(losses, "validation_loss", "s--", MISTAKE, "validation")
        draw(panels[1], "validation_accuracy", "s--", MISTAKE, "validation")
        panels[1].yaxis.set_major_formatter(PercentFormatter(1))
        panels[1].set_title("validation accuracy")
    for axes in panels:
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.axvline(best_epoch, color="0.6", linewidth=1, label=f"chosen: epoch {best_epoch}")
        axes.grid(color="0.9")
    losses.legend()
    return figure

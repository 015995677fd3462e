"""Figures of a report, drawn without a display. Only this module and the other *_figures use matplotlib."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mnistnet.arrays import CLASSES, SIDE, Floats
from mnistnet.evaluation.metrics import Confusion
from mnistnet.files import new_file

LOSSES = {
    "cross_entropy": "mean cross-entropy, nats",
    "binary_cross_entropy": "mean binary cross-entropy, nats",
    "mse": "mean squared error",
}
INK, MISTAKE = "#1b3a5c", "#b03a2e"


def save_figure(figure: Figure, path: Path, *, overwrite: bool = False) -> None:
    """Write a figure as PNG. Raises OutputError."""
    FigureCanvasAgg(figure)
    with new_file(path, overwrite=overwrite) as file:
        figure.savefig(file, format="png", dpi=120, metadata={"Software": None})


def confusion_figure(confusion: Confusion) -> Figure:
    """The confusion matrix, true digits down and predicted digits across; mistakes stand out from right answers."""
    figure = Figure(figsize=(7.2, 6.6), layout="constrained")
    axes = figure.subplots()
    wrong = np.where(np.eye(CLASSES, dtype=bool), 0, confusion)
    axes.imshow(np.ma.masked_equal(wrong, 0), cmap="Oranges", norm=LogNorm(0.5, 4 * max(2, wrong.max())))
    for (true, predicted), count in np.ndenumerate(confusion):
        if count:
            right = true == predicted
            axes.text(
                predicted,
                true,
                f"{count:,}",
                ha="center",
                va="center",
                color=INK if right else "black",
                weight="bold" if right else "normal",
                size=11,
            )
    errors = int(wrong.sum())
    axes.set(
        xlabel="predicted digit",
        ylabel="true digit",
        xticks=range(CLASSES),
        yticks=range(CLASSES),
        title=f"{errors:,} of {confusion.sum():,} test images misread",
    )
    axes.set_xticks(np.arange(CLASSES + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(CLASSES + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85")
    axes.tick_params(which="both", length=0)
    return figure


def curves_figure(epochs: list[dict[str, Any]], best_epoch: int, settings: dict[str, Any]) -> Figure:
    """Losses on the left, validation accuracy on the right, over epochs; the chosen epoch is marked."""
    smoothed = " (smoothed labels)" if settings["label_smoothing"] else ""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    losses, accuracies = figure.subplots(1, 2)
    numbers = [epoch["number"] for epoch in epochs]
    losses.semilogy(
        numbers, [epoch["loss"] for epoch in epochs], "o-", color=INK, label=f"training{smoothed}", markersize=4
    )
    losses.semilogy(
        numbers, [epoch["validation_loss"] for epoch in epochs], "s--", color=MISTAKE, label="validation", markersize=4
    )
    accuracies.plot(numbers, [epoch["validation_accuracy"] for epoch in epochs], "s--", color=MISTAKE, markersize=4)
    accuracies.yaxis.set_major_formatter(PercentFormatter(1))
    losses.set(title=LOSSES[settings["loss"]], xlabel="epoch")
    accuracies.set(title="validation accuracy", xlabel="epoch")
    for axes in (losses, accuracies):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.axvline(best_epoch, color="0.6", linewidth=1, label=f"chosen: epoch {best_epoch}")
        axes.grid(color="0.9")
    losses.legend()
    return figure


def mistakes_figure(images: Floats, mistakes: list[dict[str, Any]]) -> Figure:
    """The misread pictures, images (n, 784) in the order of mistakes, each with its answer and its true digit."""
    columns = 8
    rows = max(1, -(-len(mistakes) // columns))
    figure = Figure(figsize=(1.25 * columns, 1.6 * rows + 0.5), layout="constrained")
    figure.suptitle("The worst mistakes on the test set" if mistakes else "No mistakes on the test set")
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if place < len(mistakes):
            mistake = mistakes[place]
            axes.imshow(images[place].reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
            axes.set_title(
                f"read {mistake['predicted']} ({mistake['confidence']:.1%})\ntrue {mistake['label']}", size=9
            )
    return figure

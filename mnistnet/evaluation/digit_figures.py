"""Figures of digits: pictures in a grid, drawn without a display; saved by figures.save_figure.

All digits of a figure are one picture, which draws much faster than a picture each. Lengths are in pixels of a digit,
each of which becomes a whole number of the figure's: so they stay sharp.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mnistnet.arrays import SIDE, Floats
from mnistnet.evaluation.figures import DPI, INK
from mnistnet.nn.network import Params

MISTAKES_ACROSS = 8
UNITS_DOWN, UNITS_ACROSS = 5, 12
WEIGHTS = LinearSegmentedColormap.from_list("weights", ("#ffdca8", "#9a9a9a", "#00306b"))
"""From light orange below 0 to dark blue above: which is which can be told without seeing colours."""
STRENGTHS = {
    "rotation": "rotation ± {:g}°",
    "scale": "scale exp(± {:g})",
    "shear": "shear ± {:g}",
    "shift": "shift ± {:g} px",
    "elastic": "elastic {:g} px",
}
"""The settings that warp digits, and how they are told."""


def digits_figure(
    images: Floats, corners: Sequence[tuple[int, int]], *, height: int, width: int, scale: int
) -> tuple[Figure, Axes]:
    """Images (n, 784), dark on light, with their upper left corners at these rows and columns; text may be added.

    A pixel becomes scale x scale pixels of the figure.
    """
    canvas = np.zeros((height, width), np.float32)
    for image, (row, column) in zip(images, corners, strict=True):
        canvas[row : row + SIDE, column : column + SIDE] = image.reshape(SIDE, SIDE)
    figure = Figure(figsize=(width * scale / DPI, height * scale / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    sides = (0, width, height, 0)
    axes.imshow(canvas, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest", aspect="auto", extent=sides)
    return figure, axes


def mistakes_figure(images: Floats, mistakes: Sequence[Mapping[str, Any]]) -> Figure:
    """The misread pictures, images (n, 784) in the order of mistakes, each with its answer and its true digit."""
    top, down, across = 15, 39, SIDE + 2
    places = [divmod(place, MISTAKES_ACROSS) for place in range(len(mistakes))]
    corners = [(top + row * down, column * across + 1) for row, column in places]
    rows, width = max(1, -(-len(mistakes) // MISTAKES_ACROSS)), MISTAKES_ACROSS * across
    figure, axes = digits_figure(images, corners, height=top + rows * down - 9, width=width, scale=5)
    title = "The worst mistakes on the test set" if mistakes else "No mistakes on the test set"
    axes.text(width / 2, 3, title, ha="center", va="center", size=12)
    for mistake, (row, column) in zip(mistakes, corners, strict=True):
        text = f"read {mistake['predicted']} ({mistake['confidence']:.1%})\ntrue {mistake['label']}"
        axes.text(column + SIDE / 2, row, text, ha="center", va="bottom", size=9)
    return figure


def weights_figure(params: Params) -> Figure:
    """What the units of the first layer look for: those whose weights are largest (by Euclidean norm), each picture
    scaled by its own strongest weight. params are those of a network that reads pictures."""
    weights = params.layers[0].weights.T
    norms = np.linalg.norm(weights.astype(np.float64), axis=1)  # squares may be too large for float32
    chosen = np.argsort(-norms, kind="stable")[: UNITS_DOWN * UNITS_ACROSS]
    top, step = 11, SIDE + 2
    rows, width = -(-len(chosen) // UNITS_ACROSS), UNITS_ACROSS * step
    canvas = np.full((rows * step, width), np.nan)  # nothing between them
    for place, unit in enumerate(chosen):
        row, column = (step * number + 1 for number in divmod(place, UNITS_ACROSS))
        largest = max(np.abs(weights[unit]).max(), np.finfo(np.float32).tiny)
        canvas[row : row + SIDE, column : column + SIDE] = weights[unit].reshape(SIDE, SIDE) / largest
    figure = Figure(figsize=(width * 3 / DPI, (top + len(canvas)) * 3 / DPI))
    axes = figure.add_axes((0, 0, 1, len(canvas) / (top + len(canvas))))
    axes.axis("off")
    axes.imshow(canvas, cmap=WEIGHTS, vmin=-1, vmax=1, interpolation="none", aspect="auto")
    title = (
        f"{len(chosen)} of {len(weights):,} units of the first layer; dark blue: ink here excites it, light: stills it"
    )
    figure.text(0.5, 1 - 0.5 * top / (top + len(canvas)), title, ha="center", va="center", size=10)
    return figure


def warps_figure(images: Floats, labels: Sequence[int], settings: Mapping[str, Any]) -> Figure:
    """What warping makes of digits: images (rows, columns, 784), a row for each of labels, first as it was."""
    top, left, gap = 25, 12, 6
    rows, columns, _ = images.shape
    downs = [top + row * SIDE for row in range(rows)]
    acrosses = [left + column * (SIDE + 1) + gap * (column > 0) for column in range(columns)]
    corners = [(down, across) for down in downs for across in acrosses]
    height, width = downs[-1] + SIDE + 3, acrosses[-1] + SIDE + 3
    figure, axes = digits_figure(images.reshape(-1, SIDE * SIDE), corners, height=height, width=width, scale=3)
    axes.add_patch(Rectangle((left - 1, top - 8), SIDE + 2, rows * SIDE + 9, color=INK, alpha=0.12, linewidth=0))
    strengths = ", ".join(text.format(settings[name]) for name, text in STRENGTHS.items() if settings[name])
    for text, x, y, size in (
        ("Digits as training warps them, anew in every epoch", width / 2, 5.5, 12),
        (strengths, width / 2, 12.5, 9),
        ("original", left + SIDE / 2, top - 3.5, 9),
        ("warped at random", (acrosses[1] + width) / 2, top - 3.5, 9),
    ):
        axes.text(x, y, text, ha="center", va="center", size=size)
    for label, down in zip(labels, downs, strict=True):
        axes.text(left / 2, down + SIDE / 2, f"{label}", ha="center", va="center", size=11, color=INK, weight="bold")
    return figure

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

from mnistnet.arrays import DIGITS, SIDE, Floats, side_of
from mnistnet.evaluation.figures import DPI, INK, drawn
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
    """Images (n, side^2), dark on light, with their upper left corners at these rows and columns; text may be added.

    A pixel becomes scale x scale pixels of the figure.
    """
    canvas, side = np.zeros((height, width), np.float32), side_of(images)
    for image, (row, column) in zip(images, corners, strict=True):
        canvas[row : row + side, column : column + side] = image.reshape(side, side)
    figure = Figure(figsize=(width * scale / DPI, height * scale / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    sides = (0, width, height, 0)
    axes.imshow(canvas, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest", aspect="auto", extent=sides)
    return figure, axes


def enlarged(scale: int, side: int) -> int:
    """How many pixels of a figure become of one of pictures of this side, where it is scale for MNIST's."""
    return max(2, round(scale * SIDE / side))


def mistakes_figure(images: Floats, mistakes: Sequence[Mapping[str, Any]], classes: Sequence[str] = DIGITS) -> Figure:
    """The misread pictures, images (n, side^2) in the order of mistakes, each with its answer and its true class."""
    side = side_of(images)
    top, down, across = 15, side + 11, side + 2
    places = [divmod(place, MISTAKES_ACROSS) for place in range(len(mistakes))]
    corners = [(top + row * down, column * across + 1) for row, column in places]
    rows, width = max(1, -(-len(mistakes) // MISTAKES_ACROSS)), MISTAKES_ACROSS * across
    figure, axes = digits_figure(images, corners, height=top + rows * down - 9, width=width, scale=enlarged(5, side))
    title = "The worst mistakes on the test set" if mistakes else "No mistakes on the test set"
    axes.text(width / 2, 3, title, ha="center", va="center", size=12)
    for mistake, (row, column) in zip(mistakes, corners, strict=True):
        read, true = drawn(classes[mistake["predicted"]]), drawn(classes[mistake["label"]])
        text = f"read {read} ({mistake['confidence']:.1%})\ntrue {true}"
        axes.text(column + side / 2, row, text, ha="center", va="bottom", size=9 if tuple(classes) == DIGITS else 6)
    return figure


def weights_figure(params: Params) -> Figure:
    """What the units of the first layer look for: those whose weights are largest (by Euclidean norm), each picture
    scaled by its own strongest weight. params are those of a network that reads pictures."""
    weights = params.layers[0].weights.T
    norms = np.linalg.norm(weights.astype(np.float64), axis=1)  # squares may be too large for float32
    chosen = np.argsort(-norms, kind="stable")[: UNITS_DOWN * UNITS_ACROSS]
    side = side_of(weights)
    top, step = 11, side + 2
    rows, width = -(-len(chosen) // UNITS_ACROSS), UNITS_ACROSS * step
    canvas = np.full((rows * step, width), np.nan)  # nothing between them
    for place, unit in enumerate(chosen):
        row, column = (step * number + 1 for number in divmod(place, UNITS_ACROSS))
        largest = max(np.abs(weights[unit]).max(), np.finfo(np.float32).tiny)
        canvas[row : row + side, column : column + side] = weights[unit].reshape(side, side) / largest
    scale = enlarged(3, side) / DPI
    figure = Figure(figsize=(width * scale, (top + len(canvas)) * scale))
    axes = figure.add_axes((0, 0, 1, len(canvas) / (top + len(canvas))))
    axes.axis("off")
    axes.imshow(canvas, cmap=WEIGHTS, vmin=-1, vmax=1, interpolation="none", aspect="auto")
    title = (
        f"{len(chosen)} of {len(weights):,} units of the first layer; dark blue: ink here excites it, light: stills it"
    )
    figure.text(0.5, 1 - 0.5 * top / (top + len(canvas)), title, ha="center", va="center", size=10)
    return figure


def warps_figure(images: Floats, labels: Sequence[object], settings: Mapping[str, Any]) -> Figure:
    """What warping makes of digits: images (rows, columns, side^2), a row for each of labels, first as it was."""
    longest = max(map(len, map(str, labels)))
    top, left, gap, size = 25, 12 if longest < 3 else 40, 6, 11 if longest < 3 else 8
    rows, columns, _ = images.shape
    side = side_of(images)
    downs = [top + row * side for row in range(rows)]
    acrosses = [left + column * (side + 1) + gap * (column > 0) for column in range(columns)]
    corners = [(down, across) for down in downs for across in acrosses]
    height, width = downs[-1] + side + 3, acrosses[-1] + side + 3
    figure, axes = digits_figure(
        images.reshape(-1, side * side), corners, height=height, width=width, scale=enlarged(3, side)
    )
    axes.add_patch(Rectangle((left - 1, top - 8), side + 2, rows * side + 9, color=INK, alpha=0.12, linewidth=0))
    title = "Digits" if set(map(str, labels)) <= set(DIGITS) else "Images"
    strengths = ", ".join(text.format(settings[name]) for name, text in STRENGTHS.items() if settings[name])
    for text, x, y, points in (
        (f"{title} as training warps them, anew in every epoch", width / 2, 5.5, 12),
        (strengths, width / 2, 12.5, 9),
        ("original", left + side / 2, top - 3.5, 9),
        ("warped at random", (acrosses[1] + width) / 2, top - 3.5, 9),
    ):
        axes.text(x, y, text, ha="center", va="center", size=points)
    for label, down in zip(labels, downs, strict=True):
        name = drawn(str(label))
        axes.text(left / 2, down + side / 2, name, ha="center", va="center", size=size, color=INK, weight="bold")
    return figure

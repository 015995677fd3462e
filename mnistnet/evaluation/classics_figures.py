"""Figures of small problems: how they were learned, and what was learned; saved by figures.save_figure."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mnistnet.arrays import Floats, Labels

Answer = Callable[[Floats], Floats]
"""From inputs (n, k) to outputs (n, 1)."""

BLUE, ORANGE = "#0072b2", "#d55e00"
COLOURS = LinearSegmentedColormap.from_list("answers", ("#5a9fd4", "white", "#f0a04b"))
"""From blue at 0 to orange at 1, which any colour vision tells apart; light enough for black text."""
STEPS = 201


def losses_figure(curves: Mapping[int, Sequence[float]], solved: Collection[int], *, title: str, loss: str) -> Figure:
    """The training loss of every seed over the epochs; those that did not solve it stand out."""
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    kinds = {True: (BLUE, "-", "solved"), False: (ORANGE, "--", "not solved")}
    counts = {kind: sum((seed in solved) == kind for seed in curves) for kind in kinds}
    named = set()
    for seed, curve in curves.items():
        colour, line, text = kinds[seed in solved]
        label = None if text in named else f"{text}: {counts[seed in solved]} of {len(curves)} seeds"
        named.add(text)
        axes.semilogy(range(1, len(curve) + 1), curve, line, color=colour, linewidth=1.2, alpha=0.8, label=label)
    axes.set(title=title, xlabel="epoch", ylabel=loss)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="0.9")
    axes.legend()
    return figure


def surface_figure(answer: Answer, points: Floats, labels: Labels, *, title: str) -> Figure:
    """What a network with two inputs answers everywhere around its points (n, 2), whose labels are 0 and 1."""
    figure = Figure(figsize=(6.2, 5.2), layout="constrained")
    axes = figure.subplots()
    side = np.linspace(-0.5, 1.5, STEPS)
    draw_surface(axes, side, answer(plane(side)))
    for (x, y), label in zip(points, labels, strict=True):
        axes.plot(x, y, "os"[label], markersize=20, color="white", markeredgecolor="black")
        axes.text(x, y, f"{label}", ha="center", va="center_baseline", weight="bold")
    ticks = (-0.5, 0, 0.5, 1, 1.5)
    axes.set(title=title, xlabel="first input", ylabel="second input", xticks=ticks, yticks=ticks)
    add_colour_bar(figure, axes)
    return figure


def slices_figure(answer: Answer, radius: float, *, title: str) -> Figure:
    """What a network with three inputs answers on three planes through space, and where the ball is in truth."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    figure.suptitle(title)
    side = np.linspace(-3, 3, STEPS)
    panels = figure.subplots(1, 3, sharey=True)
    for axes, height in zip(panels, (-1.0, 0.0, 1.0), strict=True):
        across = plane(side)
        draw_surface(axes, side, answer(np.column_stack([across, np.full(len(across), height, across.dtype)])))
        angle = np.linspace(0, 2 * np.pi, STEPS)
        circle = np.sqrt(radius**2 - height**2)
        axes.plot(circle * np.cos(angle), circle * np.sin(angle), "--", color="black", label="the ball")
        axes.set(title=f"third input {height:g}", xlabel="first input")
    panels[0].set_ylabel("second input")
    panels[0].legend(loc="lower left")
    add_colour_bar(figure, *panels)
    return figure


def curve_figure(answer: Answer, truth: Answer, points: Floats, targets: Floats, *, title: str) -> Figure:
    """What a network with one input answers from -1 to 1, the truth, and the points (n, 1) learned from."""
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    inputs = np.linspace(-1, 1, STEPS, dtype=np.float32)[:, None]
    axes.plot(inputs, truth(inputs), "--", color="black", label="truth")
    axes.plot(inputs, answer(inputs), color=ORANGE, linewidth=2, label="network")
    axes.scatter(points, targets, s=16, color=BLUE, label="learned from", zorder=3)
    axes.set(title=title, xlabel="input", ylabel="output")
    axes.grid(color="0.9")
    axes.legend()
    return figure


def plane(side: Floats) -> Floats:
    """All pairs of numbers of side, (n, 2) float32, the first changing fastest."""
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype(np.float32)


def draw_surface(axes: Axes, side: Floats, outputs: Floats) -> None:
    """Colour a square by the outputs for plane(side), with a line where the answer changes."""
    heights = outputs.reshape(len(side), len(side))
    axes.pcolormesh(side, side, heights, cmap=COLOURS, vmin=0, vmax=1, shading="auto", rasterized=True)
    if heights.min() < 0.5 < heights.max():
        axes.contour(side, side, heights, levels=[0.5], colors="black", linewidths=1.5)
    axes.set_aspect("equal")


def add_colour_bar(figure: Figure, *axes: Axes) -> None:
    """What the colours mean."""
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), COLOURS), ax=list(axes))
    bar.set_label("output (black line: 0.5, where the answer changes)")

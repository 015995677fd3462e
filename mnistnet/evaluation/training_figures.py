"""Figures of what happens during training, drawn without a display; saved by figures.save_figure."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator, PercentFormatter, StrMethodFormatter

from mnistnet.evaluation.ranking import Alternative


def watch_figure(epochs: list[dict[str, Any]]) -> Figure:
    """Gradient, update, activation and dead units of every layer over the epochs, as LayerWatch records them, and the
    learning rate. Layers are told apart by colour and marker.

    epochs are in JSON form; those that were not watched are left out.
    """
    figure = Figure(figsize=(11, 6))
    figure.subplots_adjust(left=0.07, right=0.98, bottom=0.09, top=0.94, wspace=0.28, hspace=0.27)
    *panels, rate, legend = figure.subplots(2, 3).flat
    watched = [epoch for epoch in epochs if epoch["layers"]]
    numbers = [epoch["number"] for epoch in watched]
    layers = list(zip(*(epoch["layers"] for epoch in watched), strict=True))
    for axes, (name, title) in zip(panels, WATCHED.items(), strict=True):
        for depth, layer in enumerate(layers):
            if name == "dead" and depth == len(layers) - 1:  # the output layer has no activation that could die
                continue
            style = {"color": COLOURS[depth % len(COLOURS)], "marker": MARKERS[depth % len(MARKERS)]}
            axes.plot(numbers, [step[name] for step in layer], label=f"layer {depth + 1}", markersize=4, **style)
        axes.set_title(title)
        if name in ("gradient", "update") and any(step[name] > 0 for layer in layers for step in layer):
            axes.set_yscale("log")
            low, high = axes.get_ylim()
            steps = (1, 2, 5) if high < 1000 * low else (1,)
            axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=8))
            axes.yaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        if name == "dead":
            axes.set_ylim(-0.02, 1.02)
            axes.yaxis.set_major_formatter(PercentFormatter(1))
    rate.plot(numbers, [epoch["learning_rate"] for epoch in watched], color="0.3", marker=".")
    rate.set_title("learning rate of an epoch's last step")
    for axes in (*panels, rate):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(color="0.9")
    legend.axis("off")
    legend.legend(handles=panels[0].lines, loc="center", title="epochs across")
    return figure


WATCHED = {
    "gradient": "norm of the gradient in the weights",
    "update": "change of the weights in a step, relative",
    "activation": "root mean square of the outputs",
    "dead": "dead units",
}
"""The fields of LayerWatch, and what they are called."""
MARKERS = "os^Dvx*P"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
"""Told apart with any colour vision (Okabe and Ito 2008)."""
LINES = ("-", "--", ":", "-.")
MOST_CURVES = 12
LEGEND_WIDTH = 36
LEAST_ERROR = 1e-4
"""One image of 10,000: no validation set shows less."""


def experiment_figure(ranked: Sequence[Alternative]) -> Figure:
    """Validation accuracy over the epochs of the best alternatives, the best first: means over seeds, and a band of
    their standard deviation.

    The first setting varied has the colours, the last the lines, and every alternative a marker of its own.
    """
    figure = Figure(figsize=(10, 5.5), layout="constrained")
    axes = figure.subplots()
    drawn = [one for one in ranked if one.curves and all(one.curves)][:MOST_CURVES]
    seen = [list(dict.fromkeys(one.values[name] for one in drawn)) for name in ranked[0].values]
    for place, one in enumerate(drawn):
        kinds = [known.index(value) for known, value in zip(seen, one.values.values(), strict=True)]
        draw_alternative(
            axes, one, colour=COLOURS[kinds[0] % len(COLOURS)], line=LINES[kinds[-1] % len(LINES)], place=place
        )
    scale_as_errors(axes)
    axes.set(xlabel="epoch", ylabel="validation accuracy, spaced by the error's logarithm")
    axes.set_title(title_of(drawn, ranked))
    if drawn:
        names = textwrap.fill(f"{', '.join(ranked[0].values)}: best epoch", LEGEND_WIDTH)
        axes.legend(title=names, loc="upper left", bbox_to_anchor=(1.01, 1), handlelength=4)
    return figure


def title_of(drawn: Sequence[Alternative], ranked: Sequence[Alternative]) -> str:
    """What the curves are, and whether there are more."""
    seeds = len(ranked[0].curves)
    over = f": means over {seeds} seeds with their standard deviation" if seeds > 1 else ""
    return f"Validation accuracy{over}" + f"\nthe best {len(drawn)} of {len(ranked)} are drawn" * (
        len(drawn) < len(ranked)
    )


def draw_alternative(axes: Axes, one: Alternative, *, colour: str, line: str, place: int) -> None:
    """Its curve, as far as all seeds go, the band and the words for the legend."""
    epochs = min(map(len, one.curves))
    errors = 1 - np.array([curve[:epochs] for curve in one.curves])
    numbers, mean = np.arange(1, epochs + 1), errors.mean(axis=0)
    if len(errors) > 1:
        spread = errors.std(axis=0, ddof=1)
        low, high = (np.clip(mean + side * spread, LEAST_ERROR, 1) for side in (-1, 1))
        axes.fill_between(numbers, low, high, color=colour, alpha=0.1, linewidth=0)
    label = textwrap.fill(f"{', '.join(one.values.values())}: {(one.mean or 0) * 100:.2f} %", LEGEND_WIDTH)
    marker = MARKERS[place % len(MARKERS)]
    axes.plot(
        numbers, mean.clip(LEAST_ERROR, 1), line, marker=marker, color=colour, markersize=5, linewidth=1.5, label=label
    )


def scale_as_errors(axes: Axes) -> None:
    """Show errors as accuracies, so that 98 and 99 % are as far apart as 80 and 90 %."""
    axes.set_yscale("log")
    axes.invert_yaxis()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 7)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda error, _: f"{(1 - error) * 100:.4g} %"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color="0.9")

"""Growth's figure: training time over width, batch and data, on logarithmic axes."""

from collections.abc import Sequence
from itertools import cycle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from benchmarks.comparison import Comparison, summary
from benchmarks.job import threads_text

PANELS = {
    "width": "units in each of two hidden layers",
    "batch": "images in a batch",
    "data": "training images",
}


def growth_figure(comparisons: Sequence[Comparison]) -> Figure:
    """A panel for each of what grows, in it a curve of medians for each number of threads."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    for axes, (name, label) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        draw_panel(axes, [one for one in comparisons if one.case.split()[0] == name])
        axes.set_xlabel(label)
    figure.axes[0].legend()
    return figure


def draw_panel(axes: Axes, points: Sequence[Comparison]) -> None:
    """Curves over the numbers in the cases' names."""
    counts = dict.fromkeys(point.threads for point in points)
    for threads, style in zip(counts, cycle(("o-", "s--", "^:")), strict=False):
        curve = {
            int(point.case.split()[1]): summary(point.measured("mnistnet")).median
            for point in points
            if point.threads == threads
        }
        axes.plot(list(curve), list(curve.values()), style, label=threads_text(threads))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(list(curve), [f"{value:,}" for value in curve])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(points[0].unit)
    axes.grid(color="0.9")

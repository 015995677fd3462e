"""Growth's figure: training time over width, batch and data, on logarithmic axes."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from benchmarks.comparison import Comparison, summary

PANELS = {
    "width": "units in each of two hidden layers",
    "batch": "images in a batch",
    "data": "training images",
}
COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red")
LINES = ("-", "--", ":", "-.")


def growth_figure(comparisons: Sequence[Comparison]) -> Figure:
    """A panel for each of what grows; medians, their quartiles as bars, a colour a contestant, a line style a number of
    threads. comparisons are those of growth."""
    figure = Figure(figsize=(12, 4), layout="constrained")
    for axes, (name, label) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        draw_panel(axes, [one for one in comparisons if one.case.split()[0] == name])
        axes.set_xlabel(label)
    figure.axes[0].legend()
    return figure


def draw_panel(axes: Axes, points: Sequence[Comparison]) -> None:
    """One curve for each contestant and number of threads."""
    places = sorted({place(point) for point in points})
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(places, [f"{value:,}" for value in places])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_ylabel(points[0].unit)
    axes.grid(color="0.9")
    for line, threads in zip(LINES, sorted({point.threads for point in points}), strict=False):
        for colour, name in zip(COLOURS, points[0].figures, strict=False):
            of_curve = [point for point in points if point.threads == threads]
            draw_curve(
                axes, of_curve, name, label=f"{name}, {threads} thread{'s' * (threads > 1)}", fmt=line, colour=colour
            )


def draw_curve(axes: Axes, points: Sequence[Comparison], name: str, *, label: str, fmt: str, colour: str) -> None:
    """Medians with bars from quartile to quartile."""
    summaries = [summary(point.measured(name)) for point in points]
    medians = [of.median for of in summaries]
    bars = [[of.median - of.lower for of in summaries], [of.upper - of.median for of in summaries]]
    axes.errorbar(
        list(map(place, points)), medians, yerr=bars, fmt=f"o{fmt}", color=colour, label=label, markersize=4, capsize=2
    )


def place(point: Comparison) -> int:
    """Where a point stands: the number in its case."""
    return int(point.case.split()[1])

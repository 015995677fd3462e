"""Figures of answers: what they are worth, drawn without a display; saved by figures.save_figure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mnistnet.evaluation.figures import INK, MISTAKE

FEW = 10
"""Images, below which a bin's share of right answers says little."""


def reliability_figure(bins: Sequence[Mapping[str, Any]], *, error: float) -> Figure:
    """Confidence against the share of right answers, with its 95 % interval, and below how many images there are of
    each confidence.

    bins are calibration.Bin in JSON form, error the expected calibration error. Bins of few images are hollow.
    """
    figure = Figure(figsize=(5, 4.6))
    figure.subplots_adjust(left=0.15, right=0.96, bottom=0.11, top=0.93, hspace=0.1)
    shares, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    shares.plot((0, 1), (0, 1), "--", color="0.5", linewidth=1, label="as confident as right")
    for few, face, text in ((False, INK, "answers"), (True, "none", f"fewer than {FEW} images")):
        chosen = [one for one in bins if one["images"] and (one["images"] < FEW) == few]
        places = [[one[name] for one in chosen] for name in ("confidence", "accuracy")]
        shares.plot(*places, "o", color=INK, markerfacecolor=face, label=text)
    for one in bins:
        if one["images"]:
            shares.plot([one["confidence"]] * 2, one["interval"], color=INK, linewidth=1, alpha=0.6)
    shares.set(ylabel="share of right answers", ylim=(-0.03, 1.03), xlim=(-0.01, 1.01))
    shares.set_title(f"expected calibration error {error:.4f}")
    shares.legend(loc="best")
    lows, highs, images = (np.array([one[name] for one in bins]) for name in ("low", "high", "images"))
    counts.bar(lows, images, highs - lows, align="edge", color=INK, alpha=0.5, edgecolor=INK)
    counts.set(xlabel="confidence", ylabel="images")
    counts.set_yscale("symlog", linthresh=1)
    shares.yaxis.set_major_formatter(PercentFormatter(1))
    counts.xaxis.set_major_formatter(PercentFormatter(1))
    for axes in (shares, counts):
        axes.grid(color="0.9")
    return figure


def risk_coverage_figure(risks: Sequence[Mapping[str, Any]], *, images: int, sure: tuple[int, int]) -> Figure:
    """What would be wrong if only the most confident were answered, over the share that is answered.

    risks are calibration.Risk in JSON form; sure is how many of the images the network is sure of, and how many of
    these are wrong.
    """
    figure = Figure(figsize=(5, 4.6))
    figure.subplots_adjust(left=0.16, right=0.96, bottom=0.11, top=0.93)
    axes = figure.subplots()
    answered = [one["answered"] / images for one in risks]
    wrong = [one["wrong"] / one["answered"] for one in risks]
    axes.step(answered, wrong, where="post", color=INK, label="the most confident answers")
    if sure[0]:
        place = sure[0] / images, sure[1] / sure[0]
        axes.plot(*place, "D", color=MISTAKE, label=f"called sure: {sure[1]:,} of {sure[0]:,} wrong")
    least = max((share for share, errors in zip(answered, wrong, strict=True) if not errors), default=0)
    left = max(0, 2 * least - 1) if least < 1 else 0  # half of the width for answers of which some are wrong
    axes.set(xlabel="images answered", ylabel="wrong among these", xlim=(left, 1 + 0.01 * (1 - left)))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title("risk and coverage")
    axes.grid(color="0.9")
    axes.legend(loc="upper left")
    return figure

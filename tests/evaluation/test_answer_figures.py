"""Figures of answers: their marks are the numbers that they were given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from mnistnet.evaluation.answer_figures import FEW, reliability_figure, risk_coverage_figure
from mnistnet.evaluation.calibration import reliability, risk_coverage
from mnistnet.evaluation.figures import png_bytes, svg_bytes

RNG = np.random.default_rng(0)
CONFIDENCES = RNG.beta(6, 1, 3000)
RIGHT = RNG.random(3000) < CONFIDENCES
BINS = [one._asdict() for one in reliability(CONFIDENCES, RIGHT)]
RISKS = [one._asdict() for one in risk_coverage(CONFIDENCES, RIGHT)]


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes if (legend := axes.get_legend()) for text in legend.get_texts()]


def test_every_bin_is_a_point_hollow_where_it_has_few_images() -> None:
    figure = reliability_figure(BINS, error=0.0123)
    _, many, few, *intervals = figure.axes[0].lines
    drawn = {tuple(line.get_ydata()) for line in intervals}
    assert drawn == {tuple(one["interval"]) for one in BINS if one["images"]}
    points = {tuple(point) for line in (many, few) for point in line.get_xydata().tolist()}
    assert points == {(one["confidence"], one["accuracy"]) for one in BINS if one["images"]}
    assert len(few.get_xydata()) == sum(0 < one["images"] < FEW for one in BINS) > 0
    assert few.get_markerfacecolor() == "none"
    assert [bar.get_height() for bar in figure.axes[1].patches] == [one["images"] for one in BINS]
    assert "0.0123" in figure.axes[0].get_title()


def test_the_risk_curve_ends_at_all_images_and_shows_where_the_network_is_sure() -> None:
    figure = risk_coverage_figure(RISKS, images=3000, sure=(2000, 50))
    curve, sure = figure.axes[0].lines
    assert curve.get_xydata()[-1].tolist() == [1, (~RIGHT).mean()]
    assert sure.get_xydata().tolist() == [[2000 / 3000, 0.025]]
    assert "called sure: 50 of 2,000 wrong" in labels(figure)


@pytest.mark.parametrize("wrong", [0, 1])
def test_all_right_all_wrong_and_never_sure_are_drawn_too(wrong: int) -> None:
    risks = [{"answered": count, "wrong": wrong * count, "confidence": 1.0} for count in (1, 2)]
    figure = risk_coverage_figure(risks, images=2, sure=(0, 0))
    assert len(figure.axes[0].lines) == 1
    assert png_bytes(figure).startswith(b"\x89PNG")


def test_svg_has_the_same_bytes_every_time() -> None:
    one, again = (svg_bytes(reliability_figure(BINS, error=0)) for _ in range(2))
    assert one == again
    assert one.startswith(b"<?xml")

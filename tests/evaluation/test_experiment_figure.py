"""The figure of an experiment, drawn for real and looked at through matplotlib's own eyes."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mnistnet.evaluation.figures import save_figure
from mnistnet.evaluation.ranking import Alternative
from mnistnet.evaluation.training_figures import MOST_CURVES, experiment_figure


def grid(optimizers: int, activations: int, *, seeds: int = 3, epochs: int = 4) -> list[Alternative]:
    """Alternatives of two settings, with curves that rise from 0.5."""
    rises = np.linspace(0, 0.4, epochs)
    return [
        Alternative(
            {"optimizer": f"o{first}", "activation": f"a{second}"},
            [[0.5 + 0.01 * (first + seed) + rise for rise in rises] for seed in range(seeds)],
            seconds=1.0,
        )
        for first in range(optimizers)
        for second in range(activations)
    ]


def labels(figure: Figure) -> list[str]:
    legend = figure.axes[0].get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


FAILED = Alternative({"optimizer": "o9", "activation": "a9"}, [[0.5], []], seconds=1.0, failure="seed 1 failed: why")
UNEVEN = Alternative({"optimizer": "o8", "activation": "a8"}, [[0.5, 0.6, 0.7], [0.6, 1.0]], seconds=1.0)


@pytest.mark.parametrize("ranked", [grid(3, 3), grid(5, 3), grid(1, 1, seeds=1, epochs=1), [UNEVEN], [FAILED]])
def test_it_becomes_a_whole_png_with_a_curve_for_each(ranked: list[Alternative], tmp_path: Path) -> None:
    figure = experiment_figure(ranked)
    expected = min(MOST_CURVES, sum(not one.failure for one in ranked))
    assert len(figure.axes[0].lines) == len(labels(figure)) == expected
    save_figure(figure, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        picture.load()
        assert picture.format == "PNG"


def test_each_curve_is_the_mean_over_the_seeds_as_far_as_all_go() -> None:
    [line] = experiment_figure([UNEVEN]).axes[0].lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 2])
    np.testing.assert_allclose(np.asarray(line.get_ydata()), [0.45, 0.2])  # errors, shown as accuracies


def test_no_two_curves_look_alike_and_the_ticks_are_accuracies() -> None:
    axes = experiment_figure(grid(4, 3)).axes[0]
    assert len({(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axes.lines}) == 12
    assert axes.yaxis.get_major_formatter()(0.05) == "95 %"
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_it_says_where_not_all_are_drawn() -> None:
    assert "the best 12 of 15 are drawn" in experiment_figure(grid(5, 3)).axes[0].get_title()
    assert "are drawn" not in experiment_figure(grid(4, 3)).axes[0].get_title()

"""Figures of small problems, drawn for real."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mnistnet.arrays import Floats
from mnistnet.evaluation.classics_figures import curve_figure, losses_figure, plane, slices_figure, surface_figure
from mnistnet.evaluation.figures import save_figure

POINTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
LABELS = np.array([0, 1, 1, 0])


def product(inputs: Floats) -> Floats:
    """0.5 where any input is 0."""
    answers: Floats = (0.5 + inputs.prod(axis=1, keepdims=True)).clip(0, 1)
    return answers


@pytest.mark.parametrize(
    "figure",
    [
        losses_figure({0: [1.0, 0.1], 1: [1.0, 0.9]}, {0}, title="losses", loss="mse"),
        surface_figure(product, POINTS, LABELS, title="surface"),
        surface_figure(lambda inputs: np.zeros((len(inputs), 1)), POINTS, LABELS, title="one answer everywhere"),
        slices_figure(product, 1.5, title="slices"),
        curve_figure(np.sin, np.cos, np.zeros((3, 1)), np.ones((3, 1)), title="curve"),
    ],
)
def test_every_figure_becomes_a_whole_png_without_a_display(figure: Figure, tmp_path: Path) -> None:
    save_figure(figure, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert len(picture.convert("L").getcolors(256)) > 2  # type: ignore[arg-type]


def test_the_loss_figure_counts_who_solved_it() -> None:
    axes = losses_figure({0: [1.0], 1: [2.0], 5: [3.0]}, {0, 5}, title="losses", loss="mse").axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [  # type: ignore[union-attr]
        "solved: 2 of 3 seeds",
        "not solved: 1 of 3 seeds",
    ]
    assert len(axes.lines) == 3


def test_a_plane_has_its_first_number_across() -> None:
    np.testing.assert_array_equal(plane(np.array([0.0, 1.0])), [[0, 0], [1, 0], [0, 1], [1, 1]])


def test_the_surface_has_first_input_across_and_second_up() -> None:
    figure = surface_figure(lambda inputs: inputs[:, :1], POINTS, LABELS, title="surface")
    heights = np.asarray(figure.axes[0].collections[0].get_array())
    assert (heights[:, 0] == -0.5).all()
    assert (heights[:, -1] == 1.5).all()
    assert figure.axes[0].get_xlabel() == "first input"

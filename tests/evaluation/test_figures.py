"""Figures, drawn for real and opened again."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mnistnet.evaluation.figures import confusion_figure, curves_figure, mistakes_figure, save_figure
from mnistnet.evaluation.training_figures import watch_figure
from tests.models import small_model

PROVENANCE = small_model().provenance
MISTAKES = [{"label": 4, "predicted": 9, "confidence": 0.8}] * 3


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize(
    "figure",
    [
        confusion_figure(np.array(PROVENANCE.confusion)),
        confusion_figure(np.diag([980] * 10)),
        curves_figure(PROVENANCE.epochs, 1, PROVENANCE.settings),
        curves_figure([], 0, PROVENANCE.settings),
        watch_figure(PROVENANCE.epochs * 2),
        mistakes_figure(np.zeros((3, 784)), MISTAKES),
        mistakes_figure(np.zeros((0, 784)), []),
    ],
)
def test_every_figure_becomes_a_whole_png_without_a_display(figure: Figure, tmp_path: Path) -> None:
    save_figure(figure, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert min(picture.size) > 200
        assert len(picture.convert("L").getcolors(256)) > 2  # type: ignore[arg-type]


def test_the_confusion_figure_shows_every_count_and_names_its_axes() -> None:
    figure = confusion_figure(np.array(PROVENANCE.confusion))
    assert sorted(texts(figure)) == ["1"] * 6 + ["2"] * 7
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("predicted digit", "true digit")


def test_each_mistake_is_shown_with_answer_and_truth() -> None:
    titles = [axes.get_title() for axes in mistakes_figure(np.zeros((3, 784)), MISTAKES).axes]
    assert titles[:3] == ["read 9 (80.0%)\ntrue 4"] * 3


def test_the_watch_figure_has_a_line_a_layer_and_none_for_the_output_layers_dead_units() -> None:
    panels = watch_figure(PROVENANCE.epochs).axes
    assert [len(axes.lines) for axes in panels] == [2, 2, 2, 1, 1, 0]
    assert panels[3].lines[0].get_label() == "layer 1"
    assert panels[0].lines[1].get_ydata() == [0.2]
    assert panels[4].lines[0].get_ydata() == [0.2]  # the learning rate

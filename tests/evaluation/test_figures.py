"""Figures, drawn for real and opened again."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

from mnistnet.evaluation.figures import confusion_figure, curves_figure, save_figure
from mnistnet.evaluation.training_figures import watch_figure
from tests.models import small_model

PROVENANCE = small_model().provenance


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


def test_the_watch_figure_has_a_line_a_layer_and_none_for_the_output_layers_dead_units() -> None:
    panels = watch_figure(PROVENANCE.epochs).axes
    assert [len(axes.lines) for axes in panels] == [2, 2, 2, 1, 1, 0]
    assert panels[3].lines[0].get_label() == "layer 1"
    assert panels[0].lines[1].get_ydata() == [0.2]
    assert panels[4].lines[0].get_ydata() == [0.2]  # the learning rate


@pytest.mark.parametrize("epochs", [1, 2, 5, 300])
def test_epochs_are_counted_in_whole_numbers(epochs: int) -> None:
    facts = [PROVENANCE.epochs[0] | {"number": number} for number in range(1, epochs + 1)]
    for figure in (curves_figure(facts, 1, PROVENANCE.settings), watch_figure(facts)):
        for axes in figure.axes[:2]:
            assert all(tick == round(tick) for tick in axes.get_xticks())


def test_without_validation_the_curves_figure_shows_the_training_loss_alone() -> None:
    unknown = {"validation_loss": None, "validation_accuracy": None}
    [losses] = curves_figure([PROVENANCE.epochs[0] | unknown], 1, PROVENANCE.settings).axes
    assert [line.get_label() for line in losses.lines] == ["training (smoothed labels)", "chosen: epoch 1"]


def reach(axes: Axes) -> Bbox:
    """The room that axes take with all their text."""
    box = axes.get_tightbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("losses", [(2.3026, 2.3024), (0.02412, 0.02405), (1e7, 0.1)])
def test_the_curves_figure_has_room_for_long_numbers(losses: tuple[float, float]) -> None:
    epochs = [
        PROVENANCE.epochs[0] | {"number": number, "loss": loss, "validation_accuracy": 0.985 + 0.0035 * number}
        for number, loss in enumerate(losses)
    ]
    figure = curves_figure(epochs, 1, PROVENANCE.settings)
    FigureCanvasAgg(figure).draw()
    left, right = map(reach, figure.axes)
    assert 0 < left.x0 < left.x1 < right.x0
    assert right.x1 < figure.bbox.x1
    assert min(left.y0, right.y0) > 0
    assert max(left.y1, right.y1) < figure.bbox.y1

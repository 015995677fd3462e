"""Figures of digits, drawn for real and looked at pixel by pixel."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from mnistnet.arrays import Bytes, Floats
from mnistnet.data.mnist import load_sample
from mnistnet.evaluation.digit_figures import UNITS_ACROSS, UNITS_DOWN, mistakes_figure, warps_figure, weights_figure
from mnistnet.evaluation.figures import DPI, save_figure
from mnistnet.nn.network import Network, initial_params

DIGITS = load_sample().test.images[::50]  # two of each class
MISTAKES = [{"label": 4, "predicted": 9, "confidence": 1.0}] * 20
LONG = {"rotation": 170.123, "scale": 0.123456, "shear": 0.123456, "shift": 11.1234, "elastic": 11.1234}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def drawn(figure: Figure, path: Path) -> Bytes:
    """The figure's grey pixels, by way of its PNG."""
    save_figure(figure, path)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))


def place_of(image: Floats, pixels: Bytes, *, scale: int) -> tuple[int, int]:
    """Row and column of the one place where an image stands dark on light, each of its pixels a square of this side."""
    expected = 255 - 255 * image.reshape(28, 28)
    corners = np.lib.stride_tricks.sliding_window_view(pixels[::scale, ::scale], expected.shape)
    [(row, column)] = np.argwhere((abs(corners - expected) <= 1).all(axis=(2, 3)))  # 1 is rounding
    size = 28 * scale
    found = pixels[row * scale :, column * scale :][:size, :size]
    assert (abs(found - expected.repeat(scale, axis=0).repeat(scale, axis=1)) <= 1).all()
    return int(row), int(column)


@pytest.mark.parametrize("count", [1, 8, 9])
def test_misread_pictures_stand_in_rows_of_eight_with_sharp_pixels(count: int, tmp_path: Path) -> None:
    pixels = drawn(mistakes_figure(DIGITS[:count], MISTAKES[:count]), tmp_path / "figure.png")
    places = [place_of(digit, pixels, scale=5) for digit in DIGITS[:count]]
    assert places == sorted(places)
    assert len({row for row, _ in places}) == -(-count // 8)
    assert len({column for _, column in places}) == min(count, 8)


def test_each_mistake_has_answer_and_truth_above_it() -> None:
    assert texts(mistakes_figure(DIGITS, MISTAKES))[1:] == ["read 9 (100.0%)\ntrue 4"] * 20
    assert texts(mistakes_figure(DIGITS[:0], [])) == ["No mistakes on the test set"]


def test_warped_digits_stand_beside_their_label_with_sharp_pixels_and_the_original_is_set_off(tmp_path: Path) -> None:
    figure = warps_figure(DIGITS[:12].reshape(3, 4, 784), [5, 7, 9], LONG)
    pixels = drawn(figure, tmp_path / "figure.png")
    middles = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    for label, row in zip("579", DIGITS[:12].reshape(3, 4, 784), strict=True):
        places = [place_of(digit, pixels, scale=3) for digit in row[1:]]
        assert places == sorted(places)
        assert {down + 14 for down, _ in places} == {middles[label]}
    original = pixels[3 * places[0][0] :, : 3 * places[0][1]]
    assert original.min() < 20
    assert np.bincount(original.ravel())[210:240].sum() > 28 * 28 * 9 / 2  # most of its background is tinted
    assert (pixels[:, 3 * places[0][1] :] == 255).mean() > 0.7


def test_the_sheet_tells_the_strengths_that_are_not_0() -> None:
    strengths = {"rotation": 14.0, "scale": 0.15, "shear": 0.12, "shift": 1.5, "elastic": 1.0}
    rows = DIGITS[:2].reshape(1, 2, 784)
    assert "rotation ± 14°, scale exp(± 0.15), shear ± 0.12, shift ± 1.5 px, elastic 1 px" in texts(
        warps_figure(rows, [0], strengths)
    )
    assert "shear ± 0.12" in texts(warps_figure(rows, [0], dict.fromkeys(strengths, 0) | {"shear": 0.12}))


@pytest.mark.parametrize(
    "figure",
    [
        mistakes_figure(DIGITS, MISTAKES),
        warps_figure(np.repeat(DIGITS[::2], 9, 0).reshape(10, 9, 784), range(10), LONG),
    ],
    ids=["mistakes", "warps"],
)
def test_all_text_is_inside_the_figure_and_none_overlaps(figure: Figure) -> None:
    figure.set_dpi(DPI)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    for box in boxes:
        assert min(box.x0, box.y0) > 0
        assert box.x1 < figure.bbox.x1
        assert box.y1 < figure.bbox.y1
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)


def test_a_sheet_is_a_small_file(tmp_path: Path) -> None:
    images = load_sample().test.images[::11][:90].reshape(10, 9, 784)
    save_figure(warps_figure(images, range(10), LONG), tmp_path / "warps.png")
    assert (tmp_path / "warps.png").stat().st_size < 150_000


@pytest.mark.parametrize("units", [1, 13, 100])
def test_units_are_shown_by_their_weights_the_largest_first(units: int) -> None:
    params = initial_params(Network((784, units, 10)), rng=np.random.default_rng(units))
    weights = params.layers[0].weights
    weights *= 1.2 ** np.arange(units, dtype=np.float32)  # the last are the largest
    figure = weights_figure(params)
    (picture,) = figure.axes[0].images
    pixels = np.ma.filled(picture.get_array(), np.nan)
    shown = min(units, UNITS_ACROSS * UNITS_DOWN)
    for place in {0, shown - 1}:
        row, column = (30 * number + 1 for number in divmod(place, UNITS_ACROSS))
        unit = weights[:, units - 1 - place]
        np.testing.assert_allclose(pixels[row : row + 28, column : column + 28].ravel(), unit / abs(unit).max())
    assert np.isfinite(pixels).sum() == 784 * shown
    assert f"{shown} of {units} units" in figure.texts[0].get_text()


def test_a_unit_without_weights_is_drawn() -> None:
    params = initial_params(Network((784, 2, 10)), rng=np.random.default_rng(0))
    params.layers[0].weights[:] = 0
    assert np.nanmax(weights_figure(params).axes[0].images[0].get_array()) == 0

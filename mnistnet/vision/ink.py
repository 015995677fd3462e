"""Ink: what was written, whatever the paper, the pen and the light."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistnet.arrays import Floats
from mnistnet.vision.lines import without_lines
from mnistnet.vision.pieces import without_specks
from mnistnet.vision.surroundings import find_surroundings

MIN_CONTRAST = 0.06
"""Between ink and paper, as a share of the way from black to white; what is fainter is taken for none."""

_NOISE_CUT = 2.5  # standard deviations of the paper's noise
_FAINT_CUT = 0.08  # of the ink's own level: JPEG ringing, smudges
_THUMBNAIL = 64  # pixels on the longer side: enough to see the light and the polarity by
_BINS = 1024


class Ink(NamedTuple):
    """pixels is (h, w) float32, ink 1 on background 0; none_because says in words why all is background, else is ""."""

    pixels: Floats
    none_because: str


class _Levels(NamedTuple):
    paper: float
    noise: float
    ink: float


def find_ink(grey: Floats) -> Ink:
    """The ink on a picture, given as lightness, (h, w) in [0, 1]; it may be dark on light or light on dark."""
    if grey.min() == grey.max():
        return _no_ink(grey, "the picture is all one colour")
    found = _contrasting(grey)
    empty = find_surroundings(grey, found.pixels)
    if empty.any():
        inside = _contrasting(np.where(empty, _upper_median(grey[~empty]), grey))
        if not inside.none_because:
            found = Ink(np.where(empty, 0, inside.pixels), "")
    return found._replace(pixels=without_specks(without_lines(found.pixels)))


def _contrasting(grey: Floats) -> Ink:
    """All that is not paper."""
    depth = _depth(grey)
    levels = _levels(depth)
    contrast = levels.ink - levels.paper
    if contrast < MIN_CONTRAST:
        return _no_ink(grey, "the contrast is too low")
    cut = max(_NOISE_CUT * levels.noise / contrast, _FAINT_CUT)
    if cut > 0.7:
        return _no_ink(grey, "nothing but noise")
    pixels = np.clip((depth - np.float32(levels.paper)) / np.float32(contrast), 0, 1)
    pixels[pixels < cut] = 0
    return Ink(pixels, "")


def _no_ink(grey: Floats, reason: str) -> Ink:
    return Ink(np.zeros(grey.shape, np.float32), f"no ink: {reason}")


def _depth(grey: Floats) -> Floats:
    """Rises from paper to ink: grey with the unevenness of the light taken off, turned over for dark ink."""
    small = np.asarray(Image.fromarray(grey).reduce(max(1, round(max(grey.shape) / _THUMBNAIL))))
    light = _uneven_light(small)
    if light is not None:
        small = small - light
        grey = grey - np.asarray(Image.fromarray(light).resize(grey.shape[::-1], Image.Resampling.BILINEAR))
    return grey if _is_light_on_dark(small) else -grey


def _uneven_light(small: Floats) -> Floats | None:
    """A quadratic surface through the paper; None where taking it off would not part ink from paper more cleanly."""
    height, width = small.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].reshape(2, -1)
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    values = small.ravel().astype(float)
    paper = np.maximum(np.abs(x), np.abs(y)) > 0.8  # at first the rim, then all that is near the last surface
    for _ in range(5):
        surface = np.linalg.lstsq((terms * paper) @ terms.T, (terms * paper) @ values, rcond=None)[0] @ terms
        away = np.abs(values - surface)
        paper = away <= 3 * _upper_median(away) + 1e-3
    if _separability(values - surface) < _separability(values) + 0.05:
        return None
    return np.asarray(surface.reshape(small.shape), np.float32)


def _upper_median(values: Floats) -> float:
    return float(np.partition(values, len(values) // 2)[len(values) // 2])  # np.median would import numpy.ma: 10 ms


def _separability(values: Floats) -> float:
    """The share of the variance that the best split into two levels explains (Otsu 1979)."""
    ordered = np.sort(values - values.mean())
    below = np.arange(1, len(ordered))
    between = np.cumsum(ordered)[:-1] ** 2 * (1 / below + 1 / below[::-1])
    return float(between.max() / max(ordered @ ordered, 1e-12))


def _is_light_on_dark(small: Floats) -> bool:
    """Paper is what there is more of, over the whole picture and along its rim; in doubt it is the lighter."""
    dark = small < (small.min() + small.max()) / 2
    border = np.ones_like(dark)
    border[1:-1, 1:-1] = False
    return bool(dark.mean() + dark[border].mean() > 1)


def _levels(depth: Floats) -> _Levels:
    """The levels of paper and ink in depth, and the standard deviation of the paper, from a histogram.

    Ink is what lies nearer to the deepest pixels than to paper; a handful of pixels deeper still are taken for specks.
    """
    low = float(depth.min())
    step = max(float(depth.max()) - low, 1e-6) / (_BINS - 1)
    counts = np.bincount(((depth - low) * np.float32(1 / step)).ravel().astype(np.intp), minlength=_BINS)
    bins = np.arange(len(counts))
    top = len(counts) - 1 - int(np.searchsorted(np.cumsum(counts[::-1]), 4 + depth.size // 50_000))
    paper = round(float(counts @ bins) / depth.size)
    for _ in range(4):
        middle = (paper + top) // 2 + 1
        paper = _quantile(counts[:middle], 0.5)
    noise = 1.4826 * _quantile(np.bincount(np.abs(bins[:middle] - paper), counts[:middle]), 0.5)
    ink = middle + _quantile(counts[middle : top + 1], 0.75)
    return _Levels(low + paper * step, noise * step, low + ink * step)


def _quantile(counts: NDArray[Any], share: float) -> int:
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))

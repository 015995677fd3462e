"""Ink: what was written, whatever the paper, the pen and the light."""

import math
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
_SURE = 0.4  # of the ink's level: what is deeper is ink, however noisy the paper
_MOST_UNREST = 0.28  # noise, as a share of the contrast, in which ink is seen
_UNREST = 0.1  # from which the paper is looked at more closely,
_PATCHES = 12  # so many on the longer side,
_PAPER = 0.6  # as the mean of what lies below this share of the contrast,
_LEAST_PAPER = 0.1  # of each patch: else strokes are too broad for it
_FAINT_CUT = 0.08  # of the ink's own level: JPEG ringing, smudges
_THUMBNAIL = 64  # pixels on the longer side: enough to see the light and the polarity by
_EVEN = 1e-3  # paper that differs by less is evenly lit
_MOST_EDGES = 2**19  # between ink and paper, across or down; a page of text has 300,000
_BINS = 1024
_SAMPLE = 2**18  # pixels are enough to know the levels by
_TERMS = [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)]  # of a quadratic surface: powers of y and x


class Ink(NamedTuple):
    """pixels is (h, w) float32, ink 1 on background 0; none_because says in words why all is background, else is ""."""

    pixels: Floats
    none_because: str


class _Levels(NamedTuple):
    paper: float
    noise: float
    ink: float

    @property
    def contrast(self) -> float:
        return self.ink - self.paper

    @property
    def unrest(self) -> float:
        """The noise as a share of the contrast."""
        return self.noise / max(self.contrast, 1e-6)


def find_ink(grey: Floats) -> Ink:
    """The ink on a picture, given as lightness, (h, w) in [0, 1]; it may be dark on light or light on dark."""
    if grey.min() == grey.max():
        return _no_ink(grey, "the picture is all one colour")
    found = _contrasting(grey)
    empty = find_surroundings(grey, found.pixels)
    if empty.any():
        inside = _contrasting(np.where(empty, upper_median(grey[~empty]), grey))
        if not inside.none_because:
            found = Ink(np.where(empty, 0, inside.pixels), "")
    if _is_speckled(found.pixels > 0):
        return _no_ink(grey, "nothing but noise")
    return found._replace(pixels=without_specks(without_lines(found.pixels)))


def _is_speckled(mask: NDArray[np.bool_]) -> bool:
    """More than any writing is; bounds the time that its pieces and lines take."""
    down, across = mask[1:] != mask[:-1], mask[:, 1:] != mask[:, :-1]
    return max(int(down.sum()), int(across.sum())) > _MOST_EDGES


def _contrasting(grey: Floats) -> Ink:
    """All that is not paper."""
    depth = _depth(grey)
    levels = _levels(_sample(depth))
    if levels.unrest > _UNREST and (paper := _paper_nearby(depth, levels)) is not None:
        depth = depth - paper
        levels = _levels(_sample(depth))
    if levels.contrast < MIN_CONTRAST:
        return _no_ink(grey, "the contrast is too low")
    if levels.unrest > _MOST_UNREST:
        return _no_ink(grey, "nothing but noise")
    pixels = depth * np.float32(1 / levels.contrast)
    pixels -= np.float32(levels.paper / levels.contrast)
    np.clip(pixels, 0, 1, out=pixels)
    pixels *= pixels >= max(min(_NOISE_CUT * levels.unrest, _SURE), _FAINT_CUT)
    return Ink(pixels, "")


def _no_ink(grey: Floats, reason: str) -> Ink:
    return Ink(np.zeros(grey.shape, np.float32), f"no ink: {reason}")


def _depth(grey: Floats) -> Floats:
    """Rises from paper to ink: grey with the unevenness of the light taken off, turned over for dark ink."""
    factor = max(1, round(max(grey.shape) / _THUMBNAIL))
    small = np.asarray(Image.fromarray(grey).reduce(factor))
    light = _uneven_light(small, 2 * factor / np.array(grey.shape))
    if light is not None:
        small = small - _surface(light, small.shape, 2 * factor / np.array(grey.shape))
        grey = grey - _surface(light, grey.shape, 2 / np.array(grey.shape))
    return grey if _is_light_on_dark(small) else -grey


def _uneven_light(small: Floats, steps: NDArray[Any]) -> NDArray[Any] | None:
    """The quadratic surface through the paper, see _surface.

    None where taking it off would not part ink from paper more cleanly.
    """
    values = small.ravel().astype(float)
    if upper_median(abs(values - upper_median(values))) < _EVEN:
        return None
    y, x = (_powers(count, step).T for count, step in zip(small.shape, steps, strict=True))
    terms = np.stack([np.outer(y[i], x[j]).ravel() for i, j in _TERMS])
    paper = abs(terms[1:3]).max(axis=0) > 0.8  # at first the rim, then all that is near the last surface
    for _ in range(5):
        weighted = terms * paper
        factors = np.linalg.lstsq(weighted @ terms.T, weighted @ values, rcond=None)[0]
        away = np.abs(values - factors @ terms)
        paper = away <= 3 * upper_median(away) + _EVEN
    if _separability(values - factors @ terms) < _separability(values) + 0.05:
        return None
    surface = np.zeros((3, 3))
    surface[tuple(np.transpose(_TERMS))] = factors
    return surface


def _surface(light: NDArray[Any], shape: tuple[int, ...], steps: NDArray[Any]) -> Floats:
    y, x = (_powers(count, step).astype(np.float32) for count, step in zip(shape, steps, strict=True))
    return y @ light.astype(np.float32) @ x.T


def _powers(count: int, step: float) -> NDArray[Any]:
    return ((np.arange(count) + 0.5) * step - 1)[:, None] ** np.arange(3)


def _paper_nearby(depth: Floats, levels: _Levels) -> Floats | None:
    """The mean of the paper in patches of the picture, joined smoothly: follows folds, shadows and patterns.

    None where there is hardly any paper in a patch.
    """
    paper = depth < levels.paper + _PAPER * levels.contrast
    factor = max(1, round(max(depth.shape) / _PATCHES))
    total, share = (np.asarray(Image.fromarray(part).reduce(factor)) for part in (depth * paper, np.float32(paper)))
    if share.min() < _LEAST_PAPER:
        return None
    height, width = depth.shape
    whole = (0, 0, width / factor, height / factor)  # the last patches may be narrower
    return np.asarray(Image.fromarray(total / share).resize((width, height), Image.Resampling.BILINEAR, whole))


def upper_median(values: Floats) -> float:
    """The median of values, (n,); of two middle ones the upper."""
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


def _sample(picture: Floats) -> Floats:
    """About _SAMPLE of its pixels at even distances, which meet each row and column."""
    stride = max(1, picture.size // _SAMPLE)
    while math.gcd(stride, picture.shape[1]) > 1:
        stride += 1
    return picture.ravel()[::stride]


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

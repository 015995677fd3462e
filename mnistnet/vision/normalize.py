"""MNIST's format: ink -> 28 x 28, the ink's box 20 pixels long, its centre of mass in the middle; or other sizes.

web/static/normalize.js takes the same steps: what is changed here is changed there.
"""

import math

import numpy as np
from PIL import Image

from mnistnet.arrays import BOX, MNIST_FORMAT, Floats, ImageFormat
from mnistnet.vision.box import INK, Box, bounding_box

_USUAL_WIDTH = 2.2  # pixels: MNIST's median is 2.4, that of pictures people make 1.9


def ink_box(ink: Floats) -> Box:
    """The box around ink, (h, w) in [0, 1]; empty at the origin where there is none."""
    return bounding_box(ink > INK)


def to_mnist(ink: Floats, box: Box, *, to: ImageFormat = MNIST_FORMAT, broaden: bool = True) -> Floats:
    """The ink inside box as (28, 28), as MNIST's makers did it: longer side 20, then centred by whole pixels.

    Strokes thinner than most of MNIST's are broadened, unless that is not wanted or there is no room, up to a pixel
    beyond these 20 on either side. In another format both numbers are others. ink is (h, w) in [0, 1]. An empty box, or
    one without ink, gives a picture of zeros.
    """
    picture = np.zeros((to.side, to.side), np.float32)
    part = box.cut(ink)
    if not part.any():
        return picture
    small = _fit(part, to.box)
    if not small.any():  # so faint that nothing was left
        return picture
    small = _with_full_strokes(small)
    if broaden and to.box + 2 <= to.side:
        small = _with_usual_strokes(small, _USUAL_WIDTH * to.box / BOX)
    height, width = small.shape
    top, left = (_margin(small.sum(axis=axis, dtype=np.float64), to.side) for axis in (1, 0))
    picture[top : top + height, left : left + width] = small
    return picture


def _fit(part: Floats, longer: int) -> Floats:
    """Resize so that the longer side is that long; the last row or column may cover less than a whole pixel of ink."""
    shrink = max(part.shape) / longer
    height, width = (math.ceil(side / shrink - 1e-6) for side in part.shape)
    padded = np.zeros([math.ceil(side * shrink - 1e-6) for side in (height, width)], np.float32)
    padded[: part.shape[0], : part.shape[1]] = part
    source = Image.fromarray(padded)
    resized = source.resize((width, height), Image.Resampling.BILINEAR, box=(0, 0, width * shrink, height * shrink))
    return np.asarray(resized)


def _with_full_strokes(small: Floats) -> Floats:
    """Scale so that strokes reach 1, as MNIST's do: thin ones have paled in the reduction."""
    strokes = np.sort(small[small > 0.1 * small.max()])
    return np.asarray(np.clip(small / strokes[int(0.9 * len(strokes))], 0, 1), np.float32)


def _with_usual_strokes(small: Floats, usual: float) -> Floats:
    """Grow strokes that are thinner than usual, by up to a pixel on either side; what has grown has a margin of one."""
    lack = (usual - stroke_width(small)) / 2
    if lack <= 0:
        return small
    thin = np.zeros([side + 2 for side in small.shape], np.float32)
    thin[1:-1, 1:-1] = small
    grown = thin.copy()
    for after, before in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        np.maximum(grown[after], thin[before], out=grown[after])
        np.maximum(grown[before], thin[after], out=grown[before])
    return np.asarray(thin + min(lack, 1) * (grown - thin), np.float32)


def stroke_width(ink: Floats) -> float:
    """Twice the mass by the length of the outline, in pixels; exact where strokes run in all directions."""
    edges = float(np.abs(ink[1:] - ink[:-1]).sum() + np.abs(ink[:, 1:] - ink[:, :-1]).sum())
    edges += float(ink[0].sum() + ink[-1].sum() + ink[:, 0].sum() + ink[:, -1].sum())
    return 2 * float(ink.sum()) / (edges * math.pi / 4)  # a stair of pixels is 4 / pi times as long


def _margin(masses: Floats, side: int) -> int:
    """Where the first of masses goes, so that their centre falls on pixel side // 2 and all stay inside.

    Half-way between two pixels, as with a symmetric stroke, it is the even one: no rounding error decides that.
    """
    centre = float(masses @ np.arange(len(masses)) / masses.sum())
    return min(max(round(round(side / 2 - centre, 6)), 0), side - len(masses))

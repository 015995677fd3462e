"""MNIST's format: ink -> 28 x 28, the ink's box 20 pixels long, its centre of mass in the middle."""

import math

import numpy as np
from PIL import Image

from mnistnet.arrays import BOX, SIDE, Floats
from mnistnet.vision.box import Box, bounding_box

_SURE = 0.2  # below that may be blur or JPEG ringing, which must not widen the box


def ink_box(ink: Floats) -> Box:
    """The box around ink, (h, w) in [0, 1]; empty at the origin where there is none."""
    return bounding_box(ink > _SURE)


def to_mnist(ink: Floats, box: Box) -> Floats:
    """The ink inside box as (28, 28), as MNIST's makers did it: longer side 20, then centred by whole pixels.

    ink is (h, w) in [0, 1]. An empty box, or one without ink, gives a picture of zeros.
    """
    picture = np.zeros((SIDE, SIDE), np.float32)
    part = box.cut(ink)
    if not part.any():
        return picture
    small = _with_full_strokes(_fit(part))
    height, width = small.shape
    top, left = _margin(small.sum(axis=1)), _margin(small.sum(axis=0))
    picture[top : top + height, left : left + width] = small
    return picture


def _fit(part: Floats) -> Floats:
    """Resize so that the longer side is BOX; the last row or column may cover less than a whole pixel of ink."""
    shrink = max(part.shape) / BOX
    height, width = (math.ceil(side / shrink - 1e-6) for side in part.shape)
    beyond = [(0, math.ceil(new * shrink - 1e-6) - old) for new, old in zip((height, width), part.shape, strict=True)]
    source = Image.fromarray(np.pad(part, beyond))
    resized = source.resize((width, height), Image.Resampling.BILINEAR, box=(0, 0, width * shrink, height * shrink))
    return np.asarray(resized)


def _with_full_strokes(small: Floats) -> Floats:
    """Scale so that strokes reach 1, as MNIST's do: thin ones have paled in the reduction."""
    strokes = np.sort(small[small > 0.1 * small.max()])
    return np.asarray(np.clip(small / strokes[int(0.9 * len(strokes))], 0, 1), np.float32)


def _margin(masses: Floats) -> int:
    """Where the first of masses goes, so that their centre falls on pixel SIDE // 2 and all stay inside."""
    centre = float(masses @ np.arange(len(masses)) / masses.sum())
    return min(max(round(SIDE / 2 - centre), 0), SIDE - len(masses))

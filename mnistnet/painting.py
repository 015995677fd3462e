"""Painting: numbers as squares in two colours, blue for what is above 0 and orange for what is below.

Blue is solid and orange is striped, so that who cannot tell the colours apart, or prints them in grey, can tell the
signs.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistnet.arrays import Floats, side_of

FOR, AGAINST = (0, 84, 160), (230, 126, 0)


def paint_evidence(image: Floats, spoke: Floats, *, scale: int) -> Image.Image:
    """The ink in faint grey; over it solid blue where spoke, (side^2,), is above 0 and striped orange where below."""
    side, paper = side_of(image), 255 - 40 * image
    return paint_signed(spoke.reshape(side, side), paper.reshape(side, side), scale=scale)


def paint_signed(values: Floats, paper: Floats, *, scale: int) -> Image.Image:
    """A square of scale x scale pixels for each of values, (h, w): the deeper in colour, the farther from 0.

    Where they are 0 there is paper, (h, w) in [0, 255].
    """
    strength = (np.abs(values) / max(np.abs(values).max(), 1e-12))[..., None]
    faint = np.repeat(paper[..., None], 3, axis=2)
    colours = np.where(values[..., None] > 0, FOR, AGAINST) * strength + faint * (1 - strength)
    faint, colours = (enlarge(pixels, scale) for pixels in (faint, colours))
    stripes = (np.arange(len(colours)) % min(scale, 4) >= min(scale, 4) // 2)[:, None, None]
    striped = stripes & enlarge(values[..., None] < 0, scale)
    return Image.fromarray(np.uint8(np.where(striped, faint, colours)))


def enlarge(pixels: NDArray[Any], scale: int) -> NDArray[Any]:
    """(h, w, channels) as (scale h, scale w, channels)."""
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)

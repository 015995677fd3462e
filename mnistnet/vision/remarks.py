"""Remarks: what is unusual about a picture and its ink, in a few words, for whoever wonders about an answer."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnistnet.arrays import BOX, Floats
from mnistnet.vision.box import INK, Box
from mnistnet.vision.ink import upper_median
from mnistnet.vision.normalize import ink_box, stroke_width
from mnistnet.vision.pieces import find_pieces, sum_by_piece

_PIECE = 0.1  # of the largest piece's pixels: a decimal point and what is left of a ruled line have less
_FAINT = 0.2  # of the way from black to white, three times what is taken for no ink at all
_RIM = 0.02  # of the digit's longer side lies on the picture's rim
_FEW_PIXELS = 16  # where MNIST's digits have 20
_BLURRED = 1.5  # pixels of MNIST's: digits with wider edges begin to be misread
_HAIRLINE, _SOLID = 0.3, 8.0  # pixels of MNIST's: pens and brushes make strokes of 0.5 to 5
_SAMPLE = 50_000  # pixels
_BROKEN = 2  # pieces of a digit, at most,
_MOST = 0.85  # have so much of the ink
_ALL = 0.97  # of the ink is in one piece a digit
_ON_SIDE = 0.02  # of a side of the picture
_ENOUGH = 100  # pixels a side, to see how evenly dark strokes are
_EDGE = 0.4  # of their mean thickness, on either side, may be blurred,
_BROAD = 0.1  # of the ink lies farther inside: else strokes are too thin to tell
_PALE = 0.6  # of the darkest ink: pens and pencils leave three quarters of their strokes darker
_CUT_OFF = 0.2  # of the ink's box's outline lies on the picture's rim,
_STROKE_END = 0.03  # or more ends of strokes than digits on one side, each as long as this share of the longer side


def find_remarks(grey: Floats, ink: Floats, boxes: Sequence[Box]) -> list[str]:
    """What is unusual, the weightiest first; ink is that of grey, (h, w), and boxes are around the digits read in it.

    Without boxes all the ink is taken for one digit; without ink there is nothing to say.
    """
    whole = ink_box(ink)
    if not whole.width:
        return []
    parts = [box.cut(ink) for box in boxes or [whole]]
    side = max(chain(*(part.shape for part in parts)))
    thickness = BOX / side * float(np.mean([stroke_width(part) for part in parts]))
    blobs = count_pieces(whole.cut(ink))
    remarks = {
        f"{blobs} separate pieces": blobs > len(parts),
        "a filled shape": thickness > _SOLID,
        "blurred": BOX / side * measure_blur(parts) > _BLURRED and side >= BOX,  # else wide because it is small
        "low contrast": find_contrast(grey, ink) < _FAINT,
        "very small": side < _FEW_PIXELS,
        "hairline strokes": thickness < _HAIRLINE,
        "touches the border": longest_side_on_rim(ink) > _RIM * side,
    }
    return [words for words, is_so in remarks.items() if is_so]


def find_doubts(ink: Floats, *, digits: int) -> list[str]:
    """What speaks against so many digits being all that is in a picture with this ink, (h, w) in [0, 1].

    Photos of anything else have ink that is all over the place and runs out of them.
    """
    mask, box = ink > INK, ink_box(ink)
    pixels = measure_pieces(box.cut(ink))
    share = pixels[: _BROKEN * digits].sum() / max(pixels.sum(), 1)
    rim = mask[0], mask[-1], mask[:, 0], mask[:, -1]
    sides = sum(side.mean() > _ON_SIDE for side in rim)
    on_rim = sum(map(np.count_nonzero, rim)) / max(2 * (box.width + box.height), 1)
    ends = max(count_runs(side, least=max(2, _STROKE_END * max(box.width, box.height))) for side in rim)
    is_cut_out = all(side.any() for side in rim)
    doubts = {
        "in many pieces": share < _MOST,
        "unevenly dark": find_paleness(box.cut(ink)) < _PALE,
        "cut off by the border": (on_rim > _CUT_OFF or ends > digits) and not is_cut_out,
        "runs out of the picture": sides >= 2 and pixels[:digits].sum() < _ALL * pixels.sum(),  # else it was cut out
    }
    return [words for words, is_so in doubts.items() if is_so]


def count_runs(mask: NDArray[np.bool_], *, least: float) -> int:
    """How many runs of True in mask, (n,), are as long as that at least."""
    changes = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return int((changes[1::2] - changes[::2] >= least).sum())


def find_paleness(ink: Floats) -> float:
    """How dark three quarters of what is far inside of ink, (h, w) in [0, 1], are at least; 1 where nothing is."""
    small = np.asarray(Image.fromarray(ink).reduce(max(ink.shape) // _ENOUGH + 1))
    padded = np.pad(small > INK, 1)
    pixels, inside = padded.sum(), padded[1:-1, 1:-1]
    for _ in range(max(1, round(_EDGE * stroke_width(small)))):
        inside[:] = inside & padded[2:, 1:-1] & padded[:-2, 1:-1] & padded[1:-1, 2:] & padded[1:-1, :-2]
    dark = small[inside]
    return float(np.partition(dark, len(dark) // 4)[len(dark) // 4]) if len(dark) > _BROAD * pixels else 1.0


def count_pieces(ink: Floats) -> int:
    """Connected pieces of ink, (h, w) in [0, 1], but for small ones."""
    pixels = measure_pieces(ink)
    return int((pixels > _PIECE * pixels.max(initial=0)).sum())


def measure_pieces(ink: Floats) -> NDArray[Any]:
    """How many pixels each connected piece of ink, (h, w) in [0, 1], has, the largest first."""
    runs = find_pieces(ink > INK)
    return np.sort(sum_by_piece(runs, runs.ends - runs.starts))[::-1] if len(runs.piece) else np.zeros(0)


def find_contrast(grey: Floats, ink: Floats) -> float:
    """How far the lightness of ink is from that of paper; both are (h, w) in [0, 1]."""
    some = grey.size // _SAMPLE + 1  # of the paper there is plenty
    on, off = grey[ink > 0.5], grey.ravel()[::some][ink.ravel()[::some] == 0]
    return abs(upper_median(on) - upper_median(off)) if len(on) and len(off) else 1.0


def measure_blur(parts: Sequence[Floats]) -> float:
    """The mean width of the edges of strokes, in pixels of these pieces of ink, (h, w) each."""
    dark = [part >= 0.5 for part in parts]
    outline = sum(np.count_nonzero(np.diff(mask, axis=axis)) for mask in dark for axis in (0, 1))
    soft = sum(np.count_nonzero((part > 0.15) & (part < 0.85)) for part in parts)
    return soft / max(outline, 1)


def longest_side_on_rim(ink: Floats) -> int:
    """How many pixels of the picture's rim have ink, on the side that has most."""
    return max(int((side > 0.5).sum()) for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))

"""Other hands: digits as they are written elsewhere than where MNIST comes from.

In much of the world a 1 has a long flag and often a foot, a 7 a bar and a 0 sometimes a slash. MNIST has few of these
or none. Here some of its digits get them, as straight strokes of a pen, and are put in its format again.
"""

import numpy as np

from mnistnet.arrays import SIDE, Floats
from mnistnet.data.mnist import Examples
from mnistnet.errors import DataError
from mnistnet.vision.box import bounding_box
from mnistnet.vision.normalize import to_mnist

_MARGIN = 16  # pixels around MNIST's 28, for strokes that reach beyond
_ROWS, _COLUMNS = np.mgrid[: SIDE + 2 * _MARGIN, : SIDE + 2 * _MARGIN].astype(np.float32)
_EDGE = 0.2  # of full ink: what is fainter does not widen the box
_FOOT = 0.3  # share of the 1s that get a foot besides

KINDS, SHARES = (1, 7, 0), (0.6, 0.3, 0.1)

Point = tuple[float, float]
"""Row and column."""


def other_hands(examples: Examples, count: int, *, rng: np.random.Generator) -> Examples:
    """count of the examples' 1s, 7s and 0s, with a flag, a bar or a slash.

    Raises DataError where any of these digits is missing.
    """
    if missing := [kind for kind in KINDS if not (examples.labels == kind).any()]:
        raise DataError(
            f"--other-hands needs 0s, 1s and 7s among the images, got none of {missing}; "
            "take more images or --other-hands 0"
        )
    rows = [int(rng.choice(np.flatnonzero(examples.labels == kind))) for kind in rng.choice(KINDS, count, p=SHARES)]
    images, labels = examples.images[rows], examples.labels[rows]
    rewritten = [with_strokes(image, int(label), rng=rng) for image, label in zip(images, labels, strict=True)]
    return Examples(np.reshape(rewritten, images.shape), labels)


def with_strokes(image: Floats, digit: int, *, rng: np.random.Generator) -> Floats:
    """A 0, 1 or 7, (784,), as another hand writes it."""
    ink = np.pad(image.reshape(SIDE, SIDE), _MARGIN)
    width = rng.uniform(1.8, 3.2)
    for start, end in {0: slash, 1: flag_and_foot, 7: bar}[digit](ink, rng):
        ink = with_stroke(ink, start, end, width=width)
    return to_mnist(ink, bounding_box(ink > _EDGE), broaden=False).ravel()


def flag_and_foot(ink: Floats, rng: np.random.Generator) -> list[tuple[Point, Point]]:
    """From the top down to the left; and level at the bottom."""
    box = bounding_box(ink > 0.5)
    top, left = box.y0 + 1.0, middle_of(ink, box.y0 + 1)
    angle, length = np.radians(rng.uniform(20, 65)), box.height * rng.uniform(0.25, 0.75)
    strokes = [((top, left), (top + length * np.cos(angle), left - length * np.sin(angle)))]
    if rng.random() < _FOOT:
        bottom, middle = box.y1 - 2.0, middle_of(ink, box.y1 - 2)
        reach, tilt = box.height * rng.uniform(0.2, 0.45), rng.uniform(-2, 2)
        strokes.append(((bottom + tilt, middle - reach), (bottom - tilt, middle + reach * rng.uniform(0.6, 1))))
    return strokes


def bar(ink: Floats, rng: np.random.Generator) -> list[tuple[Point, Point]]:
    """Across the stem, nearly level."""
    box = bounding_box(ink > 0.5)
    row = round(box.y0 + box.height * rng.uniform(0.5, 0.65))
    middle, reach, tilt = middle_of(ink, row), box.height * rng.uniform(0.15, 0.3), rng.uniform(-2.5, 1)
    return [((row - tilt, middle - reach), (row + tilt, middle + reach * rng.uniform(0.7, 1)))]


def slash(ink: Floats, rng: np.random.Generator) -> list[tuple[Point, Point]]:
    """From the lower left to the upper right, within or beyond the ring."""
    box = bounding_box(ink > 0.5)
    row, column = (box.y0 + box.y1 - 1) / 2, (box.x0 + box.x1 - 1) / 2
    reach = rng.uniform(0.35, 0.65)
    down, across = reach * box.height, reach * box.width * rng.uniform(0.6, 1.1)
    return [((row + down, column - across), (row - down, column + across))]


def middle_of(ink: Floats, row: int) -> float:
    """Where the ink of a row lies on average; of a row without ink, the picture's middle."""
    return float(ink[row] @ _COLUMNS[0] / ink[row].sum()) if ink[row].any() else _COLUMNS[0].mean()


def with_stroke(ink: Floats, start: Point, end: Point, *, width: float) -> Floats:
    """ink with a straight stroke of a round pen, width pixels wide, its edges soft."""
    down, across = end[0] - start[0], end[1] - start[1]
    along = ((_ROWS - start[0]) * down + (_COLUMNS - start[1]) * across) / max(down**2 + across**2, 1e-6)
    along = along.clip(0, 1)
    away = np.hypot(_ROWS - start[0] - along * down, _COLUMNS - start[1] - along * across)
    drawn: Floats = np.maximum(ink, np.clip(width / 2 + 0.5 - away, 0, 1)).astype(np.float32)
    return drawn

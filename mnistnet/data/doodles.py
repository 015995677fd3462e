"""Doodles: scribbles, shapes and textures, white on black, on a square canvas."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mnistnet.arrays import Floats

CANVAS = 64
"""Pixels a side."""
REACH = 21
"""Half the size of what is drawn: the rest is margin, into which it may be bent."""

Draw = Callable[[np.random.Generator], Image.Image]


def scribble(rng: np.random.Generator) -> Image.Image:
    """Aimless pen strokes, of which none makes a figure."""
    return _one_of((_tangle, _tangle, _zigzag, _spiral, _hatching, _hatching, _dots), rng)


def shape(rng: np.random.Generator) -> Image.Image:
    """Filled or in outline: but no lone ring and no lone bar, which are an honest 0 and 1."""
    return _one_of((_polygon, _polygon, _polygon, _blob, _grid, _face, _rings), rng)


def texture(rng: np.random.Generator) -> Image.Image:
    """A piece of something larger: it fills the canvas."""
    return _one_of((_noise, _noise, _noise, _stripes, _page, _gradient), rng)


def stroke(points: Floats, *, width: int, canvas: Image.Image | None = None) -> Image.Image:
    """A pen's line of width pixels through points, (n, 2) x and y from the middle, on canvas or a new one."""
    canvas = canvas or Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(canvas).line((points + CANVAS / 2).ravel().tolist(), fill=255, width=width, joint="curve")
    return canvas


def _one_of(draws: tuple[Draw, ...], rng: np.random.Generator) -> Image.Image:
    return draws[rng.integers(len(draws))](rng)


def _pen(rng: np.random.Generator) -> int:
    return int(rng.integers(2, 8))


def _turned(points: Floats, rng: np.random.Generator) -> Floats:
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]))


def _tangle(rng: np.random.Generator) -> Image.Image:
    """Loops and bows through so many random places that no digit comes of them."""
    places = rng.uniform(-REACH, REACH, (rng.integers(14, 25), 2))
    steps = np.linspace(0, len(places) - 1, 6 * len(places))
    line = np.stack([np.interp(steps, np.arange(len(places)), places[:, axis]) for axis in (0, 1)], axis=1)
    bell = np.hanning(2 * rng.integers(2, 6) + 1)
    smooth = [np.convolve(line[:, axis], bell / bell.sum(), mode="valid") for axis in (0, 1)]
    return stroke(np.stack(smooth, axis=1), width=_pen(rng))


def _zigzag(rng: np.random.Generator) -> Image.Image:
    count = rng.integers(6, 14)
    across = np.linspace(-REACH, REACH, count)
    down = REACH * rng.uniform(0.3, 1) * np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.6, 1, count)
    return stroke(_turned(np.stack([across, down], axis=1), rng), width=int(rng.integers(1, 5)))


def _spiral(rng: np.random.Generator) -> Image.Image:
    angle = np.linspace(0, 2 * np.pi * rng.uniform(2, 4.5), 100)
    radius = np.linspace(rng.uniform(0, 5), REACH, 100)
    curve = np.stack([radius * np.cos(angle), rng.choice([-1, 1]) * radius * np.sin(angle)], axis=1)
    return stroke(_turned(curve * [1, rng.uniform(0.6, 1)], rng), width=int(rng.integers(1, 5)))


def _hatching(rng: np.random.Generator) -> Image.Image:
    """Three or more lines side by side, and in half of all cases as many across."""
    canvas = Image.new("L", (CANVAS, CANVAS))
    width = int(rng.integers(1, 5))
    for _ in range(rng.integers(1, 3)):
        turn = rng.uniform(0, 2 * np.pi)
        for place in np.linspace(-REACH, REACH, rng.integers(3, 8)):
            ends = np.array([[place, -REACH], [place, REACH]]) + rng.uniform(-4, 4, (2, 2))
            cos, sin = np.cos(turn), np.sin(turn)
            stroke(ends @ np.array([[cos, sin], [-sin, cos]]), width=width, canvas=canvas)
    return canvas


def _dots(rng: np.random.Generator) -> Image.Image:
    canvas = Image.new("L", (CANVAS, CANVAS))
    largest = rng.uniform(2, 7)
    for _ in range(rng.integers(4, 30)):
        _disc(canvas, rng.uniform(-REACH, REACH, 2), rng.uniform(1, largest))
    return canvas


def _disc(canvas: Image.Image, middle: Floats, radius: float, *, width: int = 0) -> None:
    """Filled, or with a width a ring."""
    x, y = middle + CANVAS / 2
    box = (x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(canvas).ellipse(box, fill=0 if width else 255, outline=255, width=max(width, 1))


def _star(points: int, inner: float) -> Floats:
    angle = np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2, inner, 1)
    return np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=1)


_TURN = np.linspace(0, 2 * np.pi, 40)
_HEART = np.stack([np.sin(_TURN) ** 3, -np.cos(_TURN) + 0.4 * np.cos(2 * _TURN) + 0.2 * np.cos(3 * _TURN)], axis=1)
_POLYGONS = (
    np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]),
    np.array([[-1, -0.6], [1, -0.6], [1, 0.6], [-1, 0.6]]),
    np.array([[0, -1], [0.9, 0.8], [-0.9, 0.8]]),
    np.array([[-1, 0.9], [1, 0.9], [-1, -0.9]]),
    np.array([[-0.8, -1], [1, 0], [-0.8, 1]]),
    np.array([[0, -1], [0.9, -0.1], [0.9, 1], [-0.9, 1], [-0.9, -0.1]]),  # a house
    np.array([[-1, -0.25], [0.1, -0.25], [0.1, -0.8], [1, 0], [0.1, 0.8], [0.1, 0.25], [-1, 0.25]]),  # an arrow
    np.array([[-1, 0.1], [-0.7, -0.2], [-0.3, 0.3], [0.7, -0.8], [1, -0.5], [-0.3, 0.9]]),  # a tick
    np.array([[0.2, -1], [-0.7, 0.1], [-0.1, 0.1], [-0.4, 1], [0.7, -0.2], [0.1, -0.2], [0.6, -1]]),  # a flash
    _star(5, 0.4),
    _star(4, 0.35),
    _star(6, 0.6),
    _star(9, 0.7),
    _HEART,
)


def _polygon(rng: np.random.Generator) -> Image.Image:
    points: Floats = REACH * _POLYGONS[rng.integers(len(_POLYGONS))] * rng.uniform(0.75, 1, 2)
    if rng.random() < 0.3:
        points = _turned(points, rng)
    if rng.random() < 0.5:
        return stroke(np.concatenate([points, points[:2]]), width=_pen(rng))
    canvas = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(canvas).polygon((points + CANVAS / 2).ravel().tolist(), fill=255)
    return canvas


def _blob(rng: np.random.Generator) -> Image.Image:
    """Filled and round: from a disc to a splash."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    heights, phases = rng.uniform(0, rng.uniform(0, 0.2), 5), rng.uniform(0, 2 * np.pi, (5, 1))
    waves = heights @ np.cos(np.arange(1, 6)[:, None] * angle + phases)
    radius = REACH * (1 + waves) / (1 + np.abs(waves).max())
    canvas = Image.new("L", (CANVAS, CANVAS))
    outline = np.stack([radius * np.cos(angle), rng.uniform(0.6, 1) * radius * np.sin(angle)], axis=1)
    ImageDraw.Draw(canvas).polygon((_turned(outline, rng) + CANVAS / 2).ravel().tolist(), fill=255)
    return canvas


def _grid(rng: np.random.Generator) -> Image.Image:
    """A frame with bars in it."""
    canvas, width = Image.new("L", (CANVAS, CANVAS)), int(rng.integers(1, 5))
    columns, rows = rng.integers(2, 6, 2)
    sides = REACH * rng.uniform(0.6, 1, 2)
    for axis, count in enumerate((columns, rows)):
        for place in np.linspace(-sides[axis], sides[axis], count + 1):
            ends = np.array([[place, -sides[1 - axis]], [place, sides[1 - axis]]])
            stroke(ends[:, ::-1] if axis else ends, width=width, canvas=canvas)
    return canvas


def _face(rng: np.random.Generator) -> Image.Image:
    canvas, width = Image.new("L", (CANVAS, CANVAS)), int(rng.integers(2, 5))
    _disc(canvas, np.zeros(2), REACH, width=width)
    for side in (-1, 1):
        _disc(canvas, np.array([side * rng.uniform(7, 10), -rng.uniform(4, 9)]), rng.uniform(2, 4))
    smile = np.linspace(-1, 1, 12)
    bow = rng.uniform(-5, 6) * (1 - smile**2)
    return stroke(np.stack([rng.uniform(7, 12) * smile, 8 + bow], axis=1), width=width, canvas=canvas)


def _rings(rng: np.random.Generator) -> Image.Image:
    """Two or three within each other: a target, a wheel."""
    canvas, width = Image.new("L", (CANVAS, CANVAS)), int(rng.integers(2, 4))
    for radius in np.linspace(REACH, rng.uniform(7, 11), rng.integers(2, 4)):  # no dotted 0
        _disc(canvas, rng.uniform(-1, 1, 2), radius, width=width)
    return canvas


def _image(levels: Floats) -> Image.Image:
    return Image.fromarray(np.uint8(255 * np.clip(levels, 0, 1)))


def _noise(rng: np.random.Generator) -> Image.Image:
    """Smoothed a little or much, cut by a threshold or left grey."""
    grey = _image(rng.random((CANVAS, CANVAS))).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 6)))
    levels = np.array(grey, np.float32)
    levels -= levels.mean()
    levels /= levels.std()
    return _image(levels + 0.5 if rng.random() < 0.3 else 20 * (levels - rng.uniform(-0.7, 0.9)))


def _stripes(rng: np.random.Generator) -> Image.Image:
    """Parallel, or crossed into squares."""
    y, x = np.mgrid[:CANVAS, :CANVAS]
    angle, period = rng.uniform(0, np.pi), rng.uniform(7, 22)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    wave = np.sin(2 * np.pi * along / period + rng.uniform(0, 6))
    if rng.random() < 0.4:
        wave *= np.sin(2 * np.pi * across / period)
    return _image(rng.uniform(1, 9) * (wave + rng.uniform(-0.5, 0.7)))


def _page(rng: np.random.Generator) -> Image.Image:
    """The edge of a page: one side of a line through the middle, or a corner."""
    y, x = np.mgrid[:CANVAS, :CANVAS] - CANVAS / 2
    away = np.full((CANVAS, CANVAS), -np.inf)
    for _ in range(rng.integers(1, 3)):
        angle = rng.uniform(0, 2 * np.pi)
        away = np.maximum(away, x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-5, 5))
    return _image(away if rng.random() < 0.7 else 1 - away)


def _gradient(rng: np.random.Generator) -> Image.Image:
    y, x = np.mgrid[-1 : 1 : CANVAS * 1j, -1 : 1 : CANVAS * 1j]
    weights = rng.normal(0, 1, 5)
    levels = weights @ np.stack([x, y, x * x, x * y, y * y]).reshape(5, -1)
    levels = (levels - levels.min()) / (levels.max() - levels.min())
    return _image(levels.reshape(CANVAS, CANVAS) * rng.uniform(1, 2) - rng.uniform(0, 0.5))

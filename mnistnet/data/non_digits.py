"""Non-digits: pictures of what is no digit, from which a model learns to say so."""

import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mnistnet.arrays import SIDE, Floats
from mnistnet.data.doodles import CANVAS, Draw, scribble, shape, texture
from mnistnet.data.glyphs import BROAD_FONTS, LETTERS, NUMBER_SIGNS, SIGNS, TRAINING_FONTS, pen_path, print_glyph
from mnistnet.vision.normalize import ink_box, to_mnist

_CELLS = 2  # a picture is bent as a net of so many meshes a side
_NET = np.stack(np.meshgrid(*[np.linspace(-CANVAS / 2, CANVAS / 2, _CELLS + 1)] * 2), axis=2)
_DENT = 4  # pixels: most standard deviation of the net's knots
_TURN, _SLANT, _STRETCH = 0.2, 0.25, 0.25  # most: radians, pixels sideways a pixel down, logarithm of the factor
_CUT_SHARE = 0.25
_THICKEN = (0, 0, 0, 1, 2)  # pixels on each side of a printed stroke
_CUT_AT = (0.3, 0.7)  # of a digit's width
_OVERLAP, _SHIFT = 2, 5  # pixels: digits that touch share so many columns, and are so much higher or lower, at most
_LEANING = 0.15  # of a cut, most: pixels sideways a pixel down
_BAR = 0.35  # of its height: what is no wider is a bar
_NARROW = 7  # pixels: a digit that is no wider is a bar, which a neighbour must not swallow


class Kind(NamedTuple):
    draw: Draw
    share: float
    """Of all non-digits."""


def draw_letter(rng: np.random.Generator) -> Image.Image:
    """Printed, in one of the TRAINING_FONTS."""
    font = TRAINING_FONTS[rng.integers(len(TRAINING_FONTS))]
    return _print(LETTERS, font, rng)


def draw_sign(rng: np.random.Generator) -> Image.Image:
    return _print(SIGNS, BROAD_FONTS[rng.integers(len(BROAD_FONTS))], rng)


def draw_pen_letter(rng: np.random.Generator) -> Image.Image:
    """Written with a pen of any width along the middle of a printed letter's strokes."""
    return _write(LETTERS, TRAINING_FONTS[rng.integers(len(TRAINING_FONTS))], rng)


def draw_number_sign(rng: np.random.Generator) -> Image.Image:
    """Printed, or written with a pen."""
    draw = _print if rng.random() < 0.5 else _write
    return draw(NUMBER_SIGNS, BROAD_FONTS[rng.integers(len(BROAD_FONTS))], rng)


KINDS = {
    "printed letters": Kind(draw_letter, 0.3),
    "pen letters": Kind(draw_pen_letter, 0.25),
    "signs": Kind(draw_sign, 0.15),
    "scribbles": Kind(scribble, 0.1),
    "shapes": Kind(shape, 0.1),
    "textures": Kind(texture, 0.1),
}


def non_digits(count: int, *, rng: np.random.Generator) -> Floats:
    """(count, 784) float32 in MNIST's format, of all KINDS mixed."""
    kinds = list(KINDS.values())
    chosen = rng.choice(len(kinds), count, p=[kind.share for kind in kinds])
    return pictures([kinds[number].draw for number in chosen], rng=rng)


def number_signs(count: int, *, rng: np.random.Generator) -> Floats:
    """(count, 784) float32 in MNIST's format: NUMBER_SIGNS, printed and written."""
    return pictures([draw_number_sign] * count, rng=rng)


def pictures(draws: list[Draw], *, rng: np.random.Generator) -> Floats:
    """(n, 784) float32 in MNIST's format: what each of draws draws, bent and blurred at random."""
    result = np.zeros((len(draws), SIDE * SIDE), np.float32)
    for row, draw in zip(result, draws, strict=True):
        while not row.any():  # what was drawn may be bent out of sight
            row[:] = _in_mnist_format(_blurred(_bent(draw(rng), rng), rng)).ravel()
    return result


def printed_letters(font: str) -> Floats:
    """(n, 784) float32 in MNIST's format: each of LETTERS, as it is, in a font that comes with matplotlib."""
    return np.stack([_in_mnist_format(print_glyph(letter, font=font)).ravel() for letter in LETTERS])


def digit_pairs(images: Floats, count: int, *, rng: np.random.Generator) -> Floats:
    """(count, 784) float32 in MNIST's format: two or three of images, (n, 784), side by side as if they were one digit.

    They may touch, and the last may be cut off somewhere.
    """
    result = np.empty((count, SIDE * SIDE), np.float32)
    for row in result:
        chosen = images[rng.integers(len(images), size=rng.choice((2, 3), p=(0.65, 0.35)))]
        ink = _side_by_side([_resized(image.reshape(SIDE, SIDE), rng) for image in chosen], rng)
        row[:] = to_mnist(ink, ink_box(ink)).ravel()
    return result


def digit_fragments(images: Floats, count: int, *, rng: np.random.Generator) -> Floats:
    """(count, 784) float32 in MNIST's format: what is left of images, (n, 784), where numbers are cut at wrong places.

    That is a part of a digit, or one with a part of its neighbour; never a mere bar, which is an honest 1.
    """
    result = np.empty((count, SIDE * SIDE), np.float32)
    for row in result:
        while _is_bar(fragment := _fragment(images, rng)):
            pass
        row[:] = fragment.ravel()
    return result


def cut_digits(images: Floats, count: int, *, rng: np.random.Generator) -> Floats:
    """(count, 784) float32 in MNIST's format: some of images, (n, 784), cut out between neighbours that touch them.

    They are digits still, with a little too much or too little on either side.
    """
    result = np.empty((count, SIDE * SIDE), np.float32)
    for row in result:
        ink, spans = _touching(images[rng.integers(len(images), size=3)], rng)
        first, last = ((spans[n][1] + spans[n + 1][0]) / 2 + rng.uniform(-1, 1) for n in (0, 1))
        row[:] = _cut_out(ink, first, last, rng).ravel()
    return result


def _fragment(images: Floats, rng: np.random.Generator) -> Floats:
    """Some of one digit, or one and some of the next, from the left or from the right."""
    ink, spans = _touching(images[rng.integers(len(images), size=rng.integers(1, 3))], rng)
    from_left = rng.random() < 0.5
    left, right = spans[-1 if from_left else 0]
    place = left + (right - left) * rng.uniform(*_CUT_AT)
    return _cut_out(ink, 0 if from_left else place, place if from_left else ink.shape[1], rng)


def _touching(images: Floats, rng: np.random.Generator) -> tuple[Floats, list[tuple[int, int]]]:
    """(h, w) ink of digits in a row that touch or overlap a little, and the columns of each."""
    ink = np.zeros((SIDE + _SHIFT, SIDE * len(images)), np.float32)
    spans, right = [], 0
    for image in images.reshape(-1, SIDE, SIDE):
        digit = ink_box(image).cut(image)
        height, width = digit.shape
        left = right - int(rng.integers(min(right, _OVERLAP, width // 3) + 1))
        top = (SIDE - height) // 2 + int(rng.integers(_SHIFT))
        right = left + width
        place = ink[top : top + height, left:right]
        np.maximum(place, digit, out=place)
        spans.append((left, right))
    return ink, spans


def _cut_out(ink: Floats, first: float, last: float, rng: np.random.Generator) -> Floats:
    """What is between two columns, along edges that may lean a little, in MNIST's format."""
    rows, columns = np.ogrid[: ink.shape[0], : ink.shape[1]]
    along = columns + rng.uniform(-_LEANING, _LEANING) * (rows - len(ink) / 2)
    part = np.where((first <= along) & (along < last), ink, np.float32(0))
    return to_mnist(part, ink_box(part))


def _is_bar(image: Floats) -> bool:
    box = ink_box(image)
    return box.width <= _BAR * box.height


def _resized(digit: Floats, rng: np.random.Generator) -> Floats:
    """The digit's own box, a little larger or smaller."""
    part = Image.fromarray(ink_box(digit).cut(digit))
    width, height = (max(2, round(side * rng.uniform(0.8, 1.2))) for side in part.size)
    return np.asarray(part.resize((width, height), Image.Resampling.BILINEAR))


def _side_by_side(digits: list[Floats], rng: np.random.Generator) -> Floats:
    """(h, w) ink. Only wide digits may overlap: a bar would drown."""
    if rng.random() < _CUT_SHARE and digits[-1].shape[1] > _NARROW:
        digits[-1] = digits[-1][:, : math.ceil(rng.uniform(0.5, 0.8) * digits[-1].shape[1])]
    ink = np.zeros((2 * SIDE, len(digits) * 2 * SIDE), np.float32)
    right = 0
    for digit in digits:
        height, width = digit.shape
        left = max(right + int(rng.integers(0 if width < _NARROW else -2, 5)), 0)
        top = int(rng.integers(SIDE - height // 2 - 2, SIDE - height // 2 + 3))
        place = ink[top : top + height, left : left + width]
        np.maximum(place, digit, out=place)
        right = left + width + (2 if width < _NARROW else 0)  # which the next may take back
    return ink


def _bent(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """In the middle of a canvas, turned, slanted and stretched a little, and smoothly dented."""
    canvas = Image.new("L", (CANVAS, CANVAS))
    canvas.paste(image, ((CANVAS - image.width) // 2, (CANVAS - image.height) // 2))
    angle, slant, height, width = rng.uniform(-1, 1, 4) * (_TURN, _SLANT, _STRETCH, _STRETCH)
    cos, sin = np.cos(angle), np.sin(angle)
    affine = np.array([[cos, -sin], [sin, cos]]) @ [[1, slant], [0, 1]] @ np.diag(np.exp([width, height]))
    source = _NET @ affine.T + CANVAS / 2 + rng.normal(0, rng.uniform(0, _DENT), _NET.shape)
    return canvas.transform(canvas.size, Image.Transform.MESH, _meshes(source), Image.Resampling.BILINEAR)


def _meshes(source: Floats) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """For each cell of the canvas its box, and the four corners in source, (rows, columns, 2), that go there."""
    side = CANVAS // _CELLS
    corners = np.stack([source[:-1, :-1], source[1:, :-1], source[1:, 1:], source[:-1, 1:]], axis=2)
    return [
        (
            (side * column, side * row, side * (column + 1), side * (row + 1)),
            tuple(corners[row, column].ravel().tolist()),
        )
        for row in range(_CELLS)
        for column in range(_CELLS)
    ]


def _blurred(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5))) if rng.random() < 0.5 else image


def _print(characters: str, font: str, rng: np.random.Generator) -> Image.Image:
    character = characters[rng.integers(len(characters))]
    return print_glyph(character, font=font, stroke=_THICKEN[rng.integers(len(_THICKEN))])


def _write(characters: str, font: str, rng: np.random.Generator) -> Image.Image:
    path = pen_path(characters[rng.integers(len(characters))], font=font)
    canvas, radius = Image.new("L", (CANVAS, CANVAS)), rng.uniform(0.7, 3.5)
    draw = ImageDraw.Draw(canvas)
    for x, y in (path - (path.min(axis=0) + path.max(axis=0)) / 2 + CANVAS / 2).tolist():
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas


def _in_mnist_format(image: Image.Image) -> Floats:
    ink = np.asarray(image, np.float32) / 255
    return to_mnist(ink, ink_box(ink))

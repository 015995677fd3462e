"""Scorecard: MNIST's digits in picture files as users have them, and how many of these are read right."""

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mnistnet.arrays import SIDE, Floats, Labels
from mnistnet.evaluation.reading_score import Answer, Score, score_labels
from mnistnet.evaluation.report_text import percent
from mnistnet.vision.normalize import stroke_width
from mnistnet.vision.thinning import thinned

Render = Callable[[Image.Image, np.random.Generator], bytes]
"""A digit, 28 x 28 of mode L, ink 255 on 0 -> a picture file."""

Read = Callable[[bytes], tuple[str, bool]]
"""A picture file -> the digits in it, and whether the reader is sure of them."""

_LARGE = 10 * SIDE
_PAGE = 400, 300
_PAPER, _BLUE = (240, 236, 226), (40, 60, 150)

Mask = NDArray[np.bool_]


def as_it_is(digit: Image.Image, _: np.random.Generator) -> bytes:
    """White on black, 28 x 28."""
    return encode(digit)


def black_on_white(digit: Image.Image, _: np.random.Generator) -> bytes:
    """280 x 280, as drawn in a paint program."""
    return encode(on_white(enlarge(digit)))


def small_and_off_centre(digit: Image.Image, rng: np.random.Generator) -> bytes:
    """About 20 pixels high, anywhere on a white page."""
    page = Image.new("L", _PAGE, 255)
    write(page, digit.resize((30, 30), Image.Resampling.BICUBIC), rng=rng)
    return encode(page)


def tight_crop(digit: Image.Image, _: np.random.Generator) -> bytes:
    """Cut along the ink, without a margin."""
    ink = enlarge(digit)
    return encode(on_white(ink.crop(ink.point(lambda value: 255 * (value > 128)).getbbox())))


def photo_like(digit: Image.Image, rng: np.random.Generator) -> bytes:
    """Blue ink on paper: rotated and blurred a little, lit from one side, noisy, JPEG."""
    page = Image.new("RGB", _PAGE, _PAPER)
    write(page, enlarge(digit, rng.uniform(0.5, 0.8)).rotate(rng.uniform(-10, 10), Image.Resampling.BICUBIC), rng=rng)
    blurred = np.asarray(page.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.5))), np.float32)
    noise = rng.normal(0, 6, (*blurred.shape[:2], 1))
    pixels = blurred * light_from_one_side(blurred.shape, rng=rng)[..., None] + noise
    return encode(Image.fromarray(np.uint8(np.clip(pixels, 0, 255))), "JPEG", quality=85)


def transparent(digit: Image.Image, rng: np.random.Generator) -> bytes:
    """Black or white ink on nothing."""
    ink = enlarge(digit)
    return encode(Image.merge("LA", (Image.new("L", ink.size, int(rng.choice([0, 255]))), ink)))


def thin(digit: Image.Image, _: np.random.Generator) -> bytes:
    """Strokes half as thick."""
    mask = np.asarray(enlarge(digit)) > 128
    line = thinned(mask, passes=1 + round(stroke_width(mask.astype(np.float32)) / 5))
    return encode(on_white(soft(thickened(line, 1))))  # nowhere so thin that soft edges are all of it


def thick(digit: Image.Image, _: np.random.Generator) -> bytes:
    """Strokes half as thick again."""
    mask = np.asarray(enlarge(digit)) > 128
    return encode(on_white(soft(thickened(mask, stroke_width(mask.astype(np.float32)) / 4))))


def ruled(digit: Image.Image, rng: np.random.Generator) -> bytes:
    """Grey ruled lines across the page and the digit."""
    page = Image.new("L", _PAGE, 255)
    spacing, grey, width = (int(rng.integers(*bounds)) for bounds in ((35, 70), (120, 200), (1, 4)))
    rise = rng.uniform(-0.02, 0.02) * page.width
    for row in range(int(rng.integers(spacing)), page.height, spacing):
        ImageDraw.Draw(page).line((0, row, page.width, row + rise), fill=grey, width=width)
    write(page, enlarge(digit, rng.uniform(0.5, 0.8)), rng=rng)
    return encode(page)


def boxed(digit: Image.Image, rng: np.random.Generator) -> bytes:
    """In a printed frame."""
    page = Image.new("L", (_LARGE, _LARGE), 255)
    margin, grey, width = (int(rng.integers(*bounds)) for bounds in ((5, 20), (0, 120), (2, 6)))
    edges = margin, margin, _LARGE - margin, _LARGE - margin
    ImageDraw.Draw(page).rectangle(edges, outline=grey, width=width)
    write(page, enlarge(digit, rng.uniform(0.6, 0.95)), rng=rng)
    return encode(page)


def jpeg_30(digit: Image.Image, _: np.random.Generator) -> bytes:
    """280 x 280, compressed until it shows."""
    return encode(on_white(enlarge(digit)), "JPEG", quality=30)


CONDITIONS: Mapping[str, Render] = {
    "as it is": as_it_is,
    "black on white": black_on_white,
    "small and off-centre": small_and_off_centre,
    "tight crop": tight_crop,
    "photo-like": photo_like,
    "transparent": transparent,
    "thin": thin,
    "thick": thick,
    "ruled": ruled,
    "boxed": boxed,
    "JPEG 30": jpeg_30,
}


def score_conditions(
    images: Floats,
    labels: Labels,
    read: Read,
    *,
    rng: np.random.Generator,
    conditions: Mapping[str, Render] = CONDITIONS,
) -> Iterator[tuple[str, Score]]:
    """Each condition's name and score (`right`, `right_of_sure` and `unsure_of_right`), all for the same digits.

    images is (n, 784), labels (n,).
    """
    digits = [Image.fromarray(np.uint8(np.round(255 * image.reshape(SIDE, SIDE)))) for image in images]
    for name, render in conditions.items():
        answers = [read(render(digit, rng)) for digit in digits]
        pairs = zip(labels, answers, strict=True)
        yield name, score_labels([Answer(name, str(label), text, 0.0, sure) for label, (text, sure) in pairs])


def scorecard_text(conditions: Mapping[str, Score]) -> str:
    """One line a condition, of at most 80 columns."""
    lines = [f"{'condition':22}{'read right':>10}{'95 % interval':>20}{'of them unsure':>18}{'digits':>10}"]
    for name, score in conditions.items():
        right, unsure = score["right"], score["unsure_of_right"]["share"]
        low, high = right["interval"]
        interval = f"{100 * low:.2f} to {percent(high)}"
        doubt = "." if unsure is None else percent(unsure)
        lines.append(f"{name:22}{percent(right['share']):>10}{interval:>20}{doubt:>18}{right['of']:>10,}")
    return "\n".join(lines)


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def enlarge(digit: Image.Image, share: float = 1) -> Image.Image:
    """digit at this share of 280 x 280."""
    side = round(share * _LARGE)
    return digit.resize((side, side), Image.Resampling.BICUBIC)


def on_white(ink: Image.Image) -> Image.Image:
    """Black where ink is 255."""
    return ink.point(lambda value: 255 - value)


def write(page: Image.Image, ink: Image.Image, *, rng: np.random.Generator) -> None:
    """Put ink anywhere on page, black or, on paper in colour, blue; changes page."""
    left, top = (int(rng.integers(free + 1)) for free in (page.width - ink.width, page.height - ink.height))
    page.paste(_BLUE if page.mode == "RGB" else 0, (left, top), ink)


def light_from_one_side(shape: Sequence[int], *, rng: np.random.Generator) -> Floats:
    """(h, w) factors between 0.55 and 1, rising in some direction."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * math.pi)
    return np.asarray(0.775 + 0.159 * (x * math.cos(angle) + y * math.sin(angle)), np.float32)


def soft(mask: Mask) -> Image.Image:
    """As ink with soft edges."""
    return Image.fromarray(np.uint8(255 * mask)).filter(ImageFilter.GaussianBlur(1))


def thickened(mask: Mask, radius: float) -> Mask:
    """Every stroke wider by radius on either side."""
    angles = np.linspace(0, 2 * math.pi, 24, endpoint=False)
    shifts = {(round(radius * math.sin(angle)), round(radius * math.cos(angle))) for angle in angles}
    wider: Mask = np.any([mask, *(np.roll(mask, shift, (0, 1)) for shift in shifts)], axis=0)
    return wider

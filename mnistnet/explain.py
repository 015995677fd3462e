"""Explanation: one picture of what a reader saw, what it answered, and which pixels spoke for that.

It is drawn in blocks as wide as the page, one below the other.
"""

from bisect import bisect
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnistnet.arrays import SIDE, Floats, side_of
from mnistnet.model_file import Model
from mnistnet.nn.saliency import evidence
from mnistnet.painting import AGAINST, FOR, paint_evidence
from mnistnet.reader import Inspection, Part, Reading, percent
from mnistnet.vision.box import Box
from mnistnet.vision.image_file import Picture
from mnistnet.vision.remarks import find_remarks

WIDTH, MARGIN, GAP = 960, 24, 16
HALF = (WIDTH - GAP) // 2
CAPTION = 20  # a caption's height
Colour = tuple[int, int, int]
PAPER, TEXT, MUTED, RULE, BAR = (255, 255, 255), (34, 34, 34), (105, 105, 105), (205, 205, 205), (150, 150, 150)


class Layout(NamedTuple):
    """How the parts of a reading are laid out: so many across, and a pixel of theirs so many pixels wide and high."""

    across: int
    scale: int
    gap: int
    bars: Box
    """Place of the bars in a part's block."""


ONE = Layout(1, 8, 8, Box(HALF + GAP, CAPTION, WIDTH, CAPTION + 8 * SIDE))
SOME = Layout(4, 4, 4, Box(0, 138, 228, 210))
MANY = Layout(7, 2, 4, Box(0, 82, 116, 128))
MOST_OF_SOME = 12
MOST_BARS = 10


def draw_explanation(
    inspection: Inspection, model: Model, *, colours: Image.Image | None = None, label: str | None = None
) -> Image.Image:
    """The explanation of a reading by model; label is what is known to be true, "" for no digit.

    colours is the picture as it is to be shown, as large as its grey, which is shown otherwise.
    """
    reading, picture, ink, images = inspection
    remarks = find_remarks(picture.grey, ink, [picture.in_grey(part.box) for part in reading.parts])
    blocks = [draw_answer(reading, remarks, label), draw_pictures(picture, ink, reading.parts, colours)]
    if reading.parts:
        blocks += [draw_parts(reading.parts, images, model), draw_legend()]
    height = sum(block.height for block in blocks) + (len(blocks) - 1) * GAP
    page = Image.new("RGB", (WIDTH + 2 * MARGIN, height + 2 * MARGIN), PAPER)
    top = MARGIN
    for block in blocks:
        page.paste(block, (MARGIN, top))
        top += block.height + GAP
    return page


def draw_answer(reading: Reading, remarks: Sequence[str], label: str | None) -> Image.Image:
    """The file's name, the answer, and what is to be said of it."""
    words = "; ".join(dict.fromkeys([*reading.warnings, *remarks]))
    block, draw = new_block(100 if words else 78)
    write(draw, (0, 0), shorten(reading.file, 14, WIDTH), 14, MUTED)
    answer = shorten(reading.digits or "no digit", 40, WIDTH - 430)
    write(draw, (-2, 68), answer, 40, anchor="ls")
    beside = [percent(reading.confidence), "sure" if reading.sure else "unsure"] if reading.digits else []
    beside += [] if label is None else [shorten(f"true: {label or 'no digit'}", 18, 200)]
    write(draw, (font(40).getlength(answer) + GAP, 68), ", ".join(beside), 18, anchor="ls")
    write(draw, (0, 80), shorten(words, 16, WIDTH), 16)
    return block


def draw_pictures(
    picture: Picture, ink: Floats, parts: Sequence[Part], colours: Image.Image | None = None
) -> Image.Image:
    """The picture with the parts' boxes, and its ink: side by side, or one below the other where they are very wide."""
    height, width = picture.grey.shape
    stacked = width > 2.2 * height
    size = fit(width, height, (WIDTH, 400) if stacked else (HALF, 600))
    left, top = (0, CAPTION + size[1] + GAP) if stacked else (HALF + GAP, 0)
    block, draw = new_block(top + CAPTION + size[1])
    original = sized(colours, size) if colours else as_image(picture.grey, size)
    places = (
        (0, 0, f"picture, {picture.width} x {picture.height}", original),
        (left, top, "ink", as_image(1 - ink, size)),
    )
    for x, y, caption, image in places:
        write(draw, (x, y), caption, 13, MUTED)
        block.paste(image, (x, y + CAPTION))
        draw.rectangle((x, y + CAPTION, x + size[0] - 1, y + CAPTION + size[1] - 1), outline=RULE)
    for part in parts:
        draw_box(draw, part, size[0] / picture.width, right=size[0])
    return block


def fit(width: int, height: int, room: tuple[int, int]) -> tuple[int, int]:
    """The size at which a picture just fits into room; enlarged by a whole number only, which keeps pixels square."""
    scale = min(room[0] / width, room[1] / height)
    scale = int(scale) if scale >= 1 else scale
    return max(1, round(scale * width)), max(1, round(scale * height))


def as_image(lightness: Floats, size: tuple[int, int]) -> Image.Image:
    """lightness, (h, w) in [0, 1], as a picture of this size."""
    return Image.fromarray(np.uint8(255 * np.asarray(sized(Image.fromarray(lightness), size)) + 0.5))


def sized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """image reduced smoothly, or enlarged with sharp pixels."""
    return image.resize(size, Image.Resampling.NEAREST if size > image.size else Image.Resampling.BOX)


def draw_box(draw: ImageDraw.ImageDraw, part: Part, scale: float, *, right: int) -> None:
    """A part's box in the picture, with its digit at the upper left corner where that hides little."""
    x0, y0, x1, y1 = (round(scale * edge) for edge in part.box)
    x0, y0, x1, y1 = x0 - 2, y0 - 2 + CAPTION, x1 + 1, y1 + 1 + CAPTION
    for grown, colour in ((1, PAPER), (0, FOR)):  # a white rim keeps it visible on anything
        draw.rectangle((x0 - grown, y0 - grown, x1 + grown, y1 + grown), outline=colour, width=2)
    if (
        y1 - y0 < 2 * CAPTION or len(part.label) > 1 or not part.label.isascii()
    ):  # the only part, whose name stands above
        return
    tag = max(min(x0, right - 14), 0), max(y0 - 17, CAPTION)
    draw.rectangle((*tag, tag[0] + 13, tag[1] + 17), fill=FOR, outline=PAPER)
    write(draw, (tag[0] + 7, tag[1] + 9), part.label, 14, PAPER, anchor="mm")


def draw_parts(parts: Sequence[Part], images: Floats, model: Model) -> Image.Image:
    """A card for each part."""
    layout = ONE if len(parts) == 1 else SOME if len(parts) <= MOST_OF_SOME else MANY
    cards = [draw_part(*pair, model, layout) for pair in zip(parts, images, strict=True)]
    if layout is ONE:
        return cards[0]
    step = (WIDTH - cards[0].width) // (layout.across - 1)
    rows = -(-len(cards) // layout.across)
    block, draw = new_block(CAPTION + rows * (cards[0].height + GAP) - GAP)
    write(draw, (0, 0), "each digit as the network sees it, and which pixels spoke for it", 13, MUTED)
    for place, card in enumerate(cards):
        row, column = divmod(place, layout.across)
        block.paste(card, (column * step, CAPTION + row * (card.height + GAP)))
    return block


def draw_part(part: Part, image: Floats, model: Model, layout: Layout) -> Image.Image:
    """A part as the network sees it, which of its pixels spoke for its digit, and the probabilities of all digits."""
    side, card = layout.scale * SIDE, Image.new("RGB", (layout.bars.x1, layout.bars.y1), PAPER)
    draw = ImageDraw.Draw(card)
    second = side + layout.gap
    if layout is ONE:
        write(draw, (0, 0), "as the network sees it", 13, MUTED)
        write(draw, (second, 0), f"which pixels spoke for {shorten(part.label, 13, 80)}", 13, MUTED)
        write(draw, (layout.bars.x0, 0), "probabilities", 13, MUTED)
    else:
        write(draw, (0, CAPTION - 4), f"{part.label}  {percent(part.probabilities[part.digit])}", 13, anchor="ls")
    spoke = evidence(model.network, model.params, image, part.digit)
    seen = side_of(image)
    card.paste(as_image(1 - image.reshape(seen, seen), (side, side)), (0, CAPTION))
    painted = paint_evidence(image, spoke, scale=layout.scale)
    card.paste(painted if seen == SIDE else painted.resize((side, side), Image.Resampling.NEAREST), (second, CAPTION))
    for left in (0, second):
        draw.rectangle((left, CAPTION, left + side - 1, CAPTION + side - 1), outline=RULE)
    draw_bars(draw, part, model.classes, layout.bars)
    return card


def draw_bars(draw: ImageDraw.ImageDraw, part: Part, classes: Sequence[str], box: Box) -> None:
    """The probabilities as upright bars, with numbers where there is room for them; the part's digit in blue.

    Of many classes the likeliest have one.
    """
    likeliest = sorted(range(len(classes)), key=lambda number: -part.probabilities[number])
    shown = sorted(likeliest[:MOST_BARS])
    size = 14 if box.width > HALF - GAP else 10
    numbered = size > 10
    bottom, room = box.y1 - size - 4, box.height - size - 4 - numbered * CAPTION
    edges = [round(box.x0 + place * box.width / len(shown)) for place in range(len(shown) + 1)]
    for digit, (left, right) in zip(shown, pairwise(edges), strict=True):
        share, chosen = part.probabilities[digit], digit == part.digit
        middle, inset = (left + right) / 2, 1 + numbered * 3
        top = bottom - round(share * room)
        draw.line((left + inset, bottom, right - inset - 1, bottom), RULE)
        if top < bottom:
            draw.rectangle((left + inset, top, right - inset - 1, bottom - 1), FOR if chosen else BAR)
        points = size if len(classes[digit]) == 1 else 10
        name = cut_off(classes[digit], points, right - left)
        write(draw, (middle, box.y1), name, points, TEXT if chosen else MUTED, anchor="ms")
        if numbered and share >= 0.001:
            write(draw, (middle, top - 4), percent(share), 11, TEXT if chosen else MUTED, anchor="ms")


def draw_legend() -> Image.Image:
    """What the colours mean."""
    block, draw = new_block(CAPTION)
    for left, colour, text in (
        (0, FOR, "+  spoke for the answer: without these pixels it would be less likely"),
        (HALF + GAP, AGAINST, "-  spoke against it: without them it would be likelier"),
    ):
        for top in (4, 8, 12):
            draw.rectangle((left, top, left + 11, top + (1 if colour is AGAINST else 3)), colour)
        write(draw, (left + 20, 2), text, 13, MUTED)
    return block


def new_block(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty block, and what draws on it."""
    block = Image.new("RGB", (WIDTH, height), PAPER)
    return block, ImageDraw.Draw(block)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow."""
    return ImageFont.load_default(size)


def write(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    colour: Colour = TEXT,
    anchor: str = "la",
) -> None:
    """One line of text."""
    draw.text(place, text, colour, font(size), anchor=anchor)


def cut_off(text: str, size: int, width: int) -> str:
    """As many of the first characters as are no wider than that."""
    text = shorten(text, size, WIDTH)
    return next((text[:end] for end in range(len(text), 0, -1) if font(size).getlength(text[:end]) <= width), "")


def shorten(text: str, size: int, width: int) -> str:
    """text with its middle left out where it would be wider than width, and with codes for what the font lacks."""
    text = "".join(char if " " <= char <= "~" else ascii(char)[1:-1] for char in text)
    most = 1 + width // 2  # no character is narrower
    if len(text) <= most and font(size).getlength(text) <= width:
        return text
    shorter = [f"{text[:ends]} ... {text[-ends:]}" for ends in range(1, most)]
    return shorter[bisect(shorter, float(width), key=font(size).getlength) - 1]

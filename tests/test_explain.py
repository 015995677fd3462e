"""Explanations, looked at pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mnistnet.arrays import CLASSES, DIGITS
from mnistnet.data.mnist import load_sample
from mnistnet.explain import (
    BAR,
    WIDTH,
    draw_answer,
    draw_bars,
    draw_explanation,
    draw_pictures,
    fit,
    font,
    new_block,
    shorten,
)
from mnistnet.painting import FOR
from mnistnet.reader import Inspection, Part, Reading
from mnistnet.vision.box import Box
from mnistnet.vision.image_file import Picture
from tests.models import small_model

MODEL = small_model()
IMAGES = load_sample().test.images


def number(count: int, *, across: int, enlarged: int = 2, scale: int = 1) -> Inspection:
    """What might be seen in a picture of so many digits, each in a square of its own."""
    side = 28 * enlarged
    ink = np.zeros((-(-count // across) * side, across * side), np.float32)
    parts = []
    for place in range(count):
        y, x = (side * step for step in divmod(place, across))
        ink[y : y + side, x : x + side] = IMAGES[place].reshape(28, 28).repeat(enlarged, 0).repeat(enlarged, 1)
        box = Box(*(scale * edge for edge in (x + 8, y + 8, x + side - 8, y + side - 8)))
        digit = place % CLASSES
        parts.append(Part(box, digit, (np.eye(CLASSES)[digit] * 0.91 + 0.009).tolist(), str(digit)))
    digits = "".join(str(part.digit) for part in parts)
    reading = Reading("number.png", digits, 0.9, True, parts)
    picture = Picture(1 - ink, scale * ink.shape[1], scale * ink.shape[0], scale)
    return Inspection(reading, picture, ink, IMAGES[:count])


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def is_colour(image: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    return (pixels(image) == colour).all(axis=2)


def places_of(image: np.ndarray, page: Image.Image, scale: int) -> list[tuple[int, int]]:
    """Where on the page, (top, left), an image stands, enlarged so many times; its rim may be drawn over."""
    wanted = np.uint8(255 * (1 - image.reshape(28, 28)) + 0.5).repeat(scale, 0).repeat(scale, 1)[2:-2, 2:-2]
    grey = np.asarray(page.convert("L"))
    middle, side = len(wanted) // 2, len(wanted)
    found = []
    for y in range(middle, len(grey) - side + middle):
        x = grey[y].tobytes().find(wanted[middle].tobytes())
        while x >= 0:
            if (grey[y - middle : y - middle + side, x : x + side] == wanted).all():
                found.append((y - middle, x))
            x = grey[y].tobytes().find(wanted[middle].tobytes(), x + 1)
    return found


@pytest.mark.parametrize(
    ("count", "across", "scale"), [(1, 1, 8), (2, 2, 4), (12, 12, 4), (12, 3, 4), (13, 13, 2), (40, 8, 2), (40, 40, 2)]
)
def test_each_part_stands_on_the_page_in_reading_order(count: int, across: int, scale: int) -> None:
    page = draw_explanation(number(count, across=across, enlarged=3), MODEL)
    found = [places_of(image, page, scale) for image in IMAGES[:count]]
    assert [len(places) for places in found] == [1] * count
    assert found == sorted(found)
    assert page.width == WIDTH + 48
    assert page.height < 2000


def test_without_ink_there_is_the_reason_and_no_part() -> None:
    nothing = np.zeros((20, 30), np.float32)
    reading = Reading("blank.png", warnings=["no ink: the picture is all one colour"])
    page = draw_explanation(
        Inspection(reading, Picture(nothing + 1, 30, 20, 1), nothing, np.zeros((0, 784), np.float32)), MODEL
    )
    assert page.height < draw_explanation(number(1, across=1), MODEL).height - 200
    without_reason = Reading("blank.png")
    assert draw_answer(reading, [], None).height > draw_answer(without_reason, [], None).height


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2048, 1536), (28, 28)])
def test_a_picture_of_any_shape_has_room(size: tuple[int, int]) -> None:
    nothing = np.zeros(size[::-1], np.float32)
    block = draw_pictures(Picture(nothing, *size, 1), nothing, [])
    assert block.width == WIDTH
    assert block.height < 900


@given(width=st.integers(1, 5000), height=st.integers(1, 5000))
def test_fit_keeps_the_shape_and_enlarges_by_whole_numbers(width: int, height: int) -> None:
    across, down = fit(width, height, (472, 600))
    assert 1 <= across <= 472
    assert 1 <= down <= 600
    if width <= 472 and height <= 600:
        assert across % width == down % height == 0
        assert across // width == down // height
    else:
        assert across == 472 or down == 600
        assert abs(across * height - down * width) <= max(width, height)


@pytest.mark.parametrize("scale", [1, 3])
def test_the_box_is_drawn_around_the_digit(scale: int) -> None:
    picture, ink, parts = (*number(1, across=1, enlarged=4, scale=scale)[1:3], [])
    part = Part(Box(24 * scale, 16 * scale, 80 * scale, 88 * scale), 7, [0.1] * CLASSES, "7")
    plain, boxed = (draw_pictures(picture, ink, some) for some in (parts, [part]))
    assert not is_colour(plain, FOR).any()
    rows, columns = np.nonzero(is_colour(boxed, FOR))
    inner_left, outer_right, outer_bottom = columns.min() + 2, columns.max() + 1, rows.max() + 1
    enlarged = fit(112, 112, (472, 600))[0] // 112
    assert inner_left == pytest.approx(24 * enlarged, abs=2)
    assert outer_right == pytest.approx(80 * enlarged, abs=4)
    assert outer_bottom == pytest.approx(88 * enlarged + 20, abs=4)  # 20: the caption above


@pytest.mark.parametrize("box", [Box(0, 0, 470, 230), Box(10, 20, 238, 92)])
def test_bars_are_as_high_as_the_probabilities(box: Box) -> None:
    shares = [0.05, 0.6, 0.3, 0, 0, 0.05, 0, 0, 0, 0]
    block, draw = new_block(260)
    draw_bars(draw, Part(Box(0, 0, 1, 1), 1, shares, "1"), DIGITS, box)
    step = box.width / CLASSES
    centres = [round(box.x0 + (digit + 0.5) * step) for digit in range(CLASSES)]
    chosen = is_colour(block, FOR)[:, centres[1]].sum()
    others = [is_colour(block, BAR)[:, centre].sum() for centre in centres]
    assert others[2] == pytest.approx(chosen / 2, abs=1)
    assert others[0] == pytest.approx(chosen / 12, abs=1)
    assert not is_colour(block, FOR)[:, centres[0]].any()
    drawn = np.argwhere((pixels(block) < 255).any(axis=2))
    assert (drawn.min(axis=0) >= (box.y0, box.x0)).all()
    assert (drawn.max(axis=0) <= (box.y1, box.x1)).all()


NAMES = st.text(st.characters(codec=None), max_size=60) | st.integers(1, 5000).map(lambda count: "m" * count)


@given(NAMES, st.sampled_from([14, 40]), st.integers(200, 960))
def test_any_text_is_made_to_fit(text: str, size: int, width: int) -> None:
    short = shorten(text, size, width)
    assert font(size).getlength(short) <= width
    assert short.isascii()
    assert short.isprintable()


def test_text_that_fits_stays() -> None:
    assert shorten("scans/my digit (3).png", 14, WIDTH) == "scans/my digit (3).png"
    assert shorten("süß\n七\udce9", 14, WIDTH) == r"s\xfc\xdf\n\u4e03\udce9"


def test_a_label_a_warning_and_a_remark_are_told() -> None:
    reading = Reading("x.png", "4", 0.9, True)
    plain = pixels(draw_answer(reading, [], None))
    labelled, remarked = draw_answer(reading, [], "9"), draw_answer(reading, ["blurred"], None)
    assert (pixels(labelled) != plain).any()
    assert remarked.height > len(plain)
    warned = Reading("x.png", "4", 0.9, True, warnings=["blurred"])
    assert draw_answer(warned, ["blurred"], None) == remarked  # said once
    assert draw_answer(reading, [], "") != draw_answer(reading, [], None)  # "" is the label of no digit

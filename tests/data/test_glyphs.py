"""Glyphs: which letters count, and what a pen makes of them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnistnet.data.glyphs import (
    BROAD_FONTS,
    HELD_OUT_FONTS,
    LETTERS,
    SIGNS,
    TRAINING_FONTS,
    load_font,
    pen_path,
    print_glyph,
)
from mnistnet.errors import DataError


def test_all_letters_but_those_that_look_like_digits() -> None:
    assert LETTERS == "acdefhjkmnprtuvwxyACDEFGHJKLMNPQRTUVWXY"


def test_no_sign_may_be_read_as_a_digit() -> None:
    assert not set(SIGNS) & set("0123456789|!/\\',ФΦЗЧОß")


def test_a_font_is_for_training_or_for_measuring() -> None:
    families = {"DejaVuSerif", "cmr", "cmss", "cmtt"}
    assert {font.rstrip("10") for font in HELD_OUT_FONTS} == families
    assert not [font for font in TRAINING_FONTS if font.startswith(tuple(families))]


@pytest.mark.parametrize("font", [*TRAINING_FONTS, *HELD_OUT_FONTS])
def test_every_font_draws_every_character_in_its_own_way(font: str) -> None:
    characters = LETTERS + (SIGNS if font in BROAD_FONTS else "")
    missing = print_glyph("\uffff", font=font).tobytes()
    drawn = [print_glyph(character, font=font).tobytes() for character in characters]
    assert missing not in drawn
    assert len(set(drawn)) == len(characters)


@pytest.mark.parametrize("character", "fjyQW@")
@pytest.mark.parametrize("stroke", [0, 2])
def test_nothing_of_a_glyph_is_cut_off_and_no_room_left(character: str, stroke: int) -> None:
    large, font = Image.new("L", (200, 200)), load_font("STIXGeneralItalic")
    ImageDraw.Draw(large).text((80, 60), character, fill=255, font=font, stroke_width=stroke)
    glyph = print_glyph(character, font="STIXGeneralItalic", stroke=stroke)
    assert np.array_equal(glyph, large.crop(large.getbbox()))


def test_a_stroke_makes_the_pen_thicker() -> None:
    thin, thick = (np.asarray(print_glyph("x", font="cmr10", stroke=stroke)) for stroke in (0, 2))
    assert thick.sum() > 1.5 * thin.sum()
    assert abs(thick.shape[0] - thin.shape[0] - 4) <= 1


def test_a_font_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match=r"font .*Nowhere\.ttf: .*install matplotlib again"):
        load_font("Nowhere")


def test_a_pen_path_lies_on_the_glyph() -> None:
    mask = np.asarray(print_glyph("k", font="cmti10")) > 127
    x, y = pen_path("k", font="cmti10").T
    assert mask[y, x].all()
    assert 20 < len(x) < mask.sum() / 2

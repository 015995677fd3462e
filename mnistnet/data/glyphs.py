"""Glyphs: letters and signs as fonts draw them, and as a pen would write them."""

import string
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mnistnet.errors import DataError
from mnistnet.vision.thinning import thinned

LOOK_ALIKES = "OoIilZzSsBbgq"
"""Letters that many a hand and font draws as a digit."""
LETTERS = "".join(letter for letter in string.ascii_letters if letter not in LOOK_ALIKES)
SIGNS = '#@&%?$€£+=*~()[]{}<>.-:;"^©ΓΔΛΠΣΨΩαλμπψωЖДИЦШЫЮЯ'  # , | ! / may be an honest 1, Ф a 0, § an 8
NUMBER_SIGNS = "$€£#%&+="
"""Those of SIGNS that stand beside numbers."""

BROAD_FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "STIXGeneralBolIta",
)
"""They have all SIGNS."""
TRAINING_FONTS = (*BROAD_FONTS, "cmb10", "cmti10", "cmmi10")
"""Names of fonts that come with matplotlib; so are those of HELD_OUT_FONTS."""
HELD_OUT_FONTS = ("DejaVuSerif", "cmr10", "cmss10", "cmtt10")
"""Never drawn for training: on them one sees whether letters in fonts unknown are turned down."""

SIZE = 40
"""Of all fonts, in pixels to the em."""


def print_glyph(character: str, *, font: str, stroke: int = 0) -> Image.Image:
    """character in a font that comes with matplotlib, white on black, strokes thickened by stroke pixels on each side.

    Raises DataError where matplotlib's fonts are not there.
    """
    loaded = load_font(font)
    left, top, right, bottom = loaded.getbbox(character, stroke_width=stroke)
    image = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), character, fill=255, font=loaded, stroke_width=stroke)
    return image.crop(image.getbbox())


@cache
def load_font(name: str) -> ImageFont.FreeTypeFont:
    """A font that comes with matplotlib. Raises DataError where it is not there."""
    spec = find_spec("matplotlib")  # importing it would take longer than all the drawing
    folders = spec.submodule_search_locations if spec else None
    path = Path(*(folders or [])[:1], "mpl-data", "fonts", "ttf", f"{name}.ttf")
    try:
        return ImageFont.truetype(path, SIZE, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise DataError(f"cannot read matplotlib's font {path}: {error}; install matplotlib again with pip") from error


@cache
def pen_path(character: str, *, font: str) -> NDArray[np.intp]:
    """The middle of a glyph's strokes: (n, 2) pixels, x and y, unordered."""
    mask = np.asarray(print_glyph(character, font=font)) > 127
    return np.argwhere(thinned(mask))[:, ::-1]

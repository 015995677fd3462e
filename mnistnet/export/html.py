"""HTML: a model as one page, on which a digit is drawn and read, without a network or a server."""

import base64

from markupsafe import Markup

from mnistnet import __version__
from mnistnet.export.claim import description
from mnistnet.export.eight_bit import Change, EightBit
from mnistnet.export.weights import packed_weights
from mnistnet.pages import render
from mnistnet.places import PACKAGE

STATIC = PACKAGE / "web" / "static"
MODULES = ("texts.js", "network.js", "normalize.js", "digit.js", "pad.js", "paint.js", "bars.js")
"""Each after those that it imports."""


def drawing_page(eight_bit: EightBit, change: Change | None) -> str:
    """The page of a plain model in 8 bits; change is what these changed, None where that is not known."""
    return render(
        "drawing.html",
        script="drawing.js",
        modules=[STATIC / name for name in MODULES],
        title="Draw a digit" if eight_bit.model.reads_digits else "Draw",
        digits=eight_bit.model.reads_digits,
        classes=eight_bit.model.classes,
        side=eight_bit.model.image_format.side,
        weights=Markup(page_text(packed_weights(*eight_bit))),
        description=description(eight_bit.model),
        change=change,
        version=__version__,
    )


def page_text(content: bytes) -> str:
    """Bytes as text that stands in a page, in base 85: a quarter longer. < and &, which mean something there, are , and
    . in it."""
    return base64.b85encode(content).translate(bytes.maketrans(b"<&", b",.")).decode()

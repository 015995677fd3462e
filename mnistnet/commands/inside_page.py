"""Inside page: what goes on inside the network while it reads a picture, drawn and told on one HTML page."""

from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from mnistnet.arrays import Floats, side_of
from mnistnet.commands import printable
from mnistnet.explain import as_image, draw_pictures
from mnistnet.inspection import DigitInside, HiddenLayer, Unit
from mnistnet.pages import picture_uri, render
from mnistnet.painting import paint_evidence, paint_signed
from mnistnet.reader import Inspection, percent
from mnistnet.vision.remarks import find_remarks

LARGE, SMALL = 8, 4
"""Pixels of the page a pixel of the network's picture."""
LARGEST = 300_000
"""Bytes of a PNG's address."""
GRID_WIDTH = 768
MOST_SHARES = 20
OUTSIDE = 225
"""The grey of what is left of a grid's last row."""


class Figure(NamedTuple):
    """A picture on the page."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str


def make_page(inspection: Inspection, insides: list[DigitInside], *, colours: Image.Image | None, model: str) -> str:
    """The page about a reading, and what goes on inside at each of its digits; model says which one reads.

    colours is the picture as it is to be shown, as large as its grey, which is shown otherwise.
    """
    reading, picture, ink, _ = inspection
    remarks = find_remarks(picture.grey, ink, [picture.in_grey(part.box) for part in reading.parts])
    name = printable("standard input" if reading.file == "-" else reading.file)
    return render(
        "inspect.html",
        title=f"Inside the reading of {name}",
        name=name,
        digits=reading.digits,
        confidence=percent(reading.confidence),
        sure=reading.sure,
        words="; ".join(dict.fromkeys([*reading.warnings, *remarks])),
        model=printable(model),
        picture=show_picture(inspection, colours),
        insides=[show_digit(inside) for inside in insides],
    )


def show_picture(inspection: Inspection, colours: Image.Image | None) -> Figure:
    """The picture with the digits' boxes, and its ink."""
    reading, picture, ink, _ = inspection
    found = f"a box around each of the digits {reading.digits}" if reading.digits else "no digit was found"
    return figure(
        draw_pictures(picture, ink, reading.parts, colours),
        f"The picture, {picture.width} x {picture.height} pixels, and what was taken for ink in it; {found}",
        "The picture as it is, and what was taken for ink in it.",
    )


def figure(image: Image.Image, alt: str, caption: str) -> Figure:
    """A figure that shows image."""
    uri = picture_uri(image, most=LARGEST)
    return Figure(uri, image.width, image.height, alt, caption)


def show_digit(inside: DigitInside) -> dict[str, Any]:
    """What the template says of one digit."""
    return {
        "answer": inside.part.label,
        "runner_up": inside.rival,
        "shares": shares_of(inside),
        "seen": show_evidence(inside),
        "layers": [show_layer(layer, number, inside) for number, layer in enumerate(inside.layers, start=1)],
        "change": inside.change,
        "needed": show_change(inside),
        "needed_words": tell_change(inside),
    }


def shares_of(inside: DigitInside) -> list[tuple[str, float, str]]:
    """Name, probability and that in words of each class; of many the likeliest, and the runner-up."""
    least = sorted(inside.part.probabilities)[-MOST_SHARES:][0]
    rows = zip(inside.classes, inside.part.probabilities, strict=True)
    return [(name, share, percent(share)) for name, share in rows if share >= least or name == inside.rival]


def show_evidence(inside: DigitInside) -> list[Figure]:
    """What the network saw, and which of its pixels spoke for and against answer and runner-up."""
    digit, rival = inside.part.label, inside.rival
    pairs = ((digit, inside.for_answer), (rival, inside.for_runner_up))
    return [
        show_pixels(inside.image, f"The {digit} as the network sees it", "as the network sees it"),
        *(
            figure(
                paint_evidence(inside.image, spoke, scale=LARGE),
                f"Pixels that spoke for {of} in blue, against it in striped orange",
                f"for and against {of}",
            )
            for of, spoke in pairs
        ),
    ]


def show_pixels(image: Floats, alt: str, caption: str) -> Figure:
    """A picture as the network sees it, (side^2,)."""
    side = side_of(image)
    return figure(as_image(1 - image.reshape(side, side), (LARGE * side, LARGE * side)), alt, caption)


def show_layer(layer: HiddenLayer, number: int, inside: DigitInside) -> dict[str, Any]:
    """What the template says of one hidden layer, the number-th from the first."""
    count, highest, lowest = len(layer.outputs), float(layer.outputs.max()), float(layer.outputs.min())
    signs = "blue above 0, striped orange below; " if lowest < 0 else ""
    caption = f"A square a unit, row by row from unit 0; blank at 0; {signs}{lowest:.2f} to {highest:.2f}."
    return {
        "number": number,
        "count": f"{count:,}",
        "active": f"{layer.active:,}",
        "activations": figure(
            paint_units(layer.outputs),
            f"The {count:,} outputs of hidden layer {number} as squares, {layer.active:,} of them active",
            caption,
        ),
        "strongest": [(unit, show_unit(unit, number, inside)) for unit in layer.strongest],
    }


def paint_units(outputs: Floats) -> Image.Image:
    """The outputs of a layer, (units,), as a grid twice as wide as high."""
    columns = int(np.ceil(np.sqrt(2 * len(outputs))))
    rows = -(-len(outputs) // columns)
    values, paper = np.zeros(rows * columns, outputs.dtype), np.full(rows * columns, OUTSIDE)
    values[: len(outputs)], paper[: len(outputs)] = outputs, 255
    shape, scale = (rows, columns), min(48, max(2, GRID_WIDTH // columns))
    return paint_signed(values.reshape(shape), paper.reshape(shape), scale=scale)


def show_unit(unit: Unit, layer: int, inside: DigitInside) -> Figure:
    """What a unit looks for, over the digit."""
    return figure(
        paint_evidence(inside.image, unit.looks_for, scale=SMALL),
        f"What unit {unit.number} of hidden layer {layer} looks for: ink in blue, no ink in striped orange",
        "",
    )


def show_change(inside: DigitInside) -> list[Figure]:
    """The picture before and after the change, and the difference."""
    digit, rival, change = inside.part.label, inside.rival, inside.change
    after = f"after: {rival} at {percent(change.probability)}"
    return [
        show_pixels(inside.image, f"Before: the {digit} as the network sees it", f"before: {digit}"),
        show_pixels(change.image, f"After the change, with {rival} at {percent(change.probability)}", after),
        figure(
            paint_evidence(inside.image, change.image - inside.image, scale=LARGE),
            "The difference: ink to add in blue, ink to take away in striped orange",
            "blue: ink to add; striped orange: to take away",
        ),
    ]


def tell_change(inside: DigitInside) -> str:
    """What the runner-up would have needed, in one sentence."""
    change, digit = inside.change, inside.rival
    parts = ((change.added, "added", change.mostly_added), (change.removed, "taken away", change.mostly_removed))
    words = "; ".join(f"{as_percent(share)} {verb}, most of it {place}" for share, verb, place in parts if share)
    if not change.reached:
        return f"no small change was found with which it is read as {digit}"
    share = as_percent(change.added + change.removed)
    return f"to be read as {digit} it would have needed {share} of the ink changed: {words}"


def as_percent(share: float) -> str:
    """A share of the ink, which may be more than all."""
    return f"{100 * share:.1f} %" if share >= 0.0005 else "less than 0.1 %"

"""Comparison page: a comparison as one HTML file, with the pictures that are answered differently."""

from collections.abc import Callable

from PIL import Image

from mnistnet.data.disputed import DISPUTED
from mnistnet.evaluation.comparison import Comparison, letter, verdict
from mnistnet.evaluation.report_text import percent
from mnistnet.pages import png_uri, render

MOST_SHOWN = 500
Show = Callable[[int | str], Image.Image]
"""From what a comparison calls a picture to the picture."""


def comparison_page(comparison: Comparison, show: Show, *, disputed: bool) -> str:
    """The page of a comparison; disputed says whether its pictures are those whose labels DISPUTED is about."""
    doubts = {one.index: one for one in DISPUTED} if disputed else {}
    cards = [
        {**one, "uri": png_uri(show(one["picture"])), "doubt": doubts.get(one["picture"])}
        for one in comparison["differ"][:MOST_SHOWN]
    ]
    return render(
        "compare.html",
        title=" against ".join(model["name"] for model in comparison["models"]),
        comparison=comparison,
        cards=cards,
        letter=letter,
        verdict=verdict,
        percent=percent,
    )

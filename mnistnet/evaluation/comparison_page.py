"""Comparison page: a comparison as one HTML file, with the pictures that are answered differently."""

from collections.abc import Callable

from mnistnet.data.disputed import DISPUTED
from mnistnet.evaluation.comparison import ADJUSTED, Comparison, letter, p_text, points_text, verdict
from mnistnet.evaluation.report_text import bounds_text, percent
from mnistnet.pages import render

MOST_SHOWN = 500
Show = Callable[[int | str], str]
"""From what a comparison calls a picture to an address that holds it."""


def comparison_page(comparison: Comparison, show: Show, *, digits: bool, disputed: bool) -> str:
    """The page of a comparison.

    digits says whether its pictures are MNIST's, white on black, and disputed, whether they are those whose labels
    DISPUTED is about.
    """
    doubts = {one.index: one.said for one in DISPUTED} if disputed else {}
    cards = [
        {**one, "uri": show(one["picture"]), "doubt": doubts.get(one["picture"])}
        for one in comparison["differ"][:MOST_SHOWN]
    ]
    return render(
        "compare.html",
        title=" against ".join(model["name"] for model in comparison["models"]),
        comparison=comparison,
        cards=cards,
        digits=digits,
        adjusted=ADJUSTED,
        letter=letter,
        p_text=p_text,
        points_text=points_text,
        verdict=verdict,
        percent=percent,
        bounds=bounds_text,
    )

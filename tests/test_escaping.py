"""Every page: whatever files, classes and labels are called stays text. The report's own are in
evaluation/test_report_page.py; what the server's page makes of names and labels, in end_to_end/test_served_page.py."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mnistnet.commands.inside_page import make_page
from mnistnet.data.mnist import load_sample
from mnistnet.evaluation.comparison import Contestant, compare
from mnistnet.evaluation.comparison_page import comparison_page
from mnistnet.inspection import look_inside
from mnistnet.model_file import Model
from mnistnet.pages import templates
from mnistnet.reader import Reader
from mnistnet.web.app import STATIC
from tests.models import small_model
from tests.pages import Seen, require_self_contained

SCRIPT = "</script><script>alert(1)</script>"
HOSTILE = (SCRIPT, '"><img src=x onerror=alert(1)>', "'onmouseover='alert(1)", "{{ 7 * 7 }}", "]]>--><script>alert(1)")


def hostile_model() -> Model:
    """A model whose classes are called so."""
    return replace(small_model(), classes=(*HOSTILE, *"56789"))


def require_text(page: str, *texts: str) -> None:
    """Check that a page is as closed as ever, and shows these texts as they are."""
    seen = require_self_contained(page)
    assert "<script>alert" not in page
    assert not [image for image in seen.all("img") if image.get("src") == "x"]
    for text in texts:
        assert text in seen.text, text


@pytest.mark.parametrize("name", HOSTILE)
def test_in_a_comparison(name: str) -> None:
    contestants = [Contestant(name, [name, "5"], 1.0, 10, 10, name), Contestant("other", ["3", name], 1.0, 10, 10)]
    comparison = compare(contestants, ["3", "5"], [name, "b"], of=name, notice=name)
    page = comparison_page(comparison, lambda _: "data:,", digits=False, disputed=False)
    require_text(page, f"A: {name}", f"B: {name}", f"Notice: {name}", f"2 models on 2 {name}")
    assert Seen(page).text.count(name) >= 7
    assert [one["data-picture"] for one in Seen(page).all("li")] == [name, "b"]


@pytest.mark.parametrize("name", HOSTILE)
def test_in_a_look_inside(name: str) -> None:
    from torturing.specimens import specimens

    model = hostile_model()
    inspection = Reader(model, single=True).inspect(specimens("png")[0], name=name)
    reading = replace(inspection.reading, parts=[replace(part, label=name) for part in inspection.reading.parts])
    insides = [look_inside(model, part, image) for part, image in zip(reading.parts, inspection.images, strict=True)]
    page = make_page(inspection._replace(reading=replace(reading, digits=name)), insides, colours=None, model=name)
    require_text(page, f"Inside the reading of {name}", *HOSTILE)


def test_in_a_page_to_draw_on() -> None:
    from mnistnet.export.eight_bit import Change, in_eight_bits
    from mnistnet.export.html import drawing_page

    model = hostile_model()
    model = replace(model, provenance=replace(model.provenance, dataset=SCRIPT, notice=SCRIPT))
    page = drawing_page(in_eight_bits(model, load_sample().test.images[:5]), Change(1, 1, 1, 1))
    assert "<script>alert" not in page
    seen = Seen(page)
    assert not [image for image in seen.all("img") if image.get("src") == "x"]
    assert len([one for one in seen.all("script") if one.get("type") != "application/json"]) == 1
    assert not [tag for tag, attrs in seen.tags if any(name.startswith("on") for name in attrs)]


def test_templates_escape_and_scripts_make_elements_of_no_text() -> None:
    assert templates().autoescape is True
    assert templates().from_string("{{ name }}").render(name=SCRIPT) == SCRIPT.replace("<", "&lt;").replace(">", "&gt;")
    pages = Path(STATIC).parents[1] / "pages"
    for path in (*STATIC.rglob("*.js"), *pages.rglob("*.js"), *pages.rglob("*.html"), *STATIC.rglob("*.html")):
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|\|\s*safe|srcdoc"
            r"|createContextualFragment|javascript:|autoescape false",
            path.read_text(),
        )
        assert not found, (path, found)

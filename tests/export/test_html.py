"""The drawing page, as text; in a browser it is tested in end_to_end/test_drawing_page.py."""

import base64
import json
import re
from dataclasses import replace

from mnistnet.data.mnist import load_sample
from mnistnet.export.eight_bit import Change, EightBit, in_eight_bits
from mnistnet.export.html import drawing_page, page_text
from mnistnet.export.weights import packed_weights
from mnistnet.model_file import Model
from tests.models import small_model
from tests.pages import require_self_contained

CHANGE = Change(12_000, 36, 1_038, 1_100)


def eight_bit(model: Model | None = None) -> EightBit:
    return in_eight_bits(model or small_model(), load_sample().test.images[:20])


def test_it_needs_nothing_but_itself() -> None:
    seen = require_self_contained(drawing_page(eight_bit(), CHANGE))
    (script,) = [one for one in seen.all("script") if one.get("type") != "application/json"]
    assert script["type"] == "module"
    assert not re.search(r'^(import|export) .*from "', seen.text, re.MULTILINE)
    assert [one["id"] for one in seen.all("canvas")] == ["pad", "seen"]


def test_it_holds_the_weights_in_8_bits() -> None:
    page = drawing_page(eight_bit(), CHANGE)
    (text,) = re.findall(r'id="weights">(".*?")</script>', page)
    packed = base64.b85decode(json.loads(text).translate(str.maketrans(",.", "<&")))
    assert packed == packed_weights(*eight_bit())


def test_nothing_in_the_weights_means_anything_in_a_page() -> None:
    text = page_text(bytes(range(256)) * 500)
    assert not set("<&\"'\\\n") & set(text)


def test_it_states_the_claim_and_what_8_bits_change() -> None:
    model = small_model(errors=3)
    model = replace(model, provenance=replace(model.provenance, notice="trained on <b>a sample</b>"))
    text = require_self_contained(drawing_page(eight_bit(model), CHANGE)).text
    words = " ".join(text.split())
    assert "784-5-10 relu, 3 of 20 test images misread; trained on <b>a sample</b>." in words
    assert "in 8 bits, as in this page, it misreads 1,038 of 12,000 test images instead of 36." in words


def test_equal_models_are_equal_pages() -> None:
    assert drawing_page(eight_bit(), CHANGE) == drawing_page(eight_bit(), CHANGE)

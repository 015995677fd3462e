"""The served page in a real browser: draw, drop, damage, correct; and nothing leaves the machine."""

import io
import re
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.mnist import load_sample
from mnistnet.evaluation.scorecard import photo_like
from tests.end_to_end.opened import Opened
from tests.end_to_end.servers import Serving, serving
from tests.end_to_end.test_drawing_page import SEVEN, STAR, THREE, Points

pytestmark = pytest.mark.slow
SPOKE = "Pixels that spoke for "
NAMED = "Ω <img src=x onerror=alert(1)><script>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("served") / "home") as running:
        yield running


class ServedPage(Opened):
    """The page, and a hand that draws on it."""

    def __init__(self, browser: Any, server: Serving, *, width: int = 1280, **options: Any) -> None:
        viewport = {"width": width, "height": 900}
        super().__init__(browser, f"{server.url}/", ready="#bars table", viewport=viewport, **options)
        self.wait_for("#model", "test images misread")
        self.wait_for("#kept", "None yet.|kept:")

    def wait_for(self, query: str, pattern: str) -> str:
        """The text of an element as soon as it matches."""
        self.page.wait_for_function(
            "([query, pattern]) => new RegExp(pattern).test(document.querySelector(query).textContent)",
            arg=[query, pattern],
        )
        return str(self.page.locator(query).inner_text())

    def draw(self, points: Points) -> None:
        """A stroke with the mouse."""
        box = self.page.locator("#pad").bounding_box()
        places = [(box["x"] + x / 280 * box["width"], box["y"] + y / 280 * box["height"]) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()


@pytest.fixture
def opened(browser: Any, server: Serving) -> Iterator[ServedPage]:
    """The page, on which nothing goes wrong."""
    page = ServedPage(browser, server)
    yield page
    assert page.wrong == []
    page.page.close()


def test_a_drawn_digit_is_read_while_it_is_drawn_and_undone_and_cleared(opened: ServedPage) -> None:
    opened.draw(THREE)
    opened.wait_for("#says", r"^3, \d+\.\d %, sure$")
    opened.wait_for("#spoken", "^3, ")
    assert opened.page.locator("table.shares tr.answer th").first.inner_text() == "3"
    opened.draw(STAR)
    opened.wait_for("#says", "unsure")
    opened.page.locator("#undo").click()
    opened.wait_for("#says", "^3, ")
    opened.page.locator("#clear").click()
    opened.wait_for("#says", "Nothing drawn yet")
    opened.page.locator("#pad").press("Control+z")
    opened.wait_for("#says", "^3, ")
    opened.page.locator("#pad").press("Escape")
    opened.wait_for("#says", "Nothing drawn yet")


def test_the_keyboard_draws_too(opened: ServedPage) -> None:
    pad = opened.page.locator("#pad")
    pad.focus()
    for key in ("Shift+ArrowUp",) * 4 + (" ",) + ("Shift+ArrowDown",) * 8 + (" ",):
        pad.press(key)
    opened.wait_for("#says", "^1, ")


def test_damage_changes_what_is_read_and_can_be_mended(opened: ServedPage) -> None:
    for stroke in SEVEN:
        opened.draw(stroke)
    whole = opened.wait_for("#says", "^7, ")
    opened.page.locator("#damage summary").click()
    as_drawn, seen = (
        opened.page.eval_on_selector(name, "canvas => canvas.toDataURL()") for name in ("#damaged", "#seen")
    )
    is_as_drawn = "(drawn) => document.querySelector('#damaged').toDataURL() === drawn"
    for name, value in (("rotation", 60), ("noise", 90), ("blur", 12), ("thickness", -8)):
        opened.page.locator(f"#{name}").fill(str(value))
        opened.page.wait_for_function(is_as_drawn.replace("===", "!=="), arg=as_drawn)
        assert opened.page.eval_on_selector("#seen", "canvas => canvas.toDataURL()") != seen, name
        if name in ("rotation", "noise"):
            assert opened.page.locator("#says").inner_text() != whole
        opened.page.locator("#mend").click()
        opened.page.wait_for_function(is_as_drawn, arg=as_drawn)
        assert opened.page.locator("#says").inner_text() == whole


def test_a_look_inside_shows_layers_and_evidence(opened: ServedPage) -> None:
    opened.draw(THREE)
    opened.page.locator("#inside summary").click()
    opened.page.wait_for_selector("#evidence canvas")
    labels = opened.page.eval_on_selector_all("#inside canvas", "all => all.map(one => one.getAttribute('aria-label'))")
    assert re.match(r"Hidden layer 1: [\d,]+ of 2,048 units are active", labels[0])
    assert re.match(r"Hidden layer 2: [\d,]+ of 1,024 units are active", labels[1])
    assert labels[2].startswith("Pixels that spoke for 3")
    assert "the runner-up" in labels[3]


def test_a_look_inside_is_at_what_was_read_however_damaged_and_never_at_what_was_before(opened: ServedPage) -> None:
    opened.draw(THREE)
    opened.page.locator("#inside summary").click()
    for noise in (0, 40, 60, 80):
        opened.page.locator("#damage").evaluate("damage => (damage.open = true)")
        opened.page.locator("#noise").fill(str(noise))
        opened.page.wait_for_timeout(450)
        digit = opened.page.locator("#says").inner_text()[0]
        opened.page.wait_for_selector(f"#evidence canvas[aria-label^='{SPOKE}{digit}']")
    opened.page.locator("#noise").fill("0")
    opened.page.wait_for_timeout(420)  # the server has been asked,
    opened.page.locator("#clear").click()  # and its answer comes too late
    opened.wait_for("#spoken", "Nothing drawn yet")
    opened.page.wait_for_timeout(500)
    assert opened.page.locator("#evidence canvas").count() == 0


def test_a_dropped_photo_is_read_with_its_boxes_and_what_is_none_is_told(opened: ServedPage) -> None:
    test = load_sample().test
    places = [int(np.flatnonzero(test.labels == digit)[0]) for digit in (4, 2)]
    digits = [Image.fromarray(np.uint8(255 * test.images[place].reshape(28, 28))) for place in places]
    sheet = Image.new("L", (64, 28))
    for number, digit in enumerate(digits):
        sheet.paste(digit, (36 * number, 0))
    photo = photo_like(digits[0], np.random.default_rng(0))
    page = io.BytesIO()
    sheet.resize((640, 280), Image.Resampling.BICUBIC).point(lambda value: 255 - value).save(page, "PNG")
    drop(opened, "a <script>photo.jpg", photo)
    opened.wait_for("#news", "a <script>photo.jpg: 4, ")
    drop(opened, NAMED, photo)
    opened.wait_for("#news", f"^{re.escape(NAMED)}: 4, ")
    drop(opened, "two.png", page.getvalue())
    opened.wait_for("#news", "two.png: 42, ")
    newest = opened.page.locator("article").first
    assert newest.locator("li").count() == 2
    assert newest.locator("canvas.picture").get_attribute("aria-label").endswith("digits 42")
    blue = newest.locator("canvas.picture").evaluate(
        "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 0; i < d.length; i += 4) n += d[i] === 0 && d[i + 1] === 84 && d[i + 2] === 160; return n; }"
    )
    assert blue > 500  # the boxes
    many, file = Image.new("L", (10 * 36, 5 * 40)), io.BytesIO()
    for number in range(50):
        many.paste(digits[number % 2], (36 * (number % 10), 40 * (number // 10)))
    many.resize((1440, 800), Image.Resampling.BICUBIC).point(lambda value: 255 - value).save(file, "PNG")
    opened.page.set_viewport_size({"width": 390, "height": 844})
    drop(opened, "many.png", file.getvalue())
    opened.wait_for("#news", "many.png: [0-9]{40}")
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 390
    drop(opened, "notes.txt", b"no picture")
    opened.wait_for("#news", "notes.txt: That did not work: ")
    opened.wrong = [text for text in opened.wrong if "422" not in text]  # the browser tells of the status, too


def drop(opened: ServedPage, name: str, content: bytes) -> None:
    """Drop a file on the page."""
    opened.page.evaluate(
        """([name, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], name));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        [name, list(content)],
    )


def test_a_correction_is_kept_counted_and_deleted(opened: ServedPage, server: Serving) -> None:
    page = opened.page
    for label in ("7", NAMED):
        for stroke in SEVEN:
            opened.draw(stroke)
        opened.wait_for("#says", "^7, ")
        page.locator("#label").fill(label)
        page.locator("#correct button").click()
        opened.wait_for("#kept", "Kept as")
    assert opened.wait_for("#kept", "2 kept:") == f"Kept as {NAMED}. 2 kept: 1 of 7, 1 of {NAMED}"
    kept = sorted((server.home / "personal").glob("*.png"))
    assert len(kept) == 2
    with Image.open(kept[0]) as drawing:
        assert drawing.size == (280, 280)
    page.locator("#shown").click()
    assert page.locator("#drawings strong").all_inner_texts() == [NAMED, "7"]  # the latest first
    whole = "() => [...document.querySelectorAll('#drawings img')].every(one => one.naturalWidth === 280)"
    page.wait_for_function(whole)
    page.get_by_label("Delete the drawing kept as 7").click()
    assert opened.wait_for("#kept", "1 kept:") == f"Deleted. 1 kept: 1 of {NAMED}"
    assert page.evaluate("document.activeElement.id") == "kept"  # its button is gone
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("#delete-all").click()
    opened.wait_for("#kept", "None yet.")
    assert not list((server.home / "personal").glob("*.png"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_screen_and_can_be_read_in_light_and_dark(
    browser: Any, server: Serving, scheme: str, width: int
) -> None:
    opened = ServedPage(browser, server, width=width, color_scheme=scheme)
    opened.draw(THREE)
    opened.wait_for("#says", "^3, ")
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    assert {what: ratio for what, ratio in opened.contrasts().items() if ratio < 4.5} == {}  # WCAG 2.2, AA
    named = "e => e.labels?.length || e.textContent.trim() || e.ariaLabel || e.getAttribute('aria-labelledby')"
    nameless = f"all => all.filter(e => !({named})(e)).map(e => e.outerHTML)"
    assert opened.page.eval_on_selector_all("button, input, select, canvas[tabindex], [role=img]", nameless) == []
    assert opened.wrong == []


def test_the_answer_follows_the_stroke(opened: ServedPage) -> None:
    opened.draw(THREE)
    opened.wait_for("#says", "^3, ")
    times = opened.page.evaluate(
        """async () => {
          const pad = document.getElementById("pad"), says = document.getElementById("says");
          const { left, top, width } = pad.getBoundingClientRect();
          const send = (kind, x, y) => pad.dispatchEvent(new PointerEvent(kind, {
            clientX: left + x * width, clientY: top + y * width,
            pointerId: 1, isPrimary: true, button: 0, bubbles: true }));
          pad.setPointerCapture = () => {};
          const times = [];
          send("pointerdown", 0.3, 0.3);
          for (let step = 0; step < 60; step++) {
            const started = performance.now();
            const changed = new Promise(done => new MutationObserver((_, seen) => { seen.disconnect(); done(); })
              .observe(says, { childList: true, characterData: true, subtree: true }));
            send("pointermove", 0.3 + 0.005 * step, 0.3 + 0.005 * (step % 7));
            await changed;
            times.push(performance.now() - started);
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          }
          send("pointerup", 0.6, 0.3);
          return times;
        }"""
    )
    assert statistics.median(times) < 60  # 6 with nothing beside

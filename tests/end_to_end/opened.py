"""A page from disk in a real browser, and all that goes wrong in it."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image


class Opened:
    """A page that is open, with the network off; `wrong` is what it wrote to the console, raised or asked for."""

    def __init__(self, browser: Any, path: Path, *, ready: str, **options: Any) -> None:
        self.wrong: list[str] = []
        self.page = browser.new_context(offline=True, **options).new_page()
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self.note)
        self.page.goto(path.as_uri())
        self.page.wait_for_selector(ready)

    def note(self, request: Any) -> None:
        """A page on disk asks for itself and for what it holds."""
        if not request.url.startswith(("data:", "file:")):
            self.wrong.append(request.url)

    def contrasts(self, queries: Sequence[str]) -> dict[str, float]:
        """Of the first text that each query finds, with the paper."""
        found: dict[str, float] = self.page.evaluate(CONTRAST, list(queries))
        return found


def picture_in(address: str) -> Image.Image:
    """The picture that an address holds."""
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


CONTRAST = """(queries) => {
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(v => v / 255).map(
      v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const of = (query) => ratio(light(getComputedStyle(document.querySelector(query)).color), paper);
  return Object.fromEntries(queries.map(query => [query, of(query)]));
}"""

"""A page in a real browser, from disk or from a server on this machine, and all that goes wrong in it."""

import base64
import io
from pathlib import Path
from typing import Any

from PIL import Image


class Opened:
    """A page that is open; `wrong` is what it wrote to the console, raised, or asked for elsewhere.

    A page from disk is opened with the network off.
    """

    def __init__(self, browser: Any, place: Path | str, *, ready: str, **options: Any) -> None:
        is_file = isinstance(place, Path)
        address = place.as_uri() if isinstance(place, Path) else place
        self.wrong: list[str] = []
        self.own = ("data:", "blob:", "file:" if is_file else address)
        self.page = browser.new_context(offline=is_file, **options).new_page()
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", self.note)
        self.page.goto(address)
        self.page.wait_for_selector(ready)

    def note(self, request: Any) -> None:
        """A page asks for itself, for what it holds, and for what its own server has."""
        if not request.url.startswith(self.own):
            self.wrong.append(request.url)

    def contrasts(self) -> dict[str, float]:
        """Of each text with what is behind it."""
        found: dict[str, float] = self.page.evaluate(CONTRAST)
        return found


def picture_in(address: str) -> Image.Image:
    """The picture that an address holds."""
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const pixel = (colours) => {  // one over the other, as the browser mixes them
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colours) => {
    const linear = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = pixel(colours).map(value => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const of = (element) => {
    const behind = [];
    for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const [one, other] = [light([getComputedStyle(element).color]), light(behind)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const queries = "h1, p, th, td, button, summary, figcaption, label, select, li div, li strong, .flag, code";
  return Object.fromEntries([...document.querySelectorAll(queries)].map(element => [
    `${element.tagName} ${element.className} ${element.textContent.slice(0, 20)}`, of(element)]));
}"""

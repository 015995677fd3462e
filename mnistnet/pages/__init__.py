"""Pages: HTML files that need nothing but themselves, filled in from the templates in this folder.

A page has its style, its pictures and its one script inside. Its security policy lets it load nothing from anywhere,
and run no other script, whatever names and labels are filled in; these are escaped besides.
"""

import base64
import hashlib
import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from markupsafe import Markup
from PIL import Image

_FOLDER = Path(__file__).parent
STYLE = _FOLDER / "style.css"
_FROM_EACH_OTHER = re.compile(r'^(import|export) .* from "\.[^"]*";\n', re.MULTILINE)


def render(template: str, *, script: str = "", modules: Sequence[Path] = (), **values: Any) -> str:
    """The page that a template in this folder makes of values, with a script from this folder.

    modules are JavaScript files that the script imports, and each other; they are written into the page before it.
    Raises ValueError where a value is missing, and what the template stumbles over.
    """
    code = joined([*modules, _FOLDER / script]) if script else ""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    facts = {"script": Markup(code), "script_hash": digest, "is_module": bool(modules)}
    try:
        page = templates().get_template(template).render(values, **facts)
    except UndefinedError as error:
        raise ValueError(f"{template} lacks a value: {error}") from error
    return page.encode("utf-8", "backslashreplace").decode()  # a file's name need not be text


def joined(scripts: Sequence[Path]) -> str:
    """JavaScript files as one, without the lines in which they import from each other. No two may use one name."""
    return "\n".join(_FROM_EACH_OTHER.sub("", path.read_text(encoding="utf-8")) for path in scripts)


@cache
def templates() -> Environment:
    """The templates, which stumble over values that they were not given."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style"] = Markup(STYLE.read_text(encoding="utf-8"))
    return environment


def png_uri(image: Image.Image) -> str:
    """A picture as an address that holds it."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return data_uri("image/png", file.getvalue())


def picture_uri(image: Image.Image, *, most: int) -> str:
    """The same, but as a JPEG where a PNG's address would have more than so many bytes, as a photo's has."""
    uri = png_uri(image)
    if len(uri) <= most:
        return uri
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return data_uri("image/jpeg", file.getvalue())


def data_uri(kind: str, content: bytes) -> str:
    """An address that holds its content, which is of a kind such as image/svg+xml."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"

"""A page's HTML as tests see it."""

import re
from html.parser import HTMLParser


class Seen(HTMLParser):
    """What is in a page, by the standard library's parser."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every tag of this name."""
        return [attrs for name, attrs in self.tags if name == tag]


def require_self_contained(page: str) -> Seen:
    """Check that a page loads nothing, runs at most its own script, names every picture, and is closed to all else."""
    seen = Seen(page)
    for tag, attrs in seen.tags:
        for name, value in attrs.items():
            assert not name.startswith("on"), f"{tag} has {name}"
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                assert str(value).startswith(("data:", "#")), f"{tag} loads {str(value)[:60]}"
    assert all("alt" in image for image in seen.all("img"))
    assert len([attrs for attrs in seen.all("script") if attrs.get("type") != "application/json"]) <= 1
    (policy,) = [attrs["content"] for attrs in seen.all("meta") if attrs.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules.pop("script-src"))  # of its own script, and no other
    assert rules.pop("style-src") == "'unsafe-inline'"
    assert rules.pop("img-src") == "data:"
    assert rules == dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert "@import" not in page
    assert "url(" not in page
    return seen

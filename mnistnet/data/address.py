"""Address: a URL that a user names."""

import re


def is_url(text: str) -> bool:
    """Whether text is an address, and no path."""
    return re.match("[a-z][a-z0-9+.-]+://", text, re.IGNORECASE) is not None


def without_password(text: str) -> str:
    """An address, or a text with some in it, as it may be shown and kept."""
    return re.sub(r"//[^/\s]*@", "//", text)

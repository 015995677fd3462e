"""Settings: what the server allows, with its defaults."""

from dataclasses import dataclass

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one request, and all of them together, may take."""

    body: int = 20 * MEGABYTE
    """Bytes of a request's body,"""
    bodies: int = 400 * MEGABYTE
    """and of all bodies that are held at once."""
    seconds: float = 20.0
    """For a request to arrive, and for a picture to be read; it may wait twice as long for its turn."""
    queue: int = 200
    """Pictures that wait to be read."""
    connections: int = 4_000
    parts: int = 100
    """Of a form."""
    friends: tuple[str, ...] = ()
    """Origins of other sites that may use the server, such as https://example.org."""

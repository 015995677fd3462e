"""Connections: TLS with certificates that do not match, and proxies that the environment names."""

from collections.abc import Iterator

from torturing import Budget, Outcome


def run(budget: Budget) -> Iterator[Outcome]:
    """Nothing yet."""
    yield from ()

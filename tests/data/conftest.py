"""What the data tests share."""

import os
from collections.abc import Iterator

import pytest

from tests.data.one_file import DATA, FILE
from tests.servers import MirrorServer


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """A proxy that the environment names would answer in place of the test servers."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            environment.delenv(name)
        yield


@pytest.fixture
def server() -> Iterator[MirrorServer]:
    """Has the one file, under every behaviour."""
    with MirrorServer({FILE.name: DATA}) as running:
        yield running

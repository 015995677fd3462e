"""What tests of attacks share: the server that is attacked, and what has to be so after each attack."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.servers import Serving, serving

POST = b"POST /api/read HTTP/1.1\r\nHost: localhost\r\n"
LIMIT = 1_000_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attacked") / "home"


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Serving]:
    with serving(home, "--workers", 1, "--max-body", 1, "--timeout", 2) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Serving) -> Iterator[httpx.Client]:
    with server.client() as asking:
        yield asking


@pytest.fixture(autouse=True)
def goes_on_as_before(server: Serving, client: httpx.Client, home: Path, draw: Callable[[int], Path]) -> Iterator[None]:
    """After each attack it reads a picture, has written nothing but its log, and said nothing of this machine."""
    before = sorted(Path.cwd().iterdir())
    yield
    assert sorted(Path.cwd().iterdir()) == before
    assert client.post("/api/read", content=draw(3).read_bytes()).json()["digits"] == "8"
    assert [path.name for path in home.iterdir()] == ["server.log"]
    assert not [line for line in server.lines() if line.get("status") == 500 or "traceback" in line]


def detail(answer: httpx.Response, status: int) -> str:
    """The line of a problem with this status."""
    assert answer.status_code == status, answer.text
    text = str(answer.json()["detail"])
    assert os.sep + "mnistnet" not in text
    assert "Traceback" not in text
    return text

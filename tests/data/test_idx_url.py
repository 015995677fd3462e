"""Other sets from an address: fetched once, gone on with, and taken from nobody who could have changed them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnistnet.data.address import is_url
from mnistnet.data.idx_set import SetFiles, set_name
from mnistnet.data.idx_url import fetch_set, split_url
from mnistnet.data.sources import Source, load_source
from mnistnet.errors import DataError, DownloadError
from tests.data.sets import NAMES, contents
from tests.servers import MirrorServer


@pytest.fixture
def server() -> Iterator[MirrorServer]:
    """Has the set, and the same as one of EMNIST's."""
    files = contents()
    emnist = {f"emnist-shapes-{name.replace('t10k', 'test')}": content for name, content in files.items()}
    with MirrorServer(files | emnist) as running:
        yield running


def test_a_set_is_fetched_once(server: MirrorServer, tmp_path: Path) -> None:
    told = []
    url = server.url("fine") + "/"
    files = fetch_set(url, tmp_path, on_bytes=lambda name, done, total: told.append((name, done == total)))
    assert {path.name: path.read_bytes() for path in files.paths} == contents()
    assert {name for name, is_done in told if is_done} == set(contents())
    asked = len(server.requests)
    assert fetch_set(server.url("fine"), tmp_path) == files
    assert len(server.requests) == asked


def test_a_download_is_gone_on_with(server: MirrorServer, tmp_path: Path) -> None:
    name, content = next(iter(contents().items()))
    path = fetch_set(server.url("fine"), tmp_path).paths[0].with_name(name)
    path.unlink()
    path.with_name(f"{name}.part").write_bytes(content[:100])
    fetch_set(server.url("fine"), tmp_path)
    assert path.read_bytes() == content
    assert server.requests[-1].range == "bytes=100-"
    path.unlink()
    path.with_name(f"{name}.part").write_bytes(b"x" * 100)  # of another file
    fetch_set(server.url("fine"), tmp_path)
    assert path.read_bytes() == content


def test_the_training_images_name_a_set_among_others(server: MirrorServer, tmp_path: Path) -> None:
    url = f"{server.url('fine')}/emnist-shapes-train-images-idx3-ubyte.gz"
    dataset = load_source(Source(url, NAMES), tmp_path)
    assert (dataset.name, dataset.classes) == ("emnist-shapes", NAMES)
    assert "emnist-shapes-test-images-idx3-ubyte (transposed)" in dataset.sha256
    assert "no published checksum" in dataset.notice


@pytest.mark.parametrize(("behaviour", "said"), [("page", "not"), ("missing", "status 404"), ("chunked", "Length ''")])
def test_what_is_no_such_file_is_refused(server: MirrorServer, behaviour: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        fetch_set(server.url(behaviour), tmp_path)
    assert said in str(caught.value)
    assert not list(tmp_path.rglob("*.gz"))


@pytest.mark.parametrize("url", ["http://example.com/fashion/", "ftp://example.com/x", "https:///x", "http://[/x"])
def test_nothing_is_taken_over_a_connection_that_others_can_write_to(url: str, tmp_path: Path) -> None:
    assert is_url(url)
    with pytest.raises(DataError, match=r"https address|no address"):
        fetch_set(url, tmp_path)


@pytest.mark.parametrize("url", ["http://me:secret@example.com/", "ftp://me:s@secret@x/", "https://me:secret@[/x"])
def test_a_password_in_an_address_is_not_shown(url: str) -> None:
    with pytest.raises(DataError) as caught:
        split_url(url)
    assert "secret" not in str(caught.value)


def test_a_password_does_not_become_the_name_of_a_set() -> None:
    files = SetFiles("", (Path("a"), Path("b"), Path("c"), Path("d")))
    assert set_name(files, "https://me:secret@example.com") == "example.com"


def test_a_folder_is_no_address() -> None:
    assert not is_url("data/fashion")
    assert not is_url(r"C:\data")
    assert split_url("https://example.com/a/b/") == ("https://example.com/a/b", "")

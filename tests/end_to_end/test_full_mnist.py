"""The whole way on the full MNIST: from a mirror over HTTP to a model that reads users' pictures."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mnistnet.data.mnist import load_folder
from mnistnet.model_file import load_model
from mnistnet.nn.network import probabilities
from mnistnet.places import shipped
from tests.end_to_end.conftest import CommandLine

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mirror(mnist_dir: Path) -> Iterator[str]:
    """A real HTTP server over the real files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(mnist_dir))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def trained(mirror: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, dict[str, object]]:
    """The command line after the default training, and its result."""
    mnistnet = CommandLine(tmp_path_factory.mktemp("full") / "home")
    done = mnistnet("train", "--mirror", mirror, "--json", "--require-full")
    assert done.returncode == 0, done.stderr
    return mnistnet, json.loads(done.stdout)


def test_default_training_reaches_98_4_percent(trained: tuple[CommandLine, dict[str, object]]) -> None:
    _, result = trained
    assert (result["dataset"], result["test_images"], result["notice"]) == ("mnist", 10_000, "")
    assert float(str(result["test_accuracy"])) >= 0.984


def test_the_cache_is_filled_and_verified(trained: tuple[CommandLine, dict[str, object]]) -> None:
    mnistnet, _ = trained
    verified = mnistnet("data", "verify")
    assert verified.returncode == 0
    assert verified.stdout.count("verified") == 4


def test_predict_takes_the_model_trained_last(trained: tuple[CommandLine, dict[str, object]]) -> None:
    mnistnet, result = trained
    assert (mnistnet.home / "last-model").read_text().strip() == result["model"]


def test_a_corrupt_cached_file_is_noticed_and_fetched_again(
    trained: tuple[CommandLine, dict[str, object]], mirror: str
) -> None:
    mnistnet, _ = trained
    path = mnistnet.home / "mnist" / "t10k-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "WRONG" in mnistnet("data", "verify").stdout
    done = mnistnet("train", "--mirror", mirror, "--hidden", 16, "--epochs", 1, "--json")
    assert json.loads(done.stdout)["dataset"] == "mnist"
    assert mnistnet("data", "verify").returncode == 0


def test_unpacked_files_of_the_users_own_give_the_same_bits(
    mnistnet: CommandLine, mnist_dir: Path, tmp_path: Path
) -> None:
    import gzip

    for packed in mnist_dir.glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    for name, folder in (("packed", mnist_dir), ("unpacked", tmp_path)):
        options = ("--hidden", 16, "--epochs", 1, "--output", tmp_path / f"{name}.npz")
        assert mnistnet("train", "--data", folder, *options).returncode == 0
    assert (tmp_path / "packed.npz").read_bytes() == (tmp_path / "unpacked.npz").read_bytes()


def test_the_shipped_model_keeps_its_claim(mnist_dir: Path) -> None:
    model, dataset = load_model(shipped("mnist.npz")), load_folder(mnist_dir)
    assert model.provenance.data_sha256 == dataset.sha256
    answers = probabilities(model.params, dataset.test.images).argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (dataset.test.labels, answers), 1)
    assert model.provenance.confusion == confusion.tolist()

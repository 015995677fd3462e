"""The whole way on the full MNIST: from a mirror over HTTP to a model that is taken unasked."""

import gzip
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnistnet.data.mnist import Dataset, load_folder, split
from mnistnet.model_file import load_model
from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.network import probabilities
from mnistnet.nn.optimizers import OPTIMIZERS
from mnistnet.places import shipped
from mnistnet.training.settings import Settings
from mnistnet.training.state import new_state
from mnistnet.training.trainer import fit
from tests.end_to_end.conftest import CommandLine
from tests.end_to_end.test_train import interrupted
from tests.servers import MirrorServer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mirror(mnist_dir: Path) -> Iterator[str]:
    """A real HTTP server over the real files."""
    with MirrorServer({path.name: path.read_bytes() for path in mnist_dir.glob("*.gz")}) as server:
        yield server.url("fine")


@pytest.fixture(scope="module")
def trained(mirror: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, dict[str, Any]]:
    """The command line after a fetch and a quick training, and the training's result."""
    mnistnet = CommandLine(tmp_path_factory.mktemp("full") / "home")
    fetched = mnistnet("data", "fetch", "--mirror", mirror)
    assert fetched.returncode == 0, fetched.stderr
    assert fetched.stdout.count("verified") == fetched.stderr.count("received ") == 4
    done = mnistnet("train", "--recipe", "quick", "--json", "--require-full")
    assert done.returncode == 0, done.stderr
    return mnistnet, json.loads(done.stdout)


def test_quick_training_reaches_98_4_percent_and_becomes_the_model_that_reads(
    trained: tuple[CommandLine, dict[str, Any]],
) -> None:
    mnistnet, result = trained
    assert (result["dataset"], result["test_images"], result["notice"]) == ("mnist", 10_000, "")
    assert result["test_accuracy"] >= 0.984
    assert (mnistnet.home / "last-model").read_text().strip() == result["model"]


def test_training_gives_the_same_bits_again(trained: tuple[CommandLine, dict[str, Any]], tmp_path: Path) -> None:
    mnistnet, result = trained
    assert mnistnet("train", "--recipe", "quick", "--output", tmp_path / "again.npz", "--quiet").returncode == 0
    assert (tmp_path / "again.npz").read_bytes() == Path(result["model"]).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX's SIGINT")
def test_a_partial_run_does_not_become_the_model_that_reads(trained: tuple[CommandLine, dict[str, Any]]) -> None:
    mnistnet, _ = trained
    before = (mnistnet.home / "last-model").read_bytes()
    done = interrupted(mnistnet.start("train", "--hidden", 16, "--epochs", 1000), "epoch   1/")
    assert done.returncode == 130
    assert (mnistnet.home / "last-model").read_bytes() == before


@pytest.mark.parametrize("place", [5, 1_000_000])  # in the header, which does not change what is unpacked, and beyond
def test_verify_sees_every_byte_and_training_fetches_what_is_wrong(
    mnistnet: CommandLine, mnist_dir: Path, mirror: str, place: int
) -> None:
    cache = shutil.copytree(mnist_dir, mnistnet.home / "mnist")
    path = cache / "t10k-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    verified = mnistnet("data", "verify")
    assert verified.returncode == 1
    assert verified.stdout.count("verified") == 3
    assert "WRONG" in verified.stdout
    assert mnistnet("data", "fetch", "--mirror", mirror).returncode == 0
    assert path.read_bytes() == (mnist_dir / path.name).read_bytes()


def test_unpacked_files_of_the_users_own_give_the_same_bits(
    mnistnet: CommandLine, mnist_dir: Path, tmp_path: Path
) -> None:
    for packed in mnist_dir.glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    for name, folder in (("packed", mnist_dir), ("unpacked", tmp_path)):
        options = ("--hidden", 16, "--epochs", 1, "--output", tmp_path / f"{name}.npz")
        assert mnistnet("train", "--data", folder, *options).returncode == 0
    assert (tmp_path / "packed.npz").read_bytes() == (tmp_path / "unpacked.npz").read_bytes()


def test_the_shipped_model_keeps_its_claim(mnist_dir: Path) -> None:
    model, dataset = load_model(shipped("mnist.npz")), load_folder(mnist_dir)
    assert model.provenance.data_sha256 == dataset.sha256
    answers = probabilities(model.network, model.params, dataset.test.images).argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (dataset.test.labels, answers), 1)
    assert model.provenance.confusion == confusion.tolist()


@pytest.fixture(scope="module")
def dataset(mnist_dir: Path) -> Dataset:
    return load_folder(mnist_dir)


def reaches(least: float, dataset: Dataset, settings: Settings) -> bool:
    """Whether the validation accuracy comes so far within the settings' epochs; it stops as soon as it does."""
    rng = np.random.default_rng(settings.seed)
    train, validation = split(dataset.learning, validation=5_000, rng=rng)
    state = new_state(settings.network(), settings, train, rng=rng)
    return any(epoch.validation_accuracy >= least for epoch in fit(state, train, validation, settings))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_in_five_epochs_as_it_usually_is_set(optimizer: str, dataset: Dataset) -> None:
    least = 0.94 if optimizer == "sgd" else 0.96
    assert reaches(least, dataset, Settings(hidden=(128,), optimizer=optimizer, epochs=5))


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS.keys() - {"relu"}))  # which is that of the optimizers above
def test_every_activation_learns_in_five_epochs_as_it_usually_is_set(activation: str, dataset: Dataset) -> None:
    least = 0.91 if activation == "identity" else 0.96  # without activations it is a linear classifier
    assert reaches(least, dataset, Settings(hidden=(128,), activation=activation, epochs=5))

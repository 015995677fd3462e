"""Other sets in files as MNIST's: which files they are, what their classes are called, and which way up they stand."""

import gzip
import hashlib
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mnistnet.arrays import DIGITS, MNIST_FORMAT
from mnistnet.data.idx import parse_idx
from mnistnet.data.idx_set import TRANSPOSED, find_set, have_strokes, load_set, read_whole, usual_box
from mnistnet.data.mnist import Dataset, load_sample
from mnistnet.data.mnist_files import ALWAYS_UNPACKED, unpacked
from mnistnet.errors import DataError
from tests.data.sets import NAMES, SIDE, contents, idx, write_set


def load(where: Path, **options: object) -> Dataset:
    files = find_set(where)
    assert files is not None
    return load_set(files, **options)


def test_what_is_in_the_files_is_what_is_learned_from(tmp_path: Path) -> None:
    dataset = load(write_set(tmp_path / "shapes"))
    raw = gzip.decompress(contents()["t10k-images-idx3-ubyte.gz"])
    expected = np.frombuffer(raw, np.uint8, offset=16).reshape(30, SIDE * SIDE) / 255
    np.testing.assert_allclose(dataset.test.images, expected, atol=1e-6)
    assert dataset.test.labels.tolist() == [number % 3 for number in range(30)]
    assert (dataset.name, dataset.image_format, dataset.classes) == ("shapes", (SIDE, 8), ("0", "1", "2"))
    assert dataset.sha256["t10k-images-idx3-ubyte"] == hashlib.sha256(raw).hexdigest()
    assert "no published checksum of shapes is known" in dataset.notice
    assert not dataset.has_digits


def test_unpacked_and_dotted_names_are_the_same_set(tmp_path: Path) -> None:
    packed = load(write_set(tmp_path / "packed"))
    (tmp_path / "unpacked").mkdir()
    for name, content in contents().items():
        dotted = name.removesuffix(".gz").replace("-idx", ".idx")
        (tmp_path / "unpacked" / dotted).write_bytes(gzip.decompress(content))
    unpacked = load(tmp_path / "unpacked")
    assert list(unpacked.sha256.values()) == list(packed.sha256.values())


@pytest.mark.parametrize(
    ("folder", "prefix", "name"),
    [
        ("shapes", "", "shapes"),
        ("FashionMNIST/raw", "", "FashionMNIST"),
        ("gzip", "emnist-letters-", "emnist-letters"),
        ("mnist", "", "mnist-like"),
        ("sample", "", "sample-like"),
    ],
)
def test_it_is_called_by_its_files_or_its_folder(folder: str, prefix: str, name: str, tmp_path: Path) -> None:
    assert load(write_set(tmp_path / folder, prefix=prefix)).name == name


def test_of_several_sets_one_is_named_by_its_images(tmp_path: Path) -> None:
    for prefix in ("emnist-letters-", "emnist-digits-"):
        write_set(tmp_path, prefix=prefix, test="test")
    with pytest.raises(DataError, match=r"holds 2 sets; name one by its training images, such as .*-train-images"):
        find_set(tmp_path)
    assert load(tmp_path / "emnist-letters-train-images-idx3-ubyte.gz").name == "emnist-letters"
    write_set(tmp_path)
    assert load(tmp_path).sha256.keys() >= {"train-images-idx3-ubyte"}  # the one without a name of its own


def test_labels_may_begin_with_1(tmp_path: Path) -> None:
    dataset = load(write_set(tmp_path, first=1))
    assert dataset.classes == ("1", "2", "3")
    assert dataset.learning.labels[:4].tolist() == [0, 1, 2, 0]
    named = load(tmp_path, classes=NAMES)
    assert named.classes == NAMES
    assert np.array_equal(named.learning.labels, dataset.learning.labels)
    with_0 = load(tmp_path, classes=("nothing", *NAMES))  # a name for the label 0, which no image has
    assert with_0.learning.labels[:4].tolist() == [1, 2, 3, 1]


def test_names_come_from_the_option_then_the_file_then_what_is_known(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "classes.txt").write_text("\ufeffbar \r\ndash\r\nring\r\n\r\n", encoding="utf-8")
    assert load(tmp_path).classes == NAMES
    assert load(tmp_path, classes=("a", "b", "c")).classes == ("a", "b", "c")
    with pytest.raises(DataError, match=r"labels from 0 to 2, but 2 classes are named"):
        load(tmp_path, classes=("a", "b"))
    (tmp_path / "classes.txt").write_text("bar\nbar\nring\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"classes\.txt: expected each class once, got 'bar' twice"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("folder", "prefix", "classes", "some"),
    [
        ("fashion-mnist", "", 10, {0: "T-shirt/top", 9: "Ankle boot"}),
        ("KMNIST", "", 10, {0: "o", 9: "wo"}),
        ("x", "emnist-letters-", 26, {0: "A", 25: "Z"}),
        ("x", "emnist-balanced-", 47, {9: "9", 10: "A", 46: "t"}),
        ("fashion-mnist", "", 3, {0: "0"}),  # it cannot be that one
    ],
)
def test_well_known_sets_are_known_by_their_name(
    folder: str, prefix: str, classes: int, some: dict[int, str], tmp_path: Path
) -> None:
    write_set(tmp_path / folder, prefix=prefix)
    labels = gzip.compress(idx((np.arange(240) % classes).astype(np.uint8)))
    (tmp_path / folder / f"{prefix}train-labels-idx1-ubyte.gz").write_bytes(labels)
    dataset = load(tmp_path / folder)
    assert len(dataset.classes) == classes
    assert {number: dataset.classes[number] for number in some} == some


def test_emnists_pictures_are_turned_and_others_when_asked(tmp_path: Path) -> None:
    plain = load(write_set(tmp_path / "plain"))
    turned = plain.learning.images.reshape(-1, SIDE, SIDE).swapaxes(1, 2).reshape(-1, SIDE * SIDE)
    emnist = load(write_set(tmp_path / "x", prefix="emnist-letters-"))
    np.testing.assert_array_equal(emnist.learning.images, turned)
    assert all(name.endswith(TRANSPOSED) for name in emnist.sha256)  # so that nothing goes on from the other
    asked = load(tmp_path / "plain", transposed=True)
    np.testing.assert_array_equal(asked.learning.images, turned)
    upright = load(tmp_path / "x", transposed=False)
    np.testing.assert_array_equal(upright.learning.images, plain.learning.images)


def test_the_sample_as_files_is_of_digits_as_mnists(tmp_path: Path) -> None:
    sample = load_sample()
    for name, (images, labels) in (("train", sample.learning), ("t10k", sample.test)):
        pixels = np.round(255 * images).astype(np.uint8).reshape(-1, 28, 28)
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx(pixels))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels.astype(np.uint8)))
    dataset = load(tmp_path)
    assert (dataset.image_format, dataset.classes) == (MNIST_FORMAT, DIGITS)
    assert dataset.has_digits
    assert dataset.has_strokes
    np.testing.assert_allclose(dataset.test.images, sample.test.images, atol=1e-6)


def test_wide_areas_are_no_strokes() -> None:
    rows, columns = np.mgrid[:28, :28]
    areas = np.float32([abs(rows - 13) + abs(columns - 13) < reach for reach in range(8, 13)])
    assert not have_strokes(areas.reshape(-1, 784))
    assert have_strokes(load_sample().test.images)


def test_the_box_is_that_of_most_pictures() -> None:
    pictures = np.zeros((5, 10, 10), np.uint8)
    for number, (height, width) in enumerate([(3, 6), (6, 2), (6, 6), (9, 9)]):  # the last is empty
        pictures[number, 1 : 1 + height, :width] = 1
    assert usual_box(pictures) == 6


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train-images-idx3-ubyte.gz", idx(np.zeros((240, 12, 13), np.uint8)), "expected square pictures of 8 to 128"),
        ("train-images-idx3-ubyte.gz", idx(np.zeros((240, 4, 4), np.uint8)), "expected square pictures of 8 to 128"),
        ("t10k-images-idx3-ubyte.gz", idx(np.zeros((30, 14, 14), np.uint8)), "as large as the training images"),
        (
            "train-labels-idx1-ubyte.gz",
            idx(np.zeros(7, np.uint8)),
            r"expected a label for each of 240 images, got \(7,\)",
        ),
        ("train-labels-idx1-ubyte.gz", b"<html>", "not an IDX file"),
        ("train-labels-idx1-ubyte.gz", gzip.compress(b"x" * 99, mtime=0)[:-9], "cannot read"),
        ("t10k-labels-idx1-ubyte.gz", None, "has no test-labels"),
    ],
)
def test_files_that_do_not_fit_are_refused(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        load(tmp_path)
    assert re.search(said, str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("label", [0, 1, 255])
def test_labels_that_are_all_the_same_are_refused(label: int, tmp_path: Path) -> None:
    folder = write_set(tmp_path / "shapes")
    for part, count in (("train", 240), ("t10k", 30)):
        labels = idx(np.full(count, label, np.uint8))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    with pytest.raises(DataError, match=f"shapes: expected labels of two classes or more, got only {label}"):
        load(folder)


def test_a_file_that_is_too_large_is_told_from_one_that_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(bytes(101)))
    assert read_whole(path, most=101) == bytes(101)
    with pytest.raises(DataError, match="is too large: expected at most 100 bytes unpacked"):
        read_whole(path, most=100)


def test_a_folder_without_a_set_has_none(tmp_path: Path) -> None:
    assert find_set(tmp_path) is None
    assert find_set(tmp_path / "nowhere") is None
    (tmp_path / "notes.txt").touch()
    assert find_set(tmp_path / "notes.txt") is None


def test_mnist_itself_is_known_by_its_content(mnist_dir: Path) -> None:
    dataset = load(mnist_dir)
    assert (dataset.name, dataset.notice) == ("mnist", "")
    with pytest.raises(DataError, match="holds MNIST itself"):
        load(mnist_dir, classes=tuple("abcdefghij"))


def test_what_unpacks_to_very_much_more_than_it_is_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(ALWAYS_UNPACKED + 1), 1))
    with pytest.raises(DataError, match="it unpacks to more than 20 times its size; get another"):
        unpacked(path, most=1 << 30, remedy="get another")
    path.write_bytes(20 * path.read_bytes())
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="it unpacks to more than 20 times its size"):
            unpacked(path, most=1 << 30, remedy="get another")
        assert tracemalloc.get_traced_memory()[1] < 3 * ALWAYS_UNPACKED
    finally:
        tracemalloc.stop()
    path.write_bytes(gzip.compress(bytes(ALWAYS_UNPACKED), 1))  # as labels in order may be
    assert len(unpacked(path, most=1 << 30, remedy="")) == ALWAYS_UNPACKED


@pytest.mark.parametrize("size", [0, 1])
def test_a_wrong_shape_is_told_in_short(size: int) -> None:
    with pytest.raises(DataError) as caught:
        parse_idx(b"\0\0\x08\xff" + size.to_bytes(4) * 255 + b"\0", name="file")
    assert len(str(caught.value)) < 300

"""A folder of labelled pictures as a data set: the same pictures as are read, the same split whatever their names."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnistnet.arrays import DIGITS, MNIST_FORMAT, ImageFormat
from mnistnet.data.folder import find_pictures
from mnistnet.data.mnist import Dataset
from mnistnet.data.picture_set import load_lesson
from mnistnet.data.sources import Source, load_source
from mnistnet.errors import DataError
from mnistnet.reader import Reader
from tests.models import small_model

NAMES = ("cross", "Ring é", "stroke")


def draw(path: Path, name: str, *, rng: np.random.Generator) -> None:
    """A sign, black on white, somewhere on a page."""
    page = Image.new("L", (90, 70), 255)
    left, top, width, height = (int(edge) for edge in rng.integers((8, 8, 25, 25), (30, 20, 50, 40)))
    box, pen = (left, top, left + width, top + height), ImageDraw.Draw(page)
    if name == "Ring é":
        pen.ellipse(box, outline=0, width=4)
    else:
        pen.line(box, fill=0, width=4)
    if name == "cross":
        pen.line((box[0], box[3], box[2], box[1]), fill=0, width=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve pictures a class, in sub-folders, called as cameras call them."""
    rng, folder = np.random.default_rng(0), tmp_path / "signs"
    for name in NAMES:
        for number in range(12):
            draw(folder / name / f"{number}.png", name, rng=rng)
    return folder


def load(folder: Path, **options: object) -> Dataset:
    return load_source(Source(str(folder), **options), folder / "cache")


def test_a_sub_folder_is_a_class_whatever_its_files_are_called(folder: Path) -> None:
    dataset = load(folder)
    assert dataset.classes == ("Ring é", "cross", "stroke")
    assert (dataset.name, dataset.notice, dataset.image_format) == ("signs", "", (28, 20))
    assert Counter(dataset.test.labels.tolist()) == {0: 2, 1: 2, 2: 2}
    assert Counter(dataset.learning.labels.tolist()) == {0: 10, 1: 10, 2: 10}
    assert dataset.has_strokes
    assert not dataset.has_digits


def test_a_picture_is_what_the_reader_would_give_the_network(folder: Path) -> None:
    dataset, reader = load(folder), Reader(small_model(), single=True)
    (seen,) = reader.inspect(folder / "cross" / "3.png", name="3.png").images
    of_class = np.concatenate([part.images[part.labels == 1] for part in (dataset.learning, dataset.test)])
    assert (of_class == seen).all(axis=1).sum() == 1


def test_the_split_is_by_content_alone(folder: Path) -> None:
    before = load(folder)
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        path.rename(path.with_name(f"IMG_{99 - number}.png"))
    after = load(folder)
    assert after.sha256 == before.sha256
    np.testing.assert_array_equal(after.test.images, before.test.images)
    np.testing.assert_array_equal(after.learning.labels, before.learning.labels)


def test_a_picture_that_is_there_twice_counts_once(folder: Path) -> None:
    before = load(folder)
    shutil.copy(folder / "cross" / "3.png", folder / "cross" / "again.png")
    assert load(folder).sha256 == before.sha256
    shutil.copy(folder / "cross" / "3.png", folder / "stroke" / "again.png")
    with pytest.raises(DataError, match=r"again.png is the same picture as .*3.png, which has another label"):
        load(folder)


def test_other_sizes(folder: Path) -> None:
    dataset = load(folder, side=42)
    assert dataset.image_format == ImageFormat(42, 30)
    pictures = dataset.learning.images.reshape(-1, 42, 42) > 0.5
    longest = [max(np.ptp(np.flatnonzero(one.any(axis=axis))) + 1 for axis in (0, 1)) for one in pictures]
    assert set(longest) <= set(range(29, 33))
    assert dataset.sha256 != load(folder).sha256


def test_classes_that_are_named_come_in_that_order(folder: Path) -> None:
    dataset = load(folder, classes=("stroke", "cross"))  # the ring is left out
    assert dataset.classes == ("stroke", "cross")
    assert len(dataset.test.labels) == 4
    with pytest.raises(DataError, match="0 different pictures of 'star'"):
        load(folder, classes=("stroke", "star"))


def test_a_table_names_classes_too(folder: Path) -> None:
    rows = [f"{path.relative_to(folder)},{path.parent.name[:5]}" for path in sorted(folder.rglob("*.png"))]
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]), encoding="utf-8")
    assert load(folder).classes == ("Ring", "cross", "strok")


def test_digits_are_digits_as_mnists(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for digit in range(10):
        for number in range(2):
            draw(tmp_path / f"{digit}_{number}.png", NAMES[digit % 3], rng=rng)
    dataset = load(tmp_path)
    assert dataset.has_digits
    assert dataset.classes == tuple("0123456789")


def test_what_cannot_be_read_is_left_out_and_told(folder: Path) -> None:
    (folder / "cross" / "broken.png").write_bytes(b"no picture")
    Image.new("L", (50, 50), 255).save(folder / "stroke" / "blank.png")
    dataset = load(folder)
    assert dataset.notice.startswith("2 of 38 pictures were left out, such as cross/broken.png")
    assert dataset.sha256 == load_without(folder, "broken.png", "blank.png").sha256


def load_without(folder: Path, *names: str) -> Dataset:
    for name in names:
        next(folder.rglob(name)).unlink()
    return load(folder)


def test_a_class_needs_a_picture_for_the_test(folder: Path) -> None:
    for path in sorted((folder / "cross").iterdir())[1:]:
        path.unlink()
    with pytest.raises(DataError, match="1 different pictures of 'cross'"):
        load(folder)
    shutil.rmtree(folder / "stroke")
    shutil.rmtree(folder / "cross")
    with pytest.raises(DataError, match="expected 2 to 1,000 classes, got 1"):
        load(folder)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"transposed": True}, "--transposed is for IDX files"), ({"where": "nowhere"}, "not a folder")],
)
def test_what_makes_no_sense_is_refused(folder: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        load_source(Source(str(folder))._replace(**options), folder)


def lesson_of(folder: Path) -> Dataset:
    files = find_pictures(str(folder))
    return load_lesson(folder, files, known=DIGITS, image_format=MNIST_FORMAT, name="lesson")


def test_a_lesson_has_known_classes_first_and_then_new_ones(folder: Path) -> None:
    (folder / "stroke").rename(folder / "1")
    lesson = lesson_of(folder)
    assert lesson.classes == (*DIGITS, "Ring é", "cross")
    assert Counter(lesson.learning.labels.tolist()) == {1: 10, 10: 10, 11: 10}
    assert Counter(lesson.test.labels.tolist()) == {1: 2, 10: 2, 11: 2}


def test_a_lesson_may_have_a_single_picture_of_a_class_and_none_of_others(folder: Path) -> None:
    (folder / "cross").rename(folder / "4")
    for path in sorted((folder / "4").iterdir())[1:]:
        path.unlink()
    shutil.rmtree(folder / "Ring é")
    shutil.rmtree(folder / "stroke")
    lesson = lesson_of(folder)
    assert (lesson.classes, lesson.learning.labels.tolist(), len(lesson.test.labels)) == (DIGITS, [4], 0)
    assert lesson.test.images.shape == (0, 784)


def test_a_lesson_leaves_out_numbers_and_what_has_no_label(folder: Path) -> None:
    rows = [f"{path.relative_to(folder)},{number % 10}" for number, path in enumerate(sorted(folder.rglob("*.png")))]
    rows[3], rows[8], rows[9] = (rows[3] + "7", rows[8].replace(",8", ","), rows[9].replace(",9", ",none"))
    (folder / "labels.csv").write_text("\n".join(["file,label", *rows]), encoding="utf-8")
    lesson = lesson_of(folder)
    assert lesson.classes == DIGITS
    assert lesson.notice == "left out, as their label is no single digit or sign: 3"
    assert len(lesson.learning.labels) + len(lesson.test.labels) == 33


def test_file_names_tell_digits_in_folders_of_any_name(folder: Path) -> None:
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        path.rename(path.with_name(f"{number % 10}_{number}.png"))
    lesson = lesson_of(folder)
    assert lesson.classes == DIGITS
    assert lesson.notice == "digits were told by the names of files, not of folders"


def test_folders_in_a_sign_s_folder_are_no_signs(folder: Path) -> None:
    (folder / "stroke").rename(folder / "1")
    for name in ("cross", "Ring é", "1"):
        (folder / name).rename(folder / "raw")
        (folder / name).mkdir()
        (folder / "raw").rename(folder / name / "raw")
    lesson = lesson_of(folder)
    assert lesson.classes == (*DIGITS, "Ring é", "cross")
    assert Counter(lesson.learning.labels.tolist()) == {1: 10, 10: 10, 11: 10}


def test_digits_are_new_to_who_knows_letters(folder: Path) -> None:
    (folder / "stroke").rename(folder / "1")
    files = find_pictures(str(folder))
    lesson = load_lesson(folder, files, known=("cross", "Ring é"), image_format=MNIST_FORMAT, name="lesson")
    assert lesson.classes == ("cross", "Ring é", "1")


def test_file_names_are_no_new_classes(folder: Path) -> None:
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        path.rename(folder / (f"{number % 10}_anna.{number}.png" if number < 30 else f"IMG_{number}.png"))
    lesson = lesson_of(folder)
    assert lesson.classes == DIGITS
    assert lesson.notice == "left out, as their label is no single digit or sign: 6"


def test_a_lesson_of_nothing_is_refused(folder: Path) -> None:
    for path in folder.rglob("*.png"):
        Image.new("L", (50, 50), 255).save(path)
    with pytest.raises(DataError, match="signs has nothing to learn from: 36 of 36 pictures were left out"):
        lesson_of(folder)

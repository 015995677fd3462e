"""MNIST's test digits as users would have them: rendered to real picture files, and read by the shipped model."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnistnet.data.mnist import Examples, load_folder
from mnistnet.evaluation.scorecard import CONDITIONS, score_conditions
from mnistnet.model_file import load_model
from mnistnet.nn.network import probabilities
from mnistnet.places import shipped
from mnistnet.reader import Reader

pytestmark = pytest.mark.slow
COUNT, MANY = 300, 3_000
BARS = dict.fromkeys(CONDITIONS, 0.97) | {"tight crop": 0.94, "JPEG 30": 0.94}


@pytest.fixture(scope="module")
def test_set(mnist_dir: Path) -> Examples:
    return load_folder(mnist_dir).test


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(load_model(shipped("mnist.npz")))


def share_read(name: str, images: Examples, reader: Reader) -> float:
    """Of the images in one of the scorecard's conditions, the share that is read right."""

    def read(picture: bytes) -> tuple[str, bool]:
        reading = reader.read(picture, name="digit")
        return reading.digits, reading.sure

    rng = np.random.default_rng(7)
    ((_, score),) = score_conditions(*images, read, rng=rng, conditions={name: CONDITIONS[name]})
    print(f"{name}: {score['right']['count']} of {score['right']['of']}")
    return float(score["right"]["share"])


@pytest.mark.parametrize("name", CONDITIONS)
def test_digits_are_read_however_they_are_rendered(name: str, test_set: Examples, reader: Reader) -> None:
    chosen = np.random.default_rng(7).choice(len(test_set.labels), COUNT, replace=False)
    assert share_read(name, Examples(test_set.images[chosen], test_set.labels[chosen]), reader) >= BARS[name]


def test_the_way_over_a_picture_file_costs_next_to_nothing(test_set: Examples, reader: Reader) -> None:
    some = Examples(test_set.images[:MANY], test_set.labels[:MANY])
    answers = probabilities(reader.model.network, reader.model.params, some.images).argmax(axis=1)
    direct = float(np.mean(answers == some.labels))
    assert share_read("as it is", some, reader) == pytest.approx(direct, abs=0.001)


def test_sixteen_bits_read_like_eight(test_set: Examples, reader: Reader) -> None:
    for image in test_set.images[:20]:
        ink = Image.fromarray(np.uint8(np.round(255 * image.reshape(28, 28)))).resize((280, 280))
        files = []
        for pixels in (255 - np.asarray(ink), 65535 - 257 * np.asarray(ink, np.uint16)):
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "PNG")
            files.append(file.getvalue())
        eight, sixteen = (reader.read(file, name="digit") for file in files)
        assert sixteen.digits == eight.digits
        assert sixteen.confidence == pytest.approx(eight.confidence, abs=0.01)

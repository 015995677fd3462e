"""The simple path: one clean drawing -> one digit, without looking for ink or parts."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mnistnet.arrays import Floats
from mnistnet.data.mnist import load_sample
from mnistnet.drawing import read_drawing
from mnistnet.errors import ModelError
from mnistnet.model_file import Model, load_model
from mnistnet.nn.network import probabilities
from mnistnet.places import shipped
from tests.models import small_model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(shipped("mnist.npz"))


def drawn(image: Floats, *, width: int = 170, height: int = 190, left: int = 60, top: int = 30) -> Floats:
    """A test image, (784,), enlarged on a pad of 280 x 280."""
    digit = Image.fromarray(image.reshape(28, 28)).resize((width, height), Image.Resampling.BICUBIC)
    pad = np.zeros((280, 280), np.float32)
    pad[top : top + height, left : left + width] = np.asarray(digit).clip(0, 1)
    return pad


def test_digits_of_any_size_and_place_are_read_as_they_were_in_mnist(model: Model) -> None:
    test = load_sample().test
    chosen = np.arange(0, len(test.labels), 25)
    read = [read_drawing(model, drawn(test.images[index])) for index in chosen]
    right = sum(one is not None and one.digit == test.labels[index] for one, index in zip(read, chosen, strict=True))
    assert right >= len(chosen) - 1


def test_what_it_says_is_the_calibrated_answer_to_the_picture_that_it_shows(model: Model) -> None:
    """Softmax of the logarithms by the temperature, said once more."""
    read = read_drawing(model, drawn(load_sample().test.images[7]))
    assert read is not None
    assert (read.image.shape, read.image.dtype, read.probabilities.shape) == ((784,), np.float32, (10,))
    shares = probabilities(model.network, model.params, read.image[None])[0].astype(float)
    shares **= 1 / model.calibration.temperature
    np.testing.assert_allclose(read.probabilities, shares / shares.sum(), atol=1e-5)
    assert read.digit == shares.argmax()
    confident = read.probabilities.max() >= model.calibration.sure_from
    assert read.sure == (confident and read.likeness >= model.calibration.digit_from)


def test_where_it_stands_does_not_matter(model: Model) -> None:
    image = load_sample().test.images[3]
    one, other = read_drawing(model, drawn(image)), read_drawing(model, drawn(image, left=3, top=88))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.image, other.image)


@pytest.mark.parametrize("level", [0, 0.2])
def test_without_ink_there_is_no_answer(model: Model, level: float) -> None:
    assert read_drawing(model, np.full((280, 280), level, np.float32)) is None


def test_a_scrawl_over_everything_is_not_sure(model: Model) -> None:
    ink = np.zeros((280, 280), np.float32)
    ink[::40] = ink[1::40] = ink[:, ::40] = ink[:, 1::40] = 1
    read = read_drawing(model, ink)
    assert read is not None
    assert not read.sure


def test_a_model_that_answers_with_no_numbers_is_refused() -> None:
    model = small_model()
    model.params.flat[:] = 3e38
    with pytest.raises(ModelError, match="no numbers"):
        read_drawing(replace(model), drawn(load_sample().test.images[0]))

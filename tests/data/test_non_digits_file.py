"""The bundled non-digits: packed without loss but for the levels, and fit to learn from."""

from collections.abc import Callable

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.data.mnist import load_sample
from mnistnet.data.non_digits_file import load_cut_digits, load_non_digits, pack, unpack


def test_what_is_packed_comes_back_to_the_nearest_level() -> None:
    images = load_sample().test.images[:50]
    packed = pack(images)
    assert (packed.dtype, packed.shape) == (np.uint8, (50, 392))
    np.testing.assert_allclose(unpack(packed), images, atol=0.5 / 15 + 1e-6)
    np.testing.assert_array_equal(pack(unpack(packed)), packed)


def test_even_pixels_are_the_high_halves() -> None:
    np.testing.assert_array_equal(pack(np.array([[1, 0, 0.2, 1]], np.float32)), [[0xF0, 0x3F]])


@pytest.mark.parametrize(("load", "count"), [(load_non_digits, 13_200), (load_cut_digits, 3_000)])
def test_the_bundled_ones_are_in_the_format_of_mnist(load: Callable[[], Floats], count: int) -> None:
    images = load()
    assert images.dtype == np.float32
    assert images.shape == (count, 784)
    assert (images.min(), images.max()) == (0, 1)
    assert images.any(axis=1).all()
    assert (images.max(axis=1) > 0.9).mean() > 0.99
    squares = images.reshape(-1, 28, 28)
    for axis in (1, 2):
        sides = squares.any(axis=axis).sum(axis=1)
        assert sides.max() <= 22  # 20, and a pixel on either side where a thin stroke was broadened
    assert len(np.unique(images, axis=0)) > 0.99 * len(images)

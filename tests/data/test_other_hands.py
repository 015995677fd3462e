"""Digits as other hands write them, made of the bundled sample's."""

import numpy as np
import pytest

from mnistnet.arrays import BOX, SIDE
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.data.other_hands import other_hands, with_stroke
from mnistnet.errors import DataError
from mnistnet.vision.box import bounding_box

SAMPLE = load_sample().learning


def test_they_are_ones_sevens_and_zeros_in_mnists_format() -> None:
    made = other_hands(SAMPLE, 300, rng=np.random.default_rng(0))
    assert (made.images.shape, made.images.dtype) == ((300, SIDE * SIDE), np.float32)
    counts = np.bincount(made.labels, minlength=10)
    assert counts[[1, 7, 0]].tolist() == sorted(counts, reverse=True)[:3]
    assert counts.sum() == counts[[0, 1, 7]].sum()
    for image in made.images.reshape(-1, SIDE, SIDE):
        assert 0 <= image.min() <= image.max() <= 1
        box = bounding_box(image > 0.5)
        assert BOX - 4 <= max(box.width, box.height) <= BOX
        rows, columns = np.mgrid[:SIDE, :SIDE]
        assert (image * rows).sum() / image.sum() == pytest.approx(SIDE / 2, abs=1.5)
        assert (image * columns).sum() / image.sum() == pytest.approx(SIDE / 2, abs=1.5)


def test_strokes_are_added_and_nothing_is_taken_away() -> None:
    for digit in (0, 1, 7):
        own = SAMPLE.images[SAMPLE.labels == digit][:100]
        made = other_hands(
            Examples(np.tile(own, (3, 1)), np.repeat([0, 1, 7], len(own))), 200, rng=np.random.default_rng(1)
        )
        assert (made.images > 0.5).sum(axis=1).mean() > 1.1 * (own > 0.5).sum(axis=1).mean()


def test_a_one_gets_broader_to_the_left_of_its_top() -> None:
    ones = SAMPLE.labels == 1
    only = Examples(np.tile(SAMPLE.images[ones], (3, 1)), np.repeat([0, 1, 7], ones.sum()))
    made = other_hands(only, 600, rng=np.random.default_rng(2))
    flagged = made.images[made.labels == 1].reshape(-1, SIDE, SIDE)
    plain = SAMPLE.images[ones].reshape(-1, SIDE, SIDE)
    left, plain_left = (images[:, 4:14, 4:12].sum(axis=(1, 2)).mean() for images in (flagged, plain))
    assert left > 2 * plain_left


def test_the_generator_alone_decides() -> None:
    one, two, other = (other_hands(SAMPLE, 20, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.labels, two.labels)
    assert (one.images != other.images).any()


def test_a_stroke_is_as_long_and_as_wide_as_asked() -> None:
    ink = with_stroke(np.zeros((60, 60), np.float32), (20, 10), (20, 40), width=3)
    assert ink[20].sum() == pytest.approx(30 + 3, abs=1)
    assert ink[:, 25].sum() == pytest.approx(3, abs=0.1)
    assert not ink[25:].any()


def test_a_digit_that_is_missing_is_an_error() -> None:
    with pytest.raises(DataError, match=r"got none of \[1, 7, 0\]"):
        other_hands(Examples(SAMPLE.images[:5], np.full(5, 3)), 10, rng=np.random.default_rng(0))

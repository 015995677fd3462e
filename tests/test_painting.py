"""Painted numbers, looked at pixel by pixel."""

import numpy as np
import pytest
from PIL import Image

from mnistnet.painting import AGAINST, FOR, paint_evidence, paint_signed


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_evidence_has_a_colour_and_a_pattern_of_its_own_for_each_sign() -> None:
    image, spoke = np.zeros(784, np.float32), np.zeros(784, np.float32)
    image[[30, 32, 34]] = 1
    spoke[[30, 32]] = 2, -2
    painted = pixels(paint_evidence(image, spoke, scale=4))
    pro, con, neither, nothing = (painted[4:8, 4 * column :][:, :4] for column in (2, 4, 6, 8))
    assert (pro == FOR).all()
    assert (con[:2] == AGAINST).all()
    assert (con[2:] == neither[2:]).all()
    assert len(np.unique(neither)) == 1
    assert 180 < neither[0, 0, 0] < nothing[0, 0, 0] == 255
    assert pro.std() == pytest.approx(np.std(FOR))  # solid, where orange is striped: to be told apart in grey


def test_stronger_evidence_is_deeper() -> None:
    image, spoke = np.ones(784, np.float32), np.zeros(784, np.float32)
    spoke[:4] = 0.25, 0.5, 0.75, 1
    red = pixels(paint_evidence(image, spoke, scale=2))[0, :8:2, 0]
    assert (np.diff(red) < 0).all()


def test_each_number_is_a_square_and_zero_is_paper() -> None:
    values = np.float32([[1, 0, -1], [-0.5, 0, 0.5]])
    painted = pixels(paint_signed(values, np.full((2, 3), 200), scale=5))
    assert painted.shape == (10, 15, 3)
    squares = [painted[y : y + 5, x : x + 5] for y in (0, 5) for x in (0, 5, 10)]
    means = [square[0].mean(axis=0) for square in squares]
    halfway = (np.float64([FOR, AGAINST]) + 200) / 2
    np.testing.assert_allclose(means, [FOR, (200,) * 3, AGAINST, halfway[1], (200,) * 3, halfway[0]], atol=1)
    assert [len(np.unique(square.reshape(-1, 3), axis=0)) for square in squares] == [1, 1, 2, 2, 1, 1]


def test_nothing_but_zeros_is_nothing_but_paper() -> None:
    assert (pixels(paint_signed(np.zeros((3, 4), np.float32), np.full((3, 4), 255), scale=2)) == 255).all()

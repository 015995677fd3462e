"""What lies around or on the paper, drawn around digits of the sample."""

import numpy as np
import pytest

from mnistnet.arrays import Floats
from mnistnet.vision.ink import find_ink
from mnistnet.vision.surroundings import find_surroundings
from tests.vision.pictures import alike, pasted

SIZE = 320, 240


def blurred(picture: Floats) -> Floats:
    """Each pixel the mean of nine, as a camera would see edges."""
    padded = np.pad(picture, 1, mode="edge")
    return sum(padded[y : y + 240, x : x + 320] for y in range(3) for x in range(3)) / np.float32(9)


def assert_only_digits(grey: Floats, digit: Floats) -> None:
    assert alike(find_ink(np.float32(grey)).pixels, digit) > 0.85


@pytest.mark.parametrize("number", range(0, 1000, 100))
def test_a_dark_thing_on_the_paper_is_no_ink(number: int) -> None:
    digit = pasted(number, SIZE, (30, 20), side=60)
    grey = 0.8 - 0.5 * digit
    grey[150:, 90:] = 0.1
    assert_only_digits(blurred(grey), blurred(digit))


@pytest.mark.parametrize(("desk", "paper", "pen"), [(0.2, 0.9, 0.3), (0.9, 0.3, 0.8), (0.3, 0.85, 0.1)])
@pytest.mark.parametrize("number", range(0, 1000, 200))
def test_a_page_on_a_desk(number: int, desk: float, paper: float, pen: float) -> None:
    digit = pasted(number, SIZE, (100, 60), side=100)
    grey = paper + (pen - paper) * digit
    for border in (grey[:30], grey[210:], grey[:, :60], grey[:, 260:]):
        border[:] = desk
    assert_only_digits(blurred(grey), blurred(digit))


def test_broad_strokes_are_ink() -> None:
    for number in range(0, 1000, 25):
        small = pasted(number, (28, 28), (0, 0), side=28)
        broad = np.maximum.reduce([np.roll(small, (y, x), (0, 1)) for y in (0, 1) for x in (0, 1)])
        digit = np.kron(broad, np.ones((8, 8), np.float32))
        assert alike(find_ink(1 - digit).pixels, digit) > 0.95


def test_digits_cut_without_a_margin_are_ink() -> None:
    for number in range(0, 1000, 10):
        digit = pasted(number, (280, 280), (0, 0), side=280)
        rows, columns = np.flatnonzero((digit > 0.5).any(axis=1)), np.flatnonzero((digit > 0.5).any(axis=0))
        tight = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert not find_surroundings(1 - tight, tight).any()

"""Non-digits: in MNIST's format, the same again from the same seed, and no two alike."""

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from mnistnet.arrays import BOX, SIDE, Floats
from mnistnet.data.glyphs import HELD_OUT_FONTS, LETTERS
from mnistnet.data.mnist import load_sample
from mnistnet.data.non_digits import (
    KINDS,
    cut_digits,
    digit_fragments,
    digit_pairs,
    non_digits,
    pictures,
    printed_letters,
)


def assert_mnist_format(images: Floats) -> None:
    assert images.dtype == np.float32
    assert images.shape[1:] == (SIDE * SIDE,)
    assert images.min() == 0
    assert images.max() == 1
    squares = images.reshape(-1, SIDE, SIDE)
    assert (squares.max(axis=(1, 2)) > 0.9).all()
    longer = np.maximum((squares > 0).any(axis=1).sum(axis=1), (squares > 0).any(axis=2).sum(axis=1))
    assert longer.max() <= BOX + 2
    total, places = squares.sum(axis=(1, 2)), np.arange(SIDE)
    for axis in (1, 2):
        centres = squares.sum(axis=axis) @ places / total
        assert np.abs(centres - SIDE / 2).max() < 4  # whole pixels, and what has its mass in a corner stays inside
        assert np.median(np.abs(centres - SIDE / 2)) < 0.6


@pytest.fixture(scope="module")
def digits() -> Floats:
    return load_sample().test.images


def test_a_mixture_is_in_mnist_format_and_no_two_are_alike() -> None:
    images = non_digits(250, rng=np.random.default_rng(0))
    assert len(images) == 250
    assert_mnist_format(images)
    assert len(np.unique(images, axis=0)) == 250


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_in_mnist_format_and_varied(kind: str) -> None:
    images = pictures([KINDS[kind].draw] * 60, rng=np.random.default_rng(1))
    assert_mnist_format(images)
    assert len(np.unique(images, axis=0)) == 60


def test_pairs_are_in_mnist_format_and_wide(digits: Floats) -> None:
    pairs = digit_pairs(digits, 200, rng=np.random.default_rng(2))
    assert pairs.shape == (200, SIDE * SIDE)
    assert_mnist_format(pairs)
    shape = pairs.reshape(-1, SIDE, SIDE) > 0.2
    wide = shape.any(axis=1).sum(axis=1) >= shape.any(axis=2).sum(axis=1)
    assert wide.mean() > 0.8


def test_a_pair_of_bars_stays_two_bars() -> None:
    bar = np.zeros((SIDE, SIDE), np.float32)
    bar[4:24, 12:15] = 1
    for pair in digit_pairs(bar.reshape(1, -1), 50, rng=np.random.default_rng(3)).reshape(-1, SIDE, SIDE):
        columns = (pair > 0.2).any(axis=0)
        assert columns.sum() >= 5  # a single bar that fills the height is three wide


def test_shares_add_up() -> None:
    assert sum(kind.share for kind in KINDS.values()) == pytest.approx(1)


def test_the_same_seed_gives_the_same_bits_in_another_process(digits: Floats) -> None:
    program = (
        "import sys, numpy as np; from mnistnet.data.non_digits import non_digits, digit_pairs\n"
        "from mnistnet.data.mnist import load_sample\n"
        "rng = np.random.default_rng(4)\n"
        "sys.stdout.buffer.write(non_digits(60, rng=rng).tobytes())\n"
        "sys.stdout.buffer.write(digit_pairs(load_sample().test.images, 20, rng=rng).tobytes())\n"
        "print('matplotlib' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    rng = np.random.default_rng(4)
    assert done.stdout == non_digits(60, rng=rng).tobytes() + digit_pairs(digits, 20, rng=rng).tobytes()
    assert done.stderr.strip() == b"False"
    assert done.stdout != non_digits(80, rng=np.random.default_rng(5)).tobytes()


def test_digits_are_left_as_they_are(digits: Floats) -> None:
    before = digits.copy()
    digit_pairs(digits, 20, rng=np.random.default_rng(6))
    assert np.array_equal(digits, before)


def test_none() -> None:
    assert non_digits(0, rng=np.random.default_rng(0)).shape == (0, SIDE * SIDE)


def test_printed_letters_stand_in_their_order() -> None:
    letters = printed_letters(HELD_OUT_FONTS[0])
    assert len(letters) == len(LETTERS)
    assert_mnist_format(letters)
    ell, dee = (letters[LETTERS.index(letter)].reshape(SIDE, SIDE) > 0.5 for letter in "LD")
    assert ell[:14, 18:].sum() < 5 < dee[:14, 18:].sum()


def test_a_letter_in_print_is_upright_and_dark() -> None:
    ell = printed_letters("DejaVuSans")[LETTERS.index("L")].reshape(SIDE, SIDE)
    rows = np.flatnonzero((ell > 0.5).any(axis=1))
    assert (ell[rows[0] : rows[-1] + 1] > 0.5).any(axis=1).all()
    assert (ell[rows[-1]] > 0.5).sum() > 3 * (ell[rows[0]] > 0.5).sum()


def test_fragments_are_in_mnist_format_varied_and_no_bars(digits: Floats) -> None:
    fragments = digit_fragments(digits, 200, rng=np.random.default_rng(7))
    assert fragments.shape == (200, SIDE * SIDE)
    assert_mnist_format(fragments)
    assert len(np.unique(fragments, axis=0)) == 200
    shape = fragments.reshape(-1, SIDE, SIDE) > 0.3
    assert (shape.any(axis=1).sum(axis=1) / shape.any(axis=2).sum(axis=1)).min() > 0.25


def test_a_fragment_of_one_digit_is_a_part_of_it() -> None:
    ring = np.zeros((SIDE, SIDE), np.float32)
    ring[4:24, 4:24] = 1
    ring[7:21, 7:21] = 0
    fragments = digit_fragments(ring.reshape(1, -1), 80, rng=np.random.default_rng(8)).reshape(-1, SIDE, SIDE) > 0.5
    width = fragments.any(axis=1).sum(axis=1) / fragments.any(axis=2).sum(axis=1)
    of_one, of_two = width < 0.85, (width > 1.05) & (width < 1.88)  # a whole ring is as wide as high
    assert (of_one | of_two).all()
    assert of_one.sum() > 20 < of_two.sum()


def test_cut_digits_are_still_like_a_digit_of_the_images(digits: Floats) -> None:
    some = digits[:20]
    cut = cut_digits(some, 60, rng=np.random.default_rng(9))
    assert cut.shape == (60, SIDE * SIDE)
    assert_mnist_format(cut)
    shared = 2 * np.minimum(cut[:, None], some).sum(axis=2) / (cut.sum(axis=1)[:, None] + some.sum(axis=1))
    assert np.median(shared.max(axis=1)) > 0.75
    assert (cut[:, None] != some).any(axis=2).all()


@pytest.mark.parametrize("draw", [digit_fragments, cut_digits])
def test_the_same_seed_gives_the_same_pieces_of_digits_and_leaves_the_digits_alone(
    digits: Floats, draw: Callable[..., Floats]
) -> None:
    before = digits.copy()
    one, again, other = (draw(digits, 30, rng=np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.array_equal(digits, before)
    assert draw(digits, 0, rng=np.random.default_rng(0)).shape == (0, SIDE * SIDE)

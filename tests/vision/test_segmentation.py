"""Candidates for digits whose places are known: apart, touching, slanted, broken, in two rows, beside a comma."""

import numpy as np
import pytest

from mnistnet.arrays import SIDE, Floats
from mnistnet.vision.box import Box, bounding_box
from mnistnet.vision.normalize import ink_box, to_mnist
from mnistnet.vision.segmentation import Candidate, Candidates, find_candidates
from tests.vision.pictures import DIGITS, alike, pasted, strip


def likest(candidates: Candidates, digit: Floats) -> tuple[float, Candidate]:
    """The candidate whose image is most like the digit's, which is alone in the same picture, and how alike."""
    image = to_mnist(digit, ink_box(digit))
    return max(((alike(one.image, image), one) for one in candidates.found), key=lambda pair: pair[0])


def leaning(ink: Floats, slant: float) -> Floats:
    """Every row moved to the right, by slant times its height above the last."""
    moves = [round(slant * (len(ink) - 1 - row)) for row in range(len(ink))]
    width = ink.shape[1] + max(moves)
    return np.stack([np.pad(row, (move, width - len(row) - move)) for row, move in zip(ink, moves, strict=True)])


def enlarged(ink: Floats, factor: int) -> Floats:
    return np.kron(ink, np.ones((factor, factor), np.float32))


def assert_sound(candidates: Candidates, ink: Floats) -> None:
    parts = len(candidates.skipping)
    assert (candidates.skipping >= 0).all()
    for one in candidates.found:
        assert 0 <= one.first < one.last <= parts
        assert one.image.shape == (SIDE, SIDE)
        assert 0 <= one.image.min() <= one.image.max() <= 1
        assert np.isfinite(one.cost)
        assert 0 <= one.box.x0 < one.box.x1 <= ink.shape[1]
        assert 0 <= one.box.y0 < one.box.y1 <= ink.shape[0]


def test_a_digit_alone_is_one_candidate_as_it_would_be_without_segmentation() -> None:
    ink = pasted(7, (300, 200), (60, 50))
    candidates = find_candidates(ink)
    assert_sound(candidates, ink)
    whole = candidates.found[-1]
    assert (whole.first, whole.last) == (0, len(candidates.skipping))
    assert np.array_equal(whole.image, to_mnist(ink, ink_box(ink)))
    assert whole.box == ink_box(ink)
    assert whole.cost == min(one.cost for one in candidates.found)


def test_digits_apart_are_candidates_in_reading_order_that_leave_nothing_out() -> None:
    ink, alone = strip([3, 250, 511, 777, 999], gap=5)
    candidates = find_candidates(ink)
    assert_sound(candidates, ink)
    ways = [likest(candidates, digit) for digit in alone]
    assert min(likeness for likeness, _ in ways) > 0.97
    spans = [(one.first, one.last) for _, one in ways]
    assert [first for first, _ in spans] == [0, *[last for _, last in spans[:-1]]]
    assert spans[-1][1] == len(candidates.skipping)
    for (_, one), digit in zip(ways, alone, strict=True):
        np.testing.assert_allclose(one.box, ink_box(digit), atol=1)


def test_digits_that_touch_are_cut_apart_which_costs_something() -> None:
    likenesses, costs = [], []
    for start in range(12):
        for gap in (-1, 5):
            ink, alone = strip(range(start, start + 600, 300), gap=gap)
            candidates = find_candidates(ink)
            assert_sound(candidates, ink)
            ways = [likest(candidates, digit) for digit in alone]
            likenesses.append([likeness for likeness, _ in ways])
            costs.append(sum(one.cost for _, one in ways))
    touching = np.ravel(likenesses[::2])
    assert np.median(touching) > 0.9
    assert np.mean(touching > 0.7) > 0.8
    assert np.min(likenesses[1::2]) > 0.9
    assert np.mean(costs[::2]) > np.mean(costs[1::2]) + 0.1


def test_a_strong_slant_parts_digits_whose_columns_overlap() -> None:
    ink, alone = strip([250, 511, 777], gap=2)
    leant = find_candidates(leaning(ink, 0.7))
    assert min(likest(leant, leaning(digit, 0.7))[0] for digit in alone) > 0.95


def test_rows_are_read_from_top_to_bottom_each_from_left_to_right() -> None:
    above, first = strip([3, 250, 511], gap=5)
    below, second = strip([777, 999, 100], gap=5)
    width = max(above.shape[1], below.shape[1])
    pages = []
    for row, digits in ((0, first), (1, second)):
        pages += [np.pad(digit, ((row * 70, (1 - row) * 70), (0, width - digit.shape[1]))) for digit in digits]
    candidates = find_candidates(np.maximum.reduce(pages))
    ways = [likest(candidates, page) for page in pages]
    assert min(likeness for likeness, _ in ways) > 0.97
    places = [one.first for _, one in ways]
    assert places == sorted(places)


def test_a_comma_costs_little_to_leave_out_and_a_digit_much() -> None:
    ink, alone = strip([250, 511], gap=8)
    x = bounding_box(alone[0]).x1 + 4
    ink[46:56, x : x + 4] = 1
    candidates = find_candidates(ink)
    ways = [likest(candidates, digit) for digit in alone]
    assert min(likeness for likeness, _ in ways) > 0.97
    (_, before), (_, after) = ways
    assert candidates.skipping[before.last : after.first].sum() < 2
    assert candidates.skipping[before.first : before.last].sum() > 5


@pytest.mark.parametrize("torn", [np.s_[26:30, :], np.s_[:, 26:29]])
def test_a_digit_torn_in_two_is_still_offered_whole(torn: tuple[slice, slice]) -> None:
    zero = next(digit for digit in DIGITS.reshape(-1, SIDE, SIDE) if digit[13:15, 13:15].max() == 0)
    ink = enlarged(zero, 2)
    ink[torn] = 0
    whole = find_candidates(ink).found[-1]
    assert whole.box == ink_box(ink)
    assert np.array_equal(whole.image, to_mnist(ink, ink_box(ink)))
    assert whole.cost < 3


def test_a_loose_stroke_goes_with_the_digit_beside_it_or_not() -> None:
    ink, (left, right) = strip([250, 511], gap=8)
    box = bounding_box(left)
    bar = np.zeros_like(ink)
    bar[box.y0 - 6 : box.y0 - 3, box.x0 : box.x1] = 1
    candidates = find_candidates(np.maximum(ink, bar))
    assert likest(candidates, left)[0] > 0.97
    assert likest(candidates, np.maximum(left, bar))[0] > 0.97
    assert likest(candidates, right)[0] > 0.97


def test_large_writing_is_segmented_like_small() -> None:
    ink, alone = strip([3, 250, 511], gap=5)
    candidates = find_candidates(enlarged(ink, 9))
    for digit in alone:
        likeness, one = likest(candidates, enlarged(digit, 9))
        assert likeness > 0.9
        np.testing.assert_allclose(one.box, np.multiply(9, ink_box(digit)), atol=9)


@pytest.mark.parametrize("cut_off", range(1, 5))
def test_boxes_end_where_the_picture_does(cut_off: int) -> None:
    ink, (_, right) = strip([250, 511], gap=5)
    edge = 5 * bounding_box(right).x1 - cut_off
    ink = enlarged(ink, 5)[:, :edge]
    candidates = find_candidates(ink)
    assert_sound(candidates, ink)
    assert max(one.box.x1 for one in candidates.found) == edge


def test_a_stroke_of_one_pixel_in_a_large_picture_is_not_lost() -> None:
    ink = np.zeros((1500, 1500), np.float32)
    angles = np.linspace(0, 2 * np.pi, 20_000)
    for x in (400, 1000):
        ink[(700 + 300 * np.sin(angles)).astype(int), (x + 200 * np.cos(angles)).astype(int)] = 1
    boxes = {one.box for one in find_candidates(ink).found}
    for x in (400, 1000):
        assert any(np.allclose(box, (x - 200, 400, x + 201, 1001), atol=14) for box in boxes)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 3), (60, 900)])
def test_ink_of_any_shape_gives_something_sound(size: tuple[int, int]) -> None:
    ink = np.ones(size, np.float32)
    candidates = find_candidates(ink)
    assert_sound(candidates, ink)
    assert candidates.found[-1].box == Box(0, 0, size[1], size[0])


def test_no_ink_gives_no_candidates() -> None:
    for size in ((1, 1), (40, 60)):
        found, skipping, are_all = find_candidates(np.zeros(size, np.float32))
        assert (found, len(skipping), are_all) == ([], 0, True)


def test_endless_scrawl_gives_at_most_a_thousand_candidates() -> None:
    comb = np.zeros((50, 400), np.float32)
    comb[36:40] = comb[4:40, ::8] = comb[4:40, 1::8] = 1
    ink = np.tile(comb, (20, 1))
    candidates = find_candidates(ink)
    assert_sound(candidates, ink)
    assert 500 < len(candidates.found) <= 1001
    assert not candidates.are_all


def test_ten_thousand_specks_give_at_most_a_thousand_candidates() -> None:
    ink = np.zeros((600, 900), np.float32)
    y, x = np.random.default_rng(0).integers(0, (598, 898), (10_000, 2)).T
    for down in (0, 1):
        ink[y + down, x] = ink[y, x + down] = 1
    candidates = find_candidates(ink)
    assert_sound(candidates, ink)
    assert len(candidates.found) <= 1001

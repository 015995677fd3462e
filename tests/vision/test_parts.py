"""Rows and parts of writing whose places are known; every pixel of ink is in one part."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mnistnet.arrays import Floats
from mnistnet.vision.parts import Writing, find_writing
from tests.vision.pictures import DIGITS, strip

inks = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.sampled_from([0, 0, 0.5, 1]))


def pixels(writing: Writing) -> list[tuple[int, int]]:
    parts = [part for row in writing.rows for part in (*row.parts, *row.loose)]
    return [(int(y), int(x)) for part in parts for y, x in zip(part.ink.y, part.ink.x, strict=True)]


def stacked(*rows: Floats, gap: int) -> Floats:
    width = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, gap), (0, width - row.shape[1]))) for row in rows])


@settings(deadline=None)
@given(inks)
def test_no_pixel_is_in_two_parts_and_none_is_without_ink(ink: Floats) -> None:
    found = pixels(find_writing(ink))
    assert len(found) == len(set(found))
    assert all(ink[place] > 0.25 for place in found)


def test_every_pixel_of_a_number_is_in_a_part() -> None:
    ink = strip([3, 250, 511, 777], gap=-1)[0]
    writing = find_writing(ink)
    assert writing.scale == 1
    assert sorted(pixels(writing)) == [(y, x) for y, x in np.argwhere(ink > 0.25).tolist()]


def test_parts_go_from_left_to_right_and_touching_digits_have_cuts() -> None:
    (row,) = find_writing(strip([250, 511, 777], gap=-1)[0]).rows
    middles = [part.left + part.right for part in row.parts]
    assert middles == sorted(middles)
    assert any(part.crossed > 0 for part in row.parts)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_line_of_writing_is_a_row_with_its_dots_and_commas(count: int) -> None:
    line = strip([250, 511, 777], gap=4)[0]
    line[48:52, 44:48] = 1
    rows = find_writing(stacked(*[line] * count, gap=10)).rows
    assert len(rows) == count
    assert [row.height for row in rows] == pytest.approx([40] * count, abs=2)
    assert sum(len(row.loose) for row in rows) == count
    tops = [min(part.ink.box.y0 for part in row.parts) for row in rows]
    assert np.diff(tops) == pytest.approx([len(line) + 10] * (count - 1))


def test_a_line_of_digits_that_climbs_is_one_row() -> None:
    page = np.zeros((200, 400), np.float32)
    for number, index in enumerate((3, 250, 511, 777, 999)):
        page[140 - 12 * number : 196 - 12 * number, 60 * number : 60 * number + 56] = np.kron(
            DIGITS[index].reshape(28, 28), np.ones((2, 2), np.float32)
        )
    assert len(find_writing(page).rows) == 1


@pytest.mark.parametrize("factor", [1, 2, 5, 20])
def test_writing_is_reduced_to_about_the_same_height(factor: int) -> None:
    ink = np.kron(strip([250, 511], gap=4)[0], np.ones((factor, factor), np.float32))
    writing = find_writing(ink)
    assert 30 <= writing.rows[0].height <= 100
    assert writing.ink.shape == tuple(-(-side // writing.scale) for side in ink.shape)


def test_of_very_many_pieces_the_highest_are_kept() -> None:
    ink = np.zeros((400, 400), np.float32)
    ink[::4, ::4] = 1
    ink[101:159, 50] = ink[101:159, 302] = 1
    rows = find_writing(ink).rows
    assert sum(len(row.parts) + len(row.loose) for row in rows) <= 120
    assert max(part.ink.box.height for row in rows for part in row.parts) >= 58

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mnistnet.vision.box import Box, bounding_box


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.booleans()))
def test_bounding_box_is_that_of_a_direct_search(mask):
    places = [(x, y) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    columns, rows = [x for x, _ in places], [y for _, y in places]
    expected = (min(columns), min(rows), max(columns) + 1, max(rows) + 1) if places else (0, 0, 0, 0)
    assert bounding_box(mask) == expected


def test_cut_takes_columns_x0_to_x1_and_rows_y0_to_y1():
    picture = np.arange(20).reshape(4, 5)
    box = Box(1, 2, 4, 4)
    assert box.cut(picture).tolist() == [[11, 12, 13], [16, 17, 18]]
    assert (box.width, box.height) == (3, 2)


@pytest.mark.parametrize("value", [1.0, -1.0, 1e-30])
def test_everything_but_0_counts(value):
    picture = np.zeros((3, 3))
    picture[1, 2] = value
    assert bounding_box(picture) == Box(2, 1, 3, 2)

"""Receptive fields: where they are, and in what scale they leave the sums."""

import numpy as np
import pytest

from mnistnet.arrays import SIDE
from mnistnet.nn.initializers import he_normal
from mnistnet.training.receptive_fields import receptive_fields


@pytest.mark.parametrize("side", [1, 7, 15, 28])
def test_each_unit_sees_one_square_of_that_side(side: int) -> None:
    fields = receptive_fields(300, side, rng=np.random.default_rng(0)).T.reshape(-1, SIDE, SIDE)
    for field in fields:
        rows, columns = np.flatnonzero(field.any(axis=1)), np.flatnonzero(field.any(axis=0))
        assert (field[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] > 0).all()
        for places in (rows, columns):
            at_the_border = places[0] == 0 or places[-1] == SIDE - 1
            assert len(places) <= side + 1
            assert len(places) >= side - 1 or at_the_border
    assert (fields > 0).any(axis=0).mean() > (0.9 if side > 1 else 0.2)  # together they see the picture


def test_sums_keep_the_scale_that_the_initializer_gave_them() -> None:
    rng = np.random.default_rng(0)
    weights = he_normal(SIDE * SIDE, 400, rng=rng)
    inputs = rng.standard_normal((500, SIDE * SIDE), dtype=np.float32)
    scales = [(inputs @ w).std() for w in (weights, weights * receptive_fields(400, 15, rng=rng))]
    assert scales[1] == pytest.approx(scales[0], rel=0.03)


def test_other_pictures_have_fields_of_their_own_size() -> None:
    fields = receptive_fields(50, 5, of=9, rng=np.random.default_rng(0)).T.reshape(-1, 9, 9)
    assert all(3 <= field.any(axis=axis).sum() <= 6 for field in fields for axis in (0, 1))

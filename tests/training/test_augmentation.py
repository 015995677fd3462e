"""Warps, against a slow, obvious reference, and where the right picture is known exactly."""

import math

import numpy as np
import pytest

from mnistnet.arrays import SIDE, Floats, side_of
from mnistnet.data.mnist import load_sample
from mnistnet.nn.workspace import Workspace
from mnistnet.training.augmentation import Warps, random_warps, resample, surfaces, warped

USUAL = Warps(rotation=14, scale=0.15, shear=0.12, shift=1.5, field=1)
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE].astype(np.float32)


@pytest.fixture(scope="module")
def digits() -> Floats:
    return load_sample().test.images[:100]


def slowly(image: Floats, places: Floats) -> Floats:
    """Bilinear resampling, a pixel at a time."""
    side = side_of(image)
    picture, result = image.reshape(side, side), np.zeros(side * side)

    def pixel(row: int, column: int) -> float:
        return float(picture[row, column]) if 0 <= row < side and 0 <= column < side else 0.0

    for number, (row, column) in enumerate(places.reshape(2, -1).T.tolist()):
        top, left = math.floor(row), math.floor(column)
        for near_row, near_column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            share = (1 - abs(row - near_row)) * (1 - abs(column - near_column))
            result[number] += share * pixel(near_row, near_column)
    return result


def seen(digits: Floats, rows: Floats, columns: Floats) -> Floats:
    """All digits through one warp, as pictures."""
    places = np.stack([rows, columns]).astype(np.float32)[:, None].repeat(len(digits), axis=1)
    return resample(digits, places).reshape(-1, SIDE, SIDE)


def test_of_no_pictures_there_are_no_warps() -> None:
    assert warped(np.zeros((0, SIDE**2), np.float32), USUAL, rng=np.random.default_rng(0)).shape == (0, SIDE**2)


def test_it_is_what_a_loop_over_pixels_gives(digits: Floats) -> None:
    strong = Warps(rotation=60, scale=0.5, shear=0.5, shift=12, field=4)
    places = random_warps(100, strong, rng=np.random.default_rng(0))
    expected = np.array([slowly(image, places[:, number]) for number, image in enumerate(digits[:12])])
    np.testing.assert_allclose(resample(digits, places)[:12], expected, atol=2e-6)


@pytest.mark.parametrize("side", [9, 40])
def test_pictures_of_other_sizes_are_warped_alike(side: int) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.random((8, side * side), np.float32)
    places = random_warps(8, USUAL, rng=rng, side=side)
    expected = np.array([slowly(image, places[:, number]) for number, image in enumerate(pictures)])
    np.testing.assert_allclose(resample(pictures, places), expected, atol=2e-6)
    again = warped(pictures, USUAL, rng=np.random.default_rng(1))
    assert again.shape == pictures.shape
    one, rows, columns, *bumps = surfaces(side).reshape(-1, side, side)
    np.testing.assert_allclose(np.square(bumps).sum(axis=0)[side // 2, side // 2], one[0, 0], rtol=1e-5)
    np.testing.assert_array_equal(rows, -rows[::-1])  # turned over, a warp is as likely as it was
    np.testing.assert_array_equal(columns, -columns[:, ::-1])
    squares = np.square(bumps).sum(axis=0)
    np.testing.assert_allclose(squares, squares[::-1, ::-1], rtol=1e-5)


def test_places_beyond_the_border_are_empty() -> None:
    full = np.ones((1, SIDE * SIDE), np.float32)
    for row, share in ((-1.0, 0.0), (-0.25, 0.75), (0.0, 1.0), (27.0, 1.0), (27.5, 0.5), (28.0, 0.0), (1e9, 0.0)):
        assert seen(full, np.full_like(ROWS, row), COLUMNS)[0, 0, 5] == pytest.approx(share, abs=1e-6)


def test_identity_shifts_by_whole_pixels_and_quarter_turns_are_exact(digits: Floats) -> None:
    pictures = digits.reshape(-1, SIDE, SIDE)
    np.testing.assert_array_equal(seen(digits, ROWS, COLUMNS), pictures)
    shifted = seen(digits, ROWS - 3, COLUMNS + 2)
    np.testing.assert_array_equal(shifted[:, 3:, :-2], pictures[:, :-3, 2:])
    assert not shifted[:, :3].any()
    assert not shifted[:, :, -2:].any()
    np.testing.assert_array_equal(seen(digits, COLUMNS, SIDE - 1 - ROWS), np.rot90(pictures, axes=(1, 2)))


def test_no_warp_at_all_changes_nothing(digits: Floats) -> None:
    np.testing.assert_allclose(warped(digits, Warps(), rng=np.random.default_rng(0)), digits, atol=1e-5)


def steps(warps: Warps) -> tuple[Floats, Floats]:
    """What one pixel down, and one across, comes to in the original, for 500 warps: (500, 2) each."""
    places = random_warps(500, warps, rng=np.random.default_rng(0)).swapaxes(0, 1)
    return places[:, :, 6, 5] - places[:, :, 5, 5], places[:, :, 5, 6] - places[:, :, 5, 5]


def test_rotation_keeps_lengths_and_right_angles() -> None:
    down, across = steps(Warps(rotation=90))
    np.testing.assert_allclose(np.linalg.norm([down, across], axis=2), 1, atol=1e-4)
    np.testing.assert_allclose((down * across).sum(axis=1), 0, atol=1e-4)
    assert np.degrees(np.arctan2(across[:, 0], across[:, 1])).std() == pytest.approx(90 / 3**0.5, rel=0.1)


def test_scale_stretches_both_ways_within_its_bounds() -> None:
    lengths = np.linalg.norm(steps(Warps(scale=0.3)), axis=2)
    assert np.exp(-0.3) - 1e-4 < lengths.min() < np.exp(-0.28)
    assert np.exp(0.28) < lengths.max() < np.exp(0.3) + 1e-4
    assert abs(np.corrcoef(lengths)[0, 1]) < 0.2  # height and width are drawn apart


def test_shear_leans_upright_strokes_and_nothing_else() -> None:
    down, across = steps(Warps(shear=0.3))
    np.testing.assert_allclose(across, [[0, 1]] * 500, atol=1e-5)
    np.testing.assert_allclose(down[:, 0], 1, atol=1e-5)
    assert np.abs(down[:, 1]).max() == pytest.approx(0.3, rel=0.02)
    assert down[:, 1].std() == pytest.approx(0.3 / 3**0.5, rel=0.1)


def test_shifts_move_all_pixels_alike_both_ways_apart() -> None:
    places = random_warps(500, Warps(shift=3), rng=np.random.default_rng(0)).swapaxes(0, 1)
    moved = places - np.stack([ROWS, COLUMNS])
    np.testing.assert_allclose(moved, moved[:, :, :1, :1].repeat(SIDE, 2).repeat(SIDE, 3), atol=1e-4)
    shift = moved[:, :, 0, 0]
    np.testing.assert_allclose(np.abs(shift).max(axis=0), 3, rtol=0.02)
    np.testing.assert_allclose(shift.std(axis=0), 3 / 3**0.5, rtol=0.1)
    assert abs(np.corrcoef(shift.T)[0, 1]) < 0.1


def test_all_at_once_is_the_product_of_their_matrices() -> None:
    """Scaled, then sheared, then turned, around the middle; and moved."""
    warps = Warps(rotation=30, scale=0.2, shear=0.3, shift=2)
    places = random_warps(50, warps, rng=np.random.default_rng(1))
    most = np.array([np.radians(30), 0.2, 0.2, 0.3, 2, 2])
    drawn = most[:, None] * np.random.default_rng(1).uniform(-1, 1, (6, 50))
    for number, (angle, height, width, shear, *shift) in enumerate(drawn.T):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        matrix = np.diag(np.exp([height, width])) @ [[1, 0], [shear, 1]] @ turn
        expected = np.tensordot(matrix, np.stack([ROWS, COLUMNS]) - 13.5, axes=1) + 13.5
        moved = np.reshape(shift, (2, 1, 1))
        np.testing.assert_allclose(places[:, number], expected + moved, atol=1e-3)


def test_the_field_is_as_strong_as_asked_and_smooth() -> None:
    field = Warps(field=1.5)
    places = random_warps(4000, field, rng=np.random.default_rng(0)).swapaxes(0, 1)
    moved = places - np.stack([ROWS, COLUMNS])
    assert moved[:, :, SIDE // 2, SIDE // 2].std() == pytest.approx(1.5, rel=0.05)
    assert abs(moved.mean()) < 0.05
    assert np.diff(moved, axis=3).std() < 0.4  # neighbours move together
    assert abs(np.corrcoef(moved[:, 0, 3, 3], moved[:, 0, 24, 24])[0, 1]) < 0.1  # far corners do not


def test_warped_digits_keep_their_range_and_most_of_their_ink(digits: Floats) -> None:
    result = warped(digits, USUAL, rng=np.random.default_rng(0))
    assert (result.shape, result.dtype) == (digits.shape, np.float32)
    assert result.min() >= 0
    assert result.max() <= 1
    assert 0.8 < result.sum() / digits.sum() < 1.25
    assert np.abs(result - digits).mean() > 0.02


def test_the_generator_alone_decides(digits: Floats) -> None:
    one, two = (warped(digits, USUAL, rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (warped(digits, USUAL, rng=np.random.default_rng(4)) != one).any()


def test_the_surfaces_are_one_rows_columns_and_bumps() -> None:
    one, rows, columns, *bumps = surfaces(SIDE).reshape(-1, SIDE, SIDE)
    np.testing.assert_array_equal(one, 1)
    np.testing.assert_array_equal(rows, ROWS - 13.5)
    np.testing.assert_array_equal(columns, COLUMNS - 13.5)
    assert len({bump.argmax() for bump in bumps}) == len(bumps) == 25
    assert np.square(bumps)[:, 14, 14].sum() == pytest.approx(1)


def test_a_workspace_changes_nothing_even_after_another_batch(digits: Floats) -> None:
    space = Workspace()
    warped(np.ones_like(digits), Warps(shift=9), rng=np.random.default_rng(0), space=space)
    for count in (100, 7):
        in_space = warped(digits[:count], USUAL, rng=np.random.default_rng(5), space=space)
        np.testing.assert_array_equal(in_space, warped(digits[:count], USUAL, rng=np.random.default_rng(5)))

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mnistnet.vision.pieces import count_by_piece, fill_runs, find_pieces, select_pieces, sum_by_piece, without_specks

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.booleans())


def flood_fill(mask):
    """The piece of every pixel, numbered from 0 in reading order, -1 where mask is False."""
    pieces = np.full(mask.shape, -1)
    for number, seed in enumerate(zip(*np.nonzero(mask), strict=True)):
        waiting = [seed] if pieces[seed] < 0 else []
        while waiting:
            y, x = waiting.pop()
            pieces[y, x] = number
            around = [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
            waiting += [
                p
                for p in around
                if all(0 <= i < n for i, n in zip(p, mask.shape, strict=True)) and mask[p] and pieces[p] < 0
            ]
    return np.unique(pieces, return_inverse=True)[1].reshape(mask.shape) - (not mask.all())


@given(masks)
def test_pieces_are_those_of_a_flood_fill(mask):
    runs = find_pieces(mask)
    pieces = np.full(mask.size, -1)
    for start, end, piece in zip(*runs, strict=True):
        pieces[start:end] = piece
    assert pieces.reshape(mask.shape).tolist() == flood_fill(mask).tolist()


@given(masks)
def test_filled_runs_give_the_mask_back(mask):
    assert (fill_runs(*find_pieces(mask)[:2], mask.shape) == mask).all()


@given(masks)
def test_marked_pixels_are_counted_piece_by_piece(mask):
    marked = np.indices(mask.shape).sum(axis=0) % 3 == 0
    pieces = flood_fill(mask)
    expected = [(marked & (pieces == piece)).sum() for piece in range(pieces.max() + 1)]
    assert count_by_piece(find_pieces(mask), marked).tolist() == expected


def test_ten_thousand_specks_go_and_the_stroke_stays():
    stroke = np.zeros((1200, 1200), np.float32)
    stroke[100:1100, 590:610] = 1
    ink = stroke.copy()
    ink[::11, ::12] = 1
    left = without_specks(ink)
    assert (left >= stroke).all()
    assert (left != stroke).sum() < 250  # specks that touch the stroke


def test_a_long_spiral_is_one_piece_and_its_surroundings_another():
    spiral = np.zeros((101, 101), bool)
    for ring in range(0, 50, 4):
        spiral[ring, ring : 101 - ring] = spiral[ring : 101 - ring, 100 - ring] = True
        spiral[100 - ring, ring + 1 : 101 - ring] = spiral[ring + 4 : 101 - ring, ring + 1] = True
        spiral[ring + 4, ring + 1 : ring + 5] = True
    assert (find_pieces(spiral).piece == 0).all()
    assert find_pieces(~spiral).piece.max() >= 0


def test_selected_pieces_keep_their_pixels_and_sums():
    mask = np.array([[1, 1, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]], bool)
    runs = find_pieces(mask)
    assert sum_by_piece(runs, runs.ends - runs.starts).tolist() == [2, 2, 1]
    kept = select_pieces(runs, np.array([False, True, True]))
    filled = fill_runs(kept.starts, kept.ends, mask.shape)
    assert filled.astype(int).tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]]

"""Scorecards: that users' pictures are what they are called, and answers counted by hand."""

import io
import json

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnistnet.data.mnist import load_sample
from mnistnet.evaluation.metrics import wilson_interval
from mnistnet.evaluation.scorecard import (
    CONDITIONS,
    score_conditions,
    scorecard_text,
    thickened,
)
from mnistnet.vision import normalize
from mnistnet.vision.pieces import find_pieces

TEST = load_sample().test
DIGITS = [Image.fromarray(np.uint8(np.round(255 * image.reshape(28, 28)))) for image in TEST.images[::200]]


def ring(inner: float, outer: float) -> NDArray[np.bool_]:
    """As geometry has it."""
    y, x = np.mgrid[:280, :280] - 139.5
    return np.asarray((np.hypot(x, y) >= inner) & (np.hypot(x, y) < outer))


def stroke_width(mask: NDArray[np.bool_]) -> float:
    return normalize.stroke_width(np.float32(mask))


def rendered(name: str, digit: Image.Image, *, seed: int = 0) -> Image.Image:
    return Image.open(io.BytesIO(CONDITIONS[name](digit, np.random.default_rng(seed))))


def dark(image: Image.Image, *, below: int = 128) -> NDArray[np.bool_]:
    return np.asarray(image.convert("L")) < below


def pieces(mask: NDArray[np.bool_]) -> int:
    return int(find_pieces(mask).piece.max()) + 1


def test_a_ring_is_thickened_on_either_side() -> None:
    assert np.count_nonzero(thickened(ring(80, 100), 6) != ring(74, 106)) < 0.02 * ring(74, 106).sum()


@pytest.mark.parametrize("digit", DIGITS)
def test_strokes_are_half_as_thick_or_half_as_thick_again_and_digits_stay_whole(digit: Image.Image) -> None:
    usual, thin, thick = (dark(rendered(name, digit)) for name in ("black on white", "thin", "thick"))
    assert 0.4 < stroke_width(thin) / stroke_width(usual) < 0.65
    assert 1.35 < stroke_width(thick) / stroke_width(usual) < 1.7
    assert pieces(thin) == pieces(usual)
    assert np.count_nonzero(thin & ~usual) < 0.01 * usual.sum()
    assert not (usual & ~thick).any()


@pytest.mark.parametrize("name", CONDITIONS)
def test_the_same_seed_gives_the_same_file_and_it_is_a_picture(name: str) -> None:
    files = [CONDITIONS[name](DIGITS[3], np.random.default_rng(seed)) for seed in (1, 1, 2, 3, 4)]
    assert files[0] == files[1]
    chance = {"small and off-centre", "photo-like", "transparent", "ruled", "boxed"}
    assert (len(set(files)) > 1) == (name in chance)
    kind = "JPEG" if name in ("photo-like", "JPEG 30") else "PNG"
    assert Image.open(io.BytesIO(files[0])).format == kind


def test_as_it_is_not_a_pixel_changes() -> None:
    for digit in DIGITS:
        assert np.array_equal(np.asarray(rendered("as it is", digit)), np.asarray(digit))


def test_a_small_digit_is_small_and_moves() -> None:
    boxes = [np.argwhere(dark(rendered("small and off-centre", DIGITS[0], seed=seed))) for seed in range(20)]
    assert all((np.ptp(box, axis=0) < 24).all() for box in boxes)
    assert (np.ptp([box.mean(axis=0) for box in boxes], axis=0) > 150).all()


@pytest.mark.parametrize("digit", DIGITS)
def test_a_tight_crop_has_ink_on_every_side(digit: Image.Image) -> None:
    ink = dark(rendered("tight crop", digit), below=127)
    assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))


def test_a_photo_is_lit_from_one_side_and_its_ink_is_blue() -> None:
    for seed in range(5):
        pixels = np.asarray(rendered("photo-like", DIGITS[1], seed=seed), float)
        corners = [pixels[rows, columns].mean() for rows in (np.s_[:30], np.s_[-30:]) for columns in (np.s_[:30], -30)]
        assert max(corners) - min(corners) > 40
        ink = pixels[pixels[..., 0] < 90].mean(axis=0)
        assert ink[2] > 1.3 * ink[0]


def test_what_is_transparent_is_visible_by_its_alpha_alone() -> None:
    colours = set()
    for seed in range(5):
        lightness, alpha = rendered("transparent", DIGITS[2], seed=seed).split()
        assert lightness.getextrema() in ((0, 0), (255, 255))
        colours.add(lightness.getextrema()[0])
        assert alpha.getextrema() == (0, 255)
    assert len(colours) == 2


def test_rules_and_frames_are_there() -> None:
    for seed in range(5):
        ruled = dark(rendered("ruled", DIGITS[4], seed=seed), below=220)
        first, last = (np.count_nonzero(edge & ~np.roll(edge, 1)) for edge in (ruled[:, 0], ruled[:, -1]))
        assert min(first, last) >= 4
        assert abs(first - last) <= 1
        box = dark(rendered("boxed", DIGITS[4], seed=seed))
        assert np.count_nonzero(box.sum(axis=0) > 235) >= 4
        assert np.count_nonzero(box.sum(axis=1) > 235) >= 4


def test_answers_are_counted_by_condition() -> None:
    answers = [("3", True), ("3", False), ("8", True), ("", False), ("33", True), ("3", True)]
    told = iter(answers + [("3", True)] * 6)
    conditions = {name: CONDITIONS[name] for name in ("thin", "thick")}
    images, labels = np.repeat(TEST.images[:1], 6, axis=0), np.full(6, 3)
    rng = np.random.default_rng(0)
    scores = dict(score_conditions(images, labels, lambda _: next(told), rng=rng, conditions=conditions))
    assert list(scores) == ["thin", "thick"]
    assert scores["thin"]["right"] == {"count": 3, "of": 6, "share": 0.5, "interval": wilson_interval(3, 6)}
    assert scores["thin"]["unsure_of_right"]["count"] == 1
    assert scores["thick"]["right"]["share"] == 1

    lines = scorecard_text(json.loads(json.dumps(scores))).splitlines()
    low, high = (100 * bound for bound in wilson_interval(3, 6))
    assert lines[1].split() == ["thin", *f"50.00 % {low:.2f} to {high:.2f} % 33.33 % 6".split()]
    assert lines[2].startswith("thick ")
    assert max(map(len, lines)) <= 80


def test_where_none_is_right_none_of_them_is_unsure() -> None:
    scores = score_conditions(TEST.images[:2], TEST.labels[:2], lambda _: ("", False), rng=np.random.default_rng(0))
    assert all(line.split()[-2:] == [".", "2"] for line in scorecard_text(dict(scores)).splitlines()[1:])


def test_every_condition_shows_the_same_digits_and_the_same_seed_the_same_pictures() -> None:
    seen: list[bytes] = []

    def read(picture: bytes) -> tuple[str, bool]:
        seen.append(picture)
        return "", False

    for _ in range(2):
        list(score_conditions(TEST.images[:3], TEST.labels[:3], read, rng=np.random.default_rng(5)))
    once = len(CONDITIONS) * 3
    assert len(seen) == 2 * once
    assert seen[:once] == seen[once:]
    first = [np.asarray(Image.open(io.BytesIO(file))) for file in seen[:3]]
    assert np.array_equal(first, np.uint8(np.round(255 * TEST.images[:3].reshape(-1, 28, 28))))

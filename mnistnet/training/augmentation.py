"""Augmentation: digits warped at random, as other hands might have written them.

A warp says for each pixel of the warped picture where in the original it comes from. Both coordinates are a linear
combination of 28 basis images: the row, the column and 1 make an affine map, and 25 smooth bumps an elastic field
(Simard et al. 2003 made theirs by smoothing noise). So that a batch of warps is one matrix product.
"""

from dataclasses import dataclass

import numpy as np

from mnistnet.arrays import SIDE, Floats

KNOTS = 5
"""Bumps stand on a grid of KNOTS x KNOTS points over the picture."""
CORRELATION = 5.0
"""Standard deviation of a bump, in pixels."""
BLOCK = 20
"""Images resampled at once: few enough that all arrays stay in the processor's cache and in memory used before, which
takes a third of the time that a whole batch at once takes."""
PADDED = SIDE + 3
"""A picture's side with one empty pixel before it and two after: there is nothing outside, but it may be asked for."""


@dataclass(frozen=True)
class Warps:
    """How strongly digits are warped. Rotation, scale, shear and shift are uniform between minus and plus these."""

    rotation: float = 14.0
    """Degrees."""
    scale: float = 0.15
    """Natural logarithm of the factor, drawn for height and width apart."""
    shear: float = 0.12
    """Pixels sideways for each pixel down."""
    shift: float = 1.5
    """Pixels, drawn for both directions apart."""
    field: float = 1.0
    """Standard deviation of the elastic field, in pixels, in the middle of the picture."""


def basis() -> Floats:
    """(3 + KNOTS^2, SIDE^2) float32: rows and columns, counted from the middle; 1; and bumps of height 1, scaled so
    that with random weights of N(0, 1) the field has variance 1 in the middle."""
    places = np.arange(SIDE) - (SIDE - 1) / 2
    rows, columns = np.meshgrid(places, places, indexing="ij")
    knots = np.linspace(places[0], places[-1], KNOTS)
    curves = np.exp(-0.5 * np.square((places - knots[:, None]) / CORRELATION))
    bumps = np.einsum("ay,bx->abyx", curves, curves).reshape(KNOTS**2, SIDE, SIDE)
    bumps /= np.sqrt(np.square(bumps).sum(axis=0)[SIDE // 2, SIDE // 2])
    return np.concatenate([[rows, columns, np.ones_like(rows)], bumps]).reshape(-1, SIDE * SIDE).astype(np.float32)


BASIS = basis()


def random_warps(count: int, warps: Warps, *, rng: np.random.Generator) -> Floats:
    """(count, 2, SIDE^2) float32: the row and the column in the original that each warped pixel comes from."""
    angle = np.radians(rng.uniform(-warps.rotation, warps.rotation, count))
    height, width = np.exp(rng.uniform(-warps.scale, warps.scale, (2, count)))
    shear = rng.uniform(-warps.shear, warps.shear, count)
    weights = np.zeros((count, 2, len(BASIS)), np.float32)
    weights[:, 0, 0] = np.cos(angle) * height
    weights[:, 0, 1] = np.sin(angle) * height
    weights[:, 1, 0] = (shear * np.cos(angle) - np.sin(angle)) * width
    weights[:, 1, 1] = (shear * np.sin(angle) + np.cos(angle)) * width
    weights[:, :, 2] = rng.uniform(-warps.shift, warps.shift, (count, 2)) + (SIDE - 1) / 2
    weights[:, :, 3:] = warps.field * rng.standard_normal((count, 2, KNOTS**2), dtype=np.float32)
    return (weights.reshape(2 * count, -1) @ BASIS).reshape(count, 2, -1)


def warped(images: Floats, warps: Warps, *, rng: np.random.Generator) -> Floats:
    """Every image (n, SIDE^2) seen through a random warp of its own."""
    places = random_warps(len(images), warps, rng=rng)
    blocks = range(0, len(images), BLOCK)
    return np.concatenate([resample(images[start : start + BLOCK], places[start : start + BLOCK]) for start in blocks])


def resample(images: Floats, places: Floats) -> Floats:
    """The images (n, SIDE^2) seen through warps (n, 2, SIDE^2), which are overwritten: bilinear, and 0 outside.

    Bilinear: of the four pixels around a place, the upper two and the lower two are mixed by how far the place is to
    the right, and the two mixtures by how far it is down.
    """
    count = len(images)
    padded = np.zeros((count, PADDED, PADDED), np.float32)
    padded[:, 1 : SIDE + 1, 1 : SIDE + 1] = images.reshape(count, SIDE, SIDE)
    pixels = padded.ravel()
    np.clip(places, -1, SIDE, out=places)
    places += 1  # the padding
    corners = np.floor(places)
    places -= corners
    down, right = places[:, 0], places[:, 1]
    numbers = (corners[:, 0] * PADDED + corners[:, 1]).astype(np.intp)
    numbers += (np.arange(count) * PADDED**2)[:, None]
    upper = mixed(np.take(pixels, numbers, mode="clip"), np.take(pixels[1:], numbers, mode="clip"), right)
    lower = pixels[PADDED:]
    lower = mixed(np.take(lower, numbers, mode="clip"), np.take(lower[1:], numbers, mode="clip"), right)
    return mixed(upper, lower, down)


def mixed(one: Floats, other: Floats, share: Floats) -> Floats:
    """one where share is 0, other where it is 1, and between them in proportion; in place of one."""
    other -= one
    other *= share
    one += other
    return one

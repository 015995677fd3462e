"""Augmentation: digits warped at random, as other hands might have written them.

A warp says for each pixel of the warped picture where in the original it comes from. Both coordinates are a sum of
products of a curve down the picture and a curve across it. Of the seven curves 1 and a straight line make an affine
map, and five bumps an elastic field (Simard et al. 2003 made theirs by smoothing noise).
"""

from dataclasses import dataclass

import numpy as np

from mnistnet.arrays import SIDE, Floats
from mnistnet.nn.workspace import NEW_ARRAYS, Workspace

KNOTS = 5
"""So many bumps stand evenly spaced on each axis."""
CORRELATION = 5.0
"""Standard deviation of a bump, in pixels."""
PADDED = SIDE + 3
"""A picture's side with one empty pixel before it and two after: there is nothing outside, but it may be asked for."""


@dataclass(frozen=True)
class Warps:
    """How strongly digits are warped. Rotation, scale, shear and shift are uniform between minus and plus these."""

    rotation: float = 0.0
    """Degrees."""
    scale: float = 0.0
    """Natural logarithm of the factor, drawn for height and width apart."""
    shear: float = 0.0
    """Pixels sideways for each pixel down."""
    shift: float = 0.0
    """Pixels, drawn for both directions apart."""
    field: float = 0.0
    """Standard deviation of the elastic field, in pixels, in the middle of the picture."""


def make_curves() -> Floats:
    """(2 + KNOTS, SIDE) float32: 1; pixels from the middle; and bumps, scaled so that with random weights of N(0, 1)
    the field that they make has variance 1 in the middle."""
    places = np.arange(SIDE) - (SIDE - 1) / 2
    knots = np.linspace(places[0], places[-1], KNOTS)
    bumps = np.exp(-0.5 * np.square((places - knots[:, None]) / CORRELATION))
    bumps /= np.linalg.norm(bumps[:, SIDE // 2])
    return np.vstack([np.ones(SIDE), places, bumps]).astype(np.float32)


CURVES = make_curves()


def random_warps(count: int, warps: Warps, *, rng: np.random.Generator, space: Workspace = NEW_ARRAYS) -> Floats:
    """(2, count, SIDE, SIDE) float32: the rows in the original that the warped pixels come from, and the columns; they
    may lie in space."""
    angle = np.radians(rng.uniform(-warps.rotation, warps.rotation, count))
    height, width = np.exp(rng.uniform(-warps.scale, warps.scale, (2, count)))
    shear = rng.uniform(-warps.shear, warps.shear, count)
    weights = np.zeros((2, count, len(CURVES), len(CURVES)), np.float32)  # of each curve down x each curve across
    weights[:, :, 0, 0] = rng.uniform(-warps.shift, warps.shift, (2, count)) + (SIDE - 1) / 2
    weights[0, :, 1, 0] = np.cos(angle) * height
    weights[0, :, 0, 1] = np.sin(angle) * height
    weights[1, :, 1, 0] = (shear * np.cos(angle) - np.sin(angle)) * width
    weights[1, :, 0, 1] = (shear * np.sin(angle) + np.cos(angle)) * width
    weights[:, :, 2:, 2:] = warps.field * rng.standard_normal((2, count, KNOTS, KNOTS), dtype=np.float32)
    places: Floats = np.matmul(
        CURVES.T, weights @ CURVES, out=space.array("places", 0, (2, count, SIDE, SIDE), np.float32)
    )
    return places


def warped(images: Floats, warps: Warps, *, rng: np.random.Generator, space: Workspace = NEW_ARRAYS) -> Floats:
    """Every image (n, SIDE^2) seen through a random warp of its own; they may lie in space."""
    return resample(images, random_warps(len(images), warps, rng=rng, space=space), space=space)


def resample(images: Floats, places: Floats, *, space: Workspace = NEW_ARRAYS) -> Floats:
    """The images (n, SIDE^2) seen through warps (2, n, SIDE, SIDE), which are overwritten: bilinear, and 0 outside.

    Bilinear: of the four pixels around a place, the upper two and the lower two are mixed by how far the place is to
    the right, and the two mixtures by how far it is down. They may lie in space.
    """
    count, shape = len(images), images.shape
    padded = space.array("padded", 0, (count, PADDED, PADDED), np.float32)
    padded[:] = 0
    padded[:, 1 : SIDE + 1, 1 : SIDE + 1] = images.reshape(count, SIDE, SIDE)
    places = places.reshape(2, *shape)
    places += 1  # the padding
    np.clip(places, 0, SIDE + 1, out=places)
    corners = np.floor(places, out=space.array("corners", 0, places.shape, np.float32))
    places -= corners
    down, right = places
    numbers = space.array("numbers", 0, shape, np.intp)
    corners[0] *= PADDED
    corners[0] += corners[1]
    numbers[:] = corners[0]
    numbers += PADDED**2 * np.arange(count)[:, None]
    upper, lower, other = (space.array("pixels", depth, shape, np.float32) for depth in range(3))
    for row, result in enumerate((upper, lower)):
        pixels = padded.ravel()[row * PADDED :]
        np.take(pixels, numbers, out=result, mode="clip")
        np.take(pixels[1:], numbers, out=other, mode="clip")
        mix(result, other, right)
    mix(upper, lower, down)
    return upper


def mix(one: Floats, other: Floats, share: Floats) -> None:
    """Leave one as it is where share is 0, make it other where it is 1, and between them in proportion; in place.

    other is overwritten.
    """
    other -= one
    other *= share
    one += other

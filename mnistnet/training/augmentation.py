"""Augmentation: digits warped at random, as other hands might have written them.

A warp says for each pixel of the warped picture where in the original it comes from. Both coordinates are a weighted
sum of the same 28 surfaces: 1, the row and the column make an affine map, and 25 bumps an elastic field (Simard et al.
2003 made theirs by smoothing noise).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from mnistnet.arrays import SIDE, Floats, side_of
from mnistnet.nn.workspace import NEW_ARRAYS, Workspace

KNOTS = 5
"""The bumps stand in so many evenly spaced rows and columns."""
CORRELATION = 5.0
"""Standard deviation of a bump, in pixels of MNIST's; in other pictures it has the same share of the side."""


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


@cache
def surfaces(side: int) -> Floats:
    """(3 + KNOTS^2, side^2) float32: 1; rows, and columns, from the middle; and bumps, scaled so that with random
    weights of N(0, 1) the field that they make has variance 1 in the middle."""
    places = np.arange(side) - (side - 1) / 2
    knots = np.linspace(places[0], places[-1], KNOTS)
    curves = np.exp(-0.5 * np.square((places - knots[:, None]) / (CORRELATION * side / SIDE)))
    curves /= np.linalg.norm(curves[:, side // 2])
    ones = np.ones(side)
    plane = [np.outer(ones, ones), np.outer(places, ones), np.outer(ones, places)]
    bumps = [np.outer(down, across) for down in curves for across in curves]
    return np.reshape(plane + bumps, (-1, side * side)).astype(np.float32)


def random_warps(
    count: int, warps: Warps, *, rng: np.random.Generator, side: int = SIDE, space: Workspace = NEW_ARRAYS
) -> Floats:
    """(2, count, side, side) float32: the rows in the original that the warped pixels come from, and the columns; they
    may lie in space."""
    most = np.array([np.radians(warps.rotation), warps.scale, warps.scale, warps.shear, warps.shift, warps.shift])
    angle, height, width, shear, *shift = most[:, None] * rng.uniform(-1, 1, (6, count))
    height, width, cos, sin = np.exp(height), np.exp(width), np.cos(angle), np.sin(angle)
    weights = np.empty((2, count, 3 + KNOTS**2), np.float32)
    weights[:, :, 0] = np.add(shift, (side - 1) / 2)
    weights[0, :, 1] = cos * height
    weights[0, :, 2] = sin * height
    weights[1, :, 1] = (shear * cos - sin) * width
    weights[1, :, 2] = (shear * sin + cos) * width
    weights[:, :, 3:] = warps.field * rng.standard_normal((2, count, KNOTS**2), dtype=np.float32)
    places = space.array("places", 0, (2 * count, side * side), np.float32)
    np.matmul(weights.reshape(2 * count, 3 + KNOTS**2), surfaces(side), out=places)
    return places.reshape(2, count, side, side)


def warped(images: Floats, warps: Warps, *, rng: np.random.Generator, space: Workspace = NEW_ARRAYS) -> Floats:
    """Every image (n, side^2) seen through a random warp of its own; they may lie in space."""
    places = random_warps(len(images), warps, rng=rng, side=side_of(images), space=space)
    return resample(images, places, space=space)


def resample(images: Floats, places: Floats, *, space: Workspace = NEW_ARRAYS) -> Floats:
    """The images (n, side^2) seen through warps (2, n, side, side), which are overwritten: bilinear, and 0 outside.

    Bilinear: of the four pixels around a place, the upper two and the lower two are mixed by how far the place is to
    the right, and the two mixtures by how far it is down. They may lie in space.
    """
    count, shape, side = len(images), images.shape, side_of(images)
    across = side + 3  # one empty pixel before and two after: there is nothing outside, but it may be asked for
    padded = space.array("padded", 0, (count, across, across), np.float32)
    padded[:] = 0
    padded[:, 1 : side + 1, 1 : side + 1] = images.reshape(count, side, side)
    places = places.reshape(2, *shape)
    np.clip(places, -1, side, out=places)
    corners = np.floor(places, out=space.array("corners", 0, places.shape, np.float32))
    places -= corners
    down, right = places
    numbers = space.array("numbers", 0, shape, np.intp)
    corners[0] *= across
    corners[0] += corners[1]
    numbers[:] = corners[0]
    numbers += across + 1 + across**2 * np.arange(count)[:, None]
    upper, lower, other = (space.array("pixels", depth, shape, np.float32) for depth in range(3))
    for row, result in enumerate((upper, lower)):
        pixels = padded.ravel()[row * across :]
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

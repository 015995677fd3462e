"""Receptive fields: first hidden units that each see a part of the picture only.

Neighbouring pixels belong together and far ones rarely do, so that a unit which may look anywhere has much to unlearn
(LeCun 1989 compared networks with and without such fields). Nothing is shared between units and nothing is pooled: it
stays a multilayer perceptron, with weights that are 0 and remain so.
"""

import numpy as np

from mnistnet.arrays import SIDE, Floats

TAPER = 1 / 4
"""Standard deviation of the initial weights' bell, in sides of the field."""
MARGIN = 3
"""Pixels along the border in which no field has its centre: there is no ink in most digits."""


def receptive_fields(units: int, side: int, *, of: int = SIDE, rng: np.random.Generator) -> Floats:
    """(of^2, units) float32 factors for initial weights of pictures of x of: 0 outside a square of side x side pixels
    around a random place, and within it a bell; each unit's mean square is 1, so that its sums stay in scale."""
    centres = rng.uniform(MARGIN, of - 1 - MARGIN, (2, 1, units))
    pixels = np.indices((of, of)).reshape(2, -1, 1)
    distances = np.abs(pixels - centres)
    bells = np.exp(-0.5 * np.square(distances / (TAPER * side)).sum(axis=0))
    bells[distances.max(axis=0) > side / 2] = 0
    fields: Floats = (bells / np.sqrt(np.square(bells).mean(axis=0))).astype(np.float32)
    return fields

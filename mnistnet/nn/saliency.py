"""Saliency: which pixels of a picture spoke for an answer.

A small patch is wiped out at each place in turn, and the answer's log-odds are looked at (Zeiler & Fergus 2014 slide a
patch; Robnik-Sikonja & Kononenko 2008 take log-odds, which still tell where the probability is all but 1).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats, side_of
from mnistnet.nn.network import Network, Params, forward

_PATCH = 4  # pixels: somewhat broader than a stroke
_STEP = 2  # pixels between neighbouring patches, each of which is wiped out with others (_PATCH / _STEP)^2 times


def evidence(network: Network, params: Params, image: Floats, answer: int) -> Floats:
    """How much each pixel, (side^2,) in nats, speaks for the class answer: above 0 for it, below 0 against it.

    It is the mean fall of the answer's log-odds over the patches with the pixel, times the pixel's own ink: a pixel
    without ink, whose patch is wiped out only of others, has 0. image is (side^2,) in [0, 1].
    """
    patches = _patches(side_of(image))
    patches = patches[(patches & (image > 0)).any(axis=1)]
    images = np.concatenate([image[None], np.where(patches, np.float32(0), image)])
    odds = log_odds(forward(network, params, images)[0], answer)
    falls = odds[0] - odds[1:]
    mean_falls: Floats = falls @ patches / (_PATCH // _STEP) ** 2
    return mean_falls * image


def log_odds(logits: Floats, answer: int) -> Floats:
    """log(p / (1 - p)), (n,), of the class answer where p = softmax(logits), (n, classes)."""
    others = np.delete(logits, answer, axis=1)
    highest = others.max(axis=1)
    odds: Floats = logits[:, answer] - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1))
    return odds


@cache
def _patches(side: int) -> NDArray[np.bool_]:
    """The pixels of each patch, (patches, side^2); those at the rim are partly outside, so that all count alike."""
    starts = np.arange(_STEP - _PATCH, side, _STEP)
    along = (np.arange(side) >= starts[:, None]) & (np.arange(side) < starts[:, None] + _PATCH)
    return (along[:, None, :, None] & along[None, :, None, :]).reshape(-1, side * side)

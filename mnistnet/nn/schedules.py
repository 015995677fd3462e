"""Schedules: the learning rate of each step."""

import math


def cosine(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """The rate of step 0 <= step < steps: up to peak in a line over warmup steps, then down to 0 along half a cosine.

    Source: Loshchilov & Hutter 2017 (SGDR) without restarts; warm-up as in Goyal et al. 2017.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))

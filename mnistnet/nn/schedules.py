"""Schedules: the learning rate of each step.

Each gives the rate of step 0 <= step < steps, whose highest value is peak. Over the first warmup steps, fewer than
steps, the rate rises in a line (Goyal et al. 2017), in one_cycle along half a cosine.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

FINAL = 0.01
"""Where stairs and exponential end, as a share of the peak."""
STAIRS = 3


def constant(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """The peak, from the warm-up on."""
    del steps
    return peak * min(1.0, (step + 1) / max(1, warmup))


def stairs(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """Down from peak to FINAL * peak in STAIRS equally long stairs, each the same factor below the one before."""
    if step < warmup:
        return peak * (step + 1) / warmup
    stair = STAIRS * (step - warmup) // (steps - warmup)
    return float(peak * FINAL ** (stair / (STAIRS - 1)))


def exponential(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """Down from peak towards FINAL * peak by the same factor in every step."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return float(peak * FINAL ** ((step - warmup) / (steps - warmup)))


def cosine(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """Down from peak towards 0 along half a cosine (Loshchilov & Hutter 2017, SGDR, without restarts)."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))


def one_cycle(step: int, *, steps: int, peak: float, warmup: int) -> float:
    """Up from peak / 25 to peak over the warm-up, then down to peak / 250,000, both along half a cosine.

    Source: Smith & Topin 2018, with PyTorch's end points and without their cycle of the momentum.
    """
    start, end = peak / 25, peak / 250_000
    if step < warmup:
        return start + (peak - start) * 0.5 * (1 - math.cos(math.pi * step / warmup))
    return end + (peak - end) * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - 1 - warmup)))


class Schedule(NamedTuple):
    """A schedule and the share of all steps that its warm-up usually takes."""

    rate: Callable[..., float]
    usual_warmup: float


SCHEDULES = {
    "constant": Schedule(constant, 0.05),
    "step": Schedule(stairs, 0.05),
    "exponential": Schedule(exponential, 0.05),
    "cosine": Schedule(cosine, 0.05),
    "one_cycle": Schedule(one_cycle, 0.3),
}

"""Best reading: which of many overlapping candidates are the digits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistnet.arrays import Floats


def best_reading(spans: NDArray[Any], gains: Floats, losses: Floats) -> list[int]:
    """Which candidates, in order, have the most gains less the losses of all parts that none of them takes.

    spans, (n, 2), are the parts that each candidate takes, from first to last (exclusive); gains is (n,), and losses
    (parts,). The best reading up to a part goes on from the best one up to an earlier part (Bellman 1957).
    """
    by_last = np.argsort(spans[:, 1], kind="stable")
    ends = np.searchsorted(spans[by_last, 1], np.arange(len(losses) + 2))
    total, chosen, before = np.zeros(len(losses) + 1), [-1], [0]
    for last in range(1, len(losses) + 1):
        ending = by_last[ends[last] : ends[last + 1]]
        ways = np.append(total[spans[ending, 0]] + gains[ending], total[last - 1] - losses[last - 1])
        best = int(ways.argmax())
        total[last] = ways[best]
        chosen.append(int(ending[best]) if best < len(ending) else -1)
        before.append(int(spans[ending[best], 0]) if best < len(ending) else last - 1)
    reading, last = [], len(losses)
    while last:
        reading.append(chosen[last])
        last = before[last]
    return [candidate for candidate in reversed(reading) if candidate >= 0]


def digit_gains(probabilities: Floats, likeness: Floats) -> Floats:
    """How good each candidate is as its likeliest digit, (n,) in nats: the logarithm of how probable it is that it is
    a digit, and this one. probabilities is (n, classes), likeness, (n,), the log-odds of any digit."""
    gains: Floats = np.log(probabilities.max(axis=1)) - np.logaddexp(0, -likeness)
    return gains

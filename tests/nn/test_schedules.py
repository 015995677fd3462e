"""The schedule at the points where its value is known."""

from itertools import pairwise

import pytest

from mnistnet.nn.schedules import cosine


def test_it_rises_in_a_line_and_falls_along_half_a_cosine() -> None:
    rates = [cosine(step, steps=110, peak=2.0, warmup=10) for step in range(110)]
    assert rates[:10] == pytest.approx([0.2 * step for step in range(1, 11)])
    assert rates[10] == pytest.approx(2.0)
    assert rates[60] == pytest.approx(1.0)  # half-way down
    assert rates[35] == pytest.approx(1 + 2**-0.5)  # cos(45 degrees)
    assert 0 < rates[-1] < 0.001
    assert all(earlier > later for earlier, later in pairwise(rates[10:]))


@pytest.mark.parametrize("warmup", [0, 1])
def test_a_schedule_of_one_step_takes_it_at_the_peak(warmup: int) -> None:
    assert cosine(0, steps=1, peak=0.3, warmup=warmup) == 0.3

"""Schedules where their values are known, and what holds for all of them."""

import math
from itertools import pairwise

import pytest

from mnistnet.nn.schedules import SCHEDULES


def rates_of(name: str, *, steps: int, peak: float, warmup: int) -> list[float]:
    return [SCHEDULES[name].rate(step, steps=steps, peak=peak, warmup=warmup) for step in range(steps)]


LINEAR_WARMUP = ["constant", "step", "exponential", "cosine"]


@pytest.mark.parametrize("name", LINEAR_WARMUP)
def test_the_warmup_rises_in_a_line_to_the_peak(name: str) -> None:
    rates = rates_of(name, steps=110, peak=2.0, warmup=10)
    assert rates[:11] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.0])


@pytest.mark.parametrize("name", LINEAR_WARMUP)
def test_without_a_warmup_it_starts_at_the_peak(name: str) -> None:
    with_warmup = rates_of(name, steps=110, peak=2.0, warmup=10)
    assert rates_of(name, steps=100, peak=2.0, warmup=0) == with_warmup[10:]


def test_constant_stays_at_the_peak() -> None:
    assert rates_of("constant", steps=5, peak=0.3, warmup=2) == [0.15, 0.3, 0.3, 0.3, 0.3]


def test_step_goes_down_three_equal_stairs_a_tenth_each() -> None:
    rates = rates_of("step", steps=11, peak=5.0, warmup=2)
    assert rates[2:] == pytest.approx([5, 5, 5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05])


def test_exponential_goes_down_by_the_same_factor_to_a_hundredth() -> None:
    rates = rates_of("exponential", steps=54, peak=2.0, warmup=4)
    assert [later / earlier for earlier, later in pairwise(rates[4:])] == pytest.approx([0.01 ** (1 / 50)] * 49)
    assert rates[4 + 25] == pytest.approx(0.2)  # half-way in the exponent
    assert rates[-1] == pytest.approx(0.02 / 0.01 ** (1 / 50))


def test_cosine_falls_along_half_a_cosine_to_almost_0() -> None:
    rates = rates_of("cosine", steps=110, peak=2.0, warmup=10)
    assert rates[60] == pytest.approx(1.0)  # half-way down
    assert rates[35] == pytest.approx(1 + 2**-0.5)  # cos(45 degrees)
    assert 0 < rates[-1] < 0.001


def test_one_cycle_rises_and_falls_along_half_cosines() -> None:
    rates = rates_of("one_cycle", steps=101, peak=1.0, warmup=40)
    assert rates[0] == pytest.approx(1 / 25)
    assert rates[20] == pytest.approx((1 + 1 / 25) / 2)  # half-way up
    assert rates[40] == 1.0
    assert rates[70] == pytest.approx((1 + 1 / 250_000) / 2)  # half-way down
    assert rates[100] == pytest.approx(1 / 250_000)


@pytest.mark.slow
@pytest.mark.parametrize(("steps", "warmup"), [(100, 30), (57, 11), (20, 1)])
def test_one_cycle_is_pytorchs(steps: int, warmup: int) -> None:
    """PyTorch's rise ends at step pct_start * total_steps - 1, ours at warmup, so pct_start is (warmup + 1) / steps."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.7, total_steps=steps, pct_start=(warmup + 1) / steps, cycle_momentum=False
    )
    expected = []
    for step in range(steps):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < steps - 1:
            scheduler.step()
    assert rates_of("one_cycle", steps=steps, peak=0.7, warmup=warmup) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(("steps", "warmup"), [(200, 60), (200, 10), (200, 1), (200, 0), (7, 6)])
def test_every_schedule_rises_to_its_peak_and_never_again(name: str, steps: int, warmup: int) -> None:
    rates = rates_of(name, steps=steps, peak=0.3, warmup=warmup)
    assert rates[warmup] == max(rates) == pytest.approx(0.3)
    assert min(rates) > 0
    assert all(earlier < later for earlier, later in pairwise(rates[:warmup]))
    assert all(earlier >= later for earlier, later in pairwise(rates[warmup:]))


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_the_shortest_runs_have_rates_too(name: str, steps: int) -> None:
    for warmup in range(steps):
        rates = rates_of(name, steps=steps, peak=0.3, warmup=warmup)
        assert max(rates) == pytest.approx(0.3)
        assert min(rates) > 0
        assert all(map(math.isfinite, rates))


@pytest.mark.parametrize("name", SCHEDULES)
def test_its_usual_warmup_is_a_share(name: str) -> None:
    assert 0 < SCHEDULES[name].usual_warmup < 1

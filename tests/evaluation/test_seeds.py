"""Several seeds: mean, spread and interval, against definitions and integration."""

import math
import statistics

import numpy as np
import pytest

from mnistnet.evaluation.metrics import STUDENT_T, mean_interval, student_quantile
from mnistnet.evaluation.seeds import summarize, summary_text
from mnistnet.training.settings import Settings


def student(t: np.ndarray, freedom: int) -> np.ndarray:
    """Student's density."""
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return np.exp(log_scale) * (1 + t**2 / freedom) ** (-(freedom + 1) / 2)


@pytest.mark.parametrize("freedom", [*range(1, len(STUDENT_T) + 2), 30, 100, 999])
def test_95_percent_of_students_t_lie_within_the_table(freedom: int) -> None:
    quantile = student_quantile(freedom)
    t = np.linspace(-quantile, quantile, 100_001)
    assert np.trapezoid(student(t, freedom), t) == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("count", [2, 3, 5, 21, 60])
def test_95_of_100_intervals_hold_the_true_mean(count: int) -> None:
    rng = np.random.default_rng(count)
    intervals = [mean_interval(rng.normal(3, 2, count).tolist()) for _ in range(2000)]
    held = np.mean([low <= 3 <= high for low, high in intervals])
    assert 0.935 < held < 0.975


def run(seed: int, errors: int) -> tuple[dict, str]:
    settings = Settings(hidden=(16, 8), seed=seed).resolved()
    accuracy = (1000 - errors) / 1000
    facts = {"test_errors": errors, "test_images": 1000, "test_accuracy": accuracy, "seconds": 10 + seed, "model": "m"}
    return facts | {"settings": settings, "dataset": "sample"}, f"/runs/seed-{seed}"


def test_a_summary_has_every_run_and_their_mean() -> None:
    summary = summarize([run(4, 20), run(5, 30), run(6, 28)])
    assert summary["mean"] == pytest.approx(0.974)
    assert summary["spread"] == pytest.approx(statistics.stdev([0.98, 0.97, 0.972]))
    low, high = summary["interval"]
    assert (low + high) / 2 == pytest.approx(summary["mean"])
    assert [(one["seed"], one["test_errors"], one["run"]) for one in summary["runs"]][1] == (5, 30, "/runs/seed-5")
    text = summary_text(summary)
    assert "mean 97.40 %, spread 0.53" in text
    assert f"{100 * low:.2f} to {100 * high:.2f} %" in text
    row = text.splitlines()[-1]
    assert row.startswith("| 784-16-8-10 relu, momentum, 5 epochs, the bundled sample | 97.40 % ± 0.53 |")
    assert row.endswith("| 4 to 6 | 1,000 | 15 |")
    assert row.count("|") == text.splitlines()[-2].count("|")


def test_of_one_seed_nothing_is_said_of_spread() -> None:
    summary = summarize([run(4, 20)])
    assert (summary["spread"], summary["interval"]) == (None, None)
    assert "neither spread nor interval is known" in summary_text(summary)

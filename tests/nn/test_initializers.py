"""Initial weights: their mean, variance and shape of distribution over many draws."""

import numpy as np
import pytest

from mnistnet.nn.initializers import INITIALIZERS

INPUTS, OUTPUTS = 400, 100
VARIANCES = {
    "he_normal": 2 / INPUTS,
    "he_uniform": 2 / INPUTS,
    "xavier_normal": 2 / (INPUTS + OUTPUTS),
    "xavier_uniform": 2 / (INPUTS + OUTPUTS),
    "xavier_sigmoid": 4**2 * 2 / (INPUTS + OUTPUTS),
    "scaled_normal": 1 / INPUTS,
}
UNIFORM = ["he_uniform", "xavier_uniform", "xavier_sigmoid"]


def draw(name: str, *, seed: int = 0) -> np.ndarray:
    return INITIALIZERS[name](INPUTS, OUTPUTS, rng=np.random.default_rng(seed))


def test_every_initializer_is_tested_here() -> None:
    assert INITIALIZERS.keys() == VARIANCES.keys()


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_weights_have_mean_0_and_the_published_variance(name: str) -> None:
    weights = draw(name).astype(np.float64)
    count = weights.size  # 40,000, which makes the variance's own standard error 0.7 % for normal draws
    assert abs(weights.mean()) < 4 * np.sqrt(VARIANCES[name] / count)
    assert weights.var() == pytest.approx(VARIANCES[name], rel=0.03)


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_weights_fill_their_interval_evenly(name: str) -> None:
    bound = np.sqrt(3 * VARIANCES[name])
    counts, _ = np.histogram(draw(name), bins=10, range=(-bound * 1.00001, bound * 1.00001))
    assert counts.sum() == INPUTS * OUTPUTS
    assert abs(counts - counts.mean()).max() < 5 * np.sqrt(counts.mean())


@pytest.mark.parametrize("name", [name for name in VARIANCES if name not in UNIFORM])
def test_normal_weights_have_the_normal_distributions_tails(name: str) -> None:
    deviations = abs(draw(name)) / np.sqrt(VARIANCES[name])
    for limit, share in ((1, 0.3173), (2, 0.0455), (3, 0.0027)):
        assert (deviations > limit).mean() == pytest.approx(share, abs=4 * np.sqrt(share / deviations.size))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_generator_alone_decides(name: str) -> None:
    np.testing.assert_array_equal(draw(name), draw(name))
    assert (draw(name) != draw(name, seed=1)).mean() > 0.99
    assert draw(name).shape == (INPUTS, OUTPUTS)
    assert draw(name).dtype == np.float32

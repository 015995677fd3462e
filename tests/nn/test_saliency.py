import numpy as np
import pytest

from mnistnet.nn.network import Network, forward
from mnistnet.nn.saliency import evidence, log_odds
from tests.nn.networks import random_params

NETWORK = Network((784, 6, 10), activation="tanh")


@pytest.fixture
def params(rng):
    params = random_params(NETWORK, rng)
    params.flat[:] *= 0.1
    return params


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def image(rng):
    """Ink everywhere, also at the rim, but for a corner."""
    image = rng.uniform(0.1, 1, (28, 28))
    image[:9, :7] = 0
    return image.ravel()


def odds_of(params, picture, answer):
    """From the probability itself."""
    exponentials = np.exp(forward(NETWORK, params, picture.reshape(1, 784))[0][0])
    share = exponentials[answer] / exponentials.sum()
    return np.log(share / (1 - share))


def test_evidence_is_the_mean_fall_over_the_four_patches_with_a_pixel(params, image):
    spoke = evidence(NETWORK, params, image, 7).reshape(28, 28)
    whole = image.reshape(28, 28)
    for row, column in [(0, 20), (27, 27), (13, 14), (14, 13), (9, 6), (8, 7), (26, 1)]:
        falls = []
        for top in range(-2, 28, 2):
            for left in range(-2, 28, 2):
                if top <= row < top + 4 and left <= column < left + 4:
                    wiped = whole.copy()
                    wiped[max(top, 0) : top + 4, max(left, 0) : left + 4] = 0
                    falls.append(odds_of(params, whole, 7) - odds_of(params, wiped, 7))
        assert len(falls) == 4
        assert spoke[row, column] == pytest.approx(whole[row, column] * np.mean(falls))


def test_where_there_is_no_ink_nothing_speaks(params, image):
    assert not evidence(NETWORK, params, image, 2).reshape(28, 28)[:9, :7].any()
    assert not evidence(NETWORK, params, np.zeros(784), 2).any()


def test_ink_that_the_answer_has_weights_for_speaks_for_it_and_against_the_others(rng):
    network = Network((784, 10))
    params = random_params(network, rng)
    params.flat[:] = 0
    params.layers[0].weights[:392, 4] = 1
    params.layers[0].weights[392:, 5] = 1
    spoke = evidence(network, params, np.full(784, 0.5), 4).reshape(28, 28)
    assert (spoke[:12] > 0).all()
    assert (spoke[16:] < 0).all()


@pytest.mark.parametrize("top", [0, 30, 5000])
def test_log_odds_neither_overflow_nor_saturate(top):
    logits = np.float32([[top, 0, 0, 0], [0, top, 0, 0]])
    np.testing.assert_allclose(log_odds(logits, 0)[0], top - np.log(3), rtol=1e-6)
    others = np.logaddexp(np.log(2), top)
    np.testing.assert_allclose(log_odds(logits, 0)[1], -others, rtol=1e-6)

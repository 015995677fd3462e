import numpy as np
import pytest

from mnistnet.data.mnist import load_sample
from mnistnet.model_file import load_model
from mnistnet.nn.counterfactual import STEPS, counterfactual
from mnistnet.nn.network import Network, forward
from mnistnet.places import shipped
from tests.nn.networks import random_params

TEST = load_sample().test


def answer_of(network, params, image):
    return int(forward(network, params, image[None])[0][0].argmax())


def runner_up_of(network, params, image):
    return int(forward(network, params, image[None])[0][0].argsort()[-2])


def random_network(activation, *, hidden=(20, 15)):
    network = Network((784, *hidden, 10), activation)
    params = random_params(network, np.random.default_rng(3), dtype=np.float32)
    params.flat[:] *= 0.2
    return network, params


@pytest.fixture(scope="module")
def trained():
    model = load_model(shipped("mnist.npz"))
    return model.network, model.params


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sigmoid", "identity"])
def test_the_changed_picture_is_a_picture_that_the_network_answers_so(activation):
    network, params = random_network(activation)
    for image in TEST.images[:5]:
        wanted = runner_up_of(network, params, image)
        before = image.copy()
        found = counterfactual(network, params, image, wanted)
        assert found.reached
        assert 0 < found.steps <= STEPS
        assert 0 <= found.image.min() <= found.image.max() <= 1
        assert found.image.dtype == np.float32
        assert answer_of(network, params, found.image) == wanted
        assert (image == before).all()


def test_the_trained_network_is_turned_with_half_the_ink_that_mixing_in_a_digit_of_that_class_takes(trained):
    shares = []
    for image in TEST.images[:12]:
        wanted = runner_up_of(*trained, image)
        found = counterfactual(*trained, image, wanted)
        assert answer_of(*trained, found.image) == wanted
        others = TEST.images[TEST.labels == wanted][:20]
        mixes = np.concatenate([image + share * (others - image) for share in np.linspace(0, 1, 21, dtype=np.float32)])
        won = mixes[forward(*trained, mixes)[0].argmax(axis=1) == wanted]
        shares.append(np.abs(found.image - image).sum() / np.abs(won - image).sum(axis=1).min())
    assert np.median(shares) < 0.6


def test_a_linear_network_is_turned_just_beyond_its_boundary():
    network, params = random_network("identity", hidden=())
    image = np.full(784, 0.5, np.float32)  # far from paper and ink: no pixel is held back
    logits = forward(network, params, image[None])[0]
    margins = []
    for wanted in set(range(10)) - {answer_of(network, params, image)}:
        changed = forward(network, params, counterfactual(network, params, image, wanted).image[None])[0]
        margins.append((changed[0, wanted] - np.delete(changed, wanted).max()) / (logits.max() - logits[0, wanted]))
    assert min(margins) > 0
    assert max(margins) < 0.05  # of the way there


def test_the_change_is_smooth_where_the_gradient_is_noise():
    network, params = random_network("identity", hidden=())
    image = np.full(784, 0.5, np.float32)
    change = (counterfactual(network, params, image, 3).image - image).reshape(28, 28)
    weights = params.layers[0].weights[:, 3].reshape(28, 28)
    of_weights, of_change = (
        np.corrcoef(square[:, 1:].ravel(), square[:, :-1].ravel())[0, 1] for square in (weights, change)
    )
    assert abs(of_weights) < 0.1
    assert of_change > 0.4


def test_ink_is_added_where_it_speaks_for_the_class_and_taken_away_where_it_speaks_against():
    network, params = random_network("identity", hidden=())
    params.flat[:] = 0
    weights = params.layers[0].weights.reshape(28, 28, 10)
    weights[4:9, 4:9, 6], weights[18:24, 18:24, 6] = 1, -1
    params.layers[0].bias[6] = 2
    image = np.zeros((28, 28), np.float32)
    image[15:26, 15:26] = 1
    change = counterfactual(network, params, image.ravel(), 6).image.reshape(28, 28) - image
    assert change[4:9, 4:9].min() > 0
    assert change[18:24, 18:24].max() < 0
    assert not np.delete(change, np.r_[4:9, 16:26], axis=0).any()  # but for two pixels around that have ink to take


def test_what_wins_already_needs_no_change():
    network, params = random_network("relu")
    image = TEST.images[0]
    found = counterfactual(network, params, image, answer_of(network, params, image))
    assert (found.reached, found.steps) == (True, 0)
    assert (found.image == image).all()


def test_what_no_picture_brings_about_is_not_reached():
    network, params = random_network("relu")
    params.flat[:] = 0
    params.layers[-1].bias[:] = np.arange(10)
    found = counterfactual(network, params, TEST.images[0], 8)
    assert (found.reached, found.steps) == (False, STEPS)
    assert (found.image == TEST.images[0]).all()
    params.layers[-1].weights[:, 8] = -1  # and one whose way leads nowhere
    params.layers[0].bias[:] = 1
    assert not counterfactual(network, params, TEST.images[0], 8, steps=3).reached

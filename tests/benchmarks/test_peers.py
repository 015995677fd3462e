"""The doubles do the same work as mnistnet, and the recipes learn. PyTorch is imported within tests: it is slow."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from benchmarks.ours import CASES, Case, our_epochs

from mnistnet.arrays import CLASSES, Floats
from mnistnet.data.mnist import Examples, load_sample
from mnistnet.nn.network import Params, initial_params
from mnistnet.nn.optimizers import OPTIMIZERS, Adam, Optimizer
from mnistnet.training.batches import Batch
from mnistnet.training.settings import Settings
from mnistnet.training.state import new_state
from mnistnet.training.trainer import train_step

if TYPE_CHECKING:
    from benchmarks.time_to import Learn

pytestmark = pytest.mark.slow
LEARNING = load_sample().learning
TRAIN, VALIDATION = (
    Examples(LEARNING.images[part], LEARNING.labels[part]) for part in (slice(3000), slice(3000, None))
)
STEPS = 5
cases = pytest.mark.parametrize("case", CASES[:2], ids=str)


@pytest.fixture(scope="module")
def peers() -> SimpleNamespace:
    """The modules, where the packages that they need are installed."""
    torch, _ = (pytest.importorskip(name, reason="the extra bench is not installed") for name in ("torch", "sklearn"))
    torch.set_num_threads(1)  # its threads wait for each other, and for whoever else tests on this machine
    from benchmarks import pytorch, scikit_learn

    return SimpleNamespace(torch=torch, pytorch=pytorch, scikit_learn=scikit_learn)


@pytest.fixture(params=["mnistnet", "Keras", "scikit-learn"])
def learn(request: pytest.FixtureRequest, peers: SimpleNamespace) -> "Learn":
    """A training by a recipe."""
    recipes: dict[str, Learn] = {
        "mnistnet": partial(our_epochs, settings=Settings()),
        "Keras": peers.pytorch.keras_mnist_mlp,
        "scikit-learn": peers.scikit_learn.sklearn_mlp_adam,
    }
    return recipes[request.param]


def batches(case: Case) -> Iterator[Examples]:
    """The first few of TRAIN."""
    for start in range(0, STEPS * case.batch, case.batch):
        rows = slice(start, start + case.batch)
        yield Examples(TRAIN.images[rows], TRAIN.labels[rows])


class AdamOfScikitLearn(Adam):
    """Adds its epsilon before the mean square is freed of its start at 0, as Kingma & Ba 2015 also propose."""

    @property
    def epsilon(self) -> float:
        """The same as one that is added after it."""
        return 1e-8 / math.sqrt(1 - self.square_decay**self.steps)


def trained(
    case: Case, initial: Sequence[Floats], optimizers: Mapping[str, type[Optimizer]] = OPTIMIZERS
) -> Sequence[Floats]:
    """What mnistnet's steps over these batches make of weights and biases, layer by layer."""
    settings = case.settings()
    state = new_state(settings.network(), settings, TRAIN, rng=np.random.default_rng(0))
    state.params.flat[:] = np.concatenate([array.ravel() for array in initial])
    state.optimizer = optimizers[case.optimizer](state.params)
    for images, labels in batches(case):
        train_step(state, Batch(images, labels, None), settings, learning_rate=settings.peak_rate)
    return arrays_of(state.params)


def arrays_of(params: Params) -> Sequence[Floats]:
    """Weights and biases, layer by layer."""
    return [array for layer in params.layers for array in (layer.weights, layer.bias) if array is not None]


def require_same(ours: Sequence[Floats], theirs: Sequence[Floats], initial: Sequence[Floats]) -> None:
    """Fail unless all changed, and to the same but for rounding."""
    for our, their, before in zip(ours, theirs, initial, strict=True):
        assert np.abs(our - before).max() > 1e-3
        np.testing.assert_allclose(their, our, rtol=0, atol=1e-4)


@cases
@pytest.mark.parametrize("fused", [None, True])
def test_pytorch_takes_the_same_steps(peers: SimpleNamespace, case: Case, fused: bool | None) -> None:
    torch, pytorch = peers.torch, peers.pytorch
    initial = initial_params(case.settings().network(), rng=np.random.default_rng(0))
    network = pytorch.torch_network(case.hidden)
    pytorch.copy_params(initial, network)
    optimizer = pytorch.torch_optimizer(case, network, fused=fused)
    images, labels = torch.from_numpy(TRAIN.images), torch.from_numpy(TRAIN.labels)
    for rows in torch.arange(STEPS * case.batch).split(case.batch):
        pytorch.torch_step(network, optimizer, images, labels, rows)
    theirs = [array.detach().numpy().T for array in network.parameters()]
    require_same(trained(case, arrays_of(initial)), theirs, arrays_of(initial))


@cases
def test_scikit_learn_takes_the_same_steps(peers: SimpleNamespace, case: Case) -> None:
    initial = sklearn_arrays(peers.scikit_learn.sklearn_network(case).set_params(learning_rate_init=1e-30), case)
    theirs = sklearn_arrays(peers.scikit_learn.sklearn_network(case), case)
    require_same(trained(case, initial, OPTIMIZERS | {"adam": AdamOfScikitLearn}), theirs, initial)


def sklearn_arrays(network: Any, case: Case) -> Sequence[Floats]:
    """Weights and biases of an MLPClassifier, layer by layer, after its steps over these batches."""
    for images, labels in batches(case):
        network.partial_fit(images, labels, classes=np.arange(CLASSES))
    return [array for layer in zip(network.coefs_, network.intercepts_, strict=True) for array in layer]


def test_an_epoch_has_every_image_once_and_the_next_another_order(peers: SimpleNamespace) -> None:
    batches: Iterator[list[int]] = (rows.tolist() for rows in peers.pytorch.batches_without_end(100, 30))
    one, other = ([row for rows in islice(batches, 4) for row in rows] for _ in range(2))
    assert sorted(one) == sorted(other) == list(range(100))
    assert one != other


def test_a_recipe_learns_and_its_clock_goes_on(learn: "Learn") -> None:
    points = list(islice(learn(TRAIN, VALIDATION, seed=0), 8))
    assert points[-1].accuracy > 0.88
    assert all(before.seconds < after.seconds for before, after in pairwise(points))

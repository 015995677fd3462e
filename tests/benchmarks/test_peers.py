"""The doubles do the same work as mnistnet, and the recipes learn. PyTorch is imported within tests: it is slow."""

from collections.abc import Iterator
from functools import partial
from itertools import islice, pairwise
from types import ModuleType

import pytest
from benchmarks.curves import Learn
from benchmarks.ours import CASES, Case, Seconds, our_epochs, our_seconds

from mnistnet.data.mnist import Examples, load_sample
from mnistnet.nn.network import new_params
from mnistnet.training.recipes import Settings

pytestmark = pytest.mark.slow
LEARNING = load_sample().learning
TRAIN, VALIDATION = (
    Examples(LEARNING.images[part], LEARNING.labels[part]) for part in (slice(3000), slice(3000, None))
)


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    """The module, where the packages that it needs are installed."""
    torch, _ = (pytest.importorskip(name, reason="the extra bench is not installed") for name in ("torch", "sklearn"))
    torch.set_num_threads(1)  # its threads wait for each other, and for whoever else tests on this machine
    from benchmarks import peers

    return peers


@pytest.fixture(params=["mnistnet", "PyTorch", "PyTorch, fused", "scikit-learn"])
def seconds(request: pytest.FixtureRequest, peers: ModuleType) -> Seconds:
    """How long a contestant trains."""
    contestants: dict[str, Seconds] = {
        "mnistnet": our_seconds,
        "PyTorch": partial(peers.torch_seconds, fused=None),
        "PyTorch, fused": partial(peers.torch_seconds, fused=True),
        "scikit-learn": peers.sklearn_seconds,
    }
    return contestants[request.param]


@pytest.fixture(params=["mnistnet", "Keras", "scikit-learn"])
def learn(request: pytest.FixtureRequest, peers: ModuleType) -> Learn:
    """A training by a recipe."""
    recipes: dict[str, Learn] = {
        "mnistnet": partial(our_epochs, settings=Settings(), cores=1),
        "Keras": peers.keras_mnist_mlp,
        "scikit-learn": peers.sklearn_mlp_adam,
    }
    return recipes[request.param]


def test_the_networks_have_as_many_parameters(peers: ModuleType) -> None:
    for case in CASES:
        count = sum(parameters.numel() for parameters in peers.torch_network(case.hidden).parameters())
        assert count == new_params(case.settings().network()).flat.size


def test_an_epoch_has_every_image_once_and_the_next_another_order(peers: ModuleType) -> None:
    batches: Iterator[list[int]] = (rows.tolist() for rows in peers.batches_without_end(100, 30))
    one, other = ([row for rows in islice(batches, 4) for row in rows] for _ in range(2))
    assert sorted(one) == sorted(other) == list(range(100))
    assert one != other


@pytest.mark.parametrize("case", CASES[:2], ids=str)
def test_more_steps_take_longer(seconds: Seconds, case: Case) -> None:
    few, many = (min(seconds(case, TRAIN, steps=steps) for _ in range(3)) for steps in (1, 8))
    assert 0 < 2 * few < many


def test_a_recipe_learns_and_its_clock_goes_on(learn: Learn) -> None:
    points = list(islice(learn(TRAIN, VALIDATION, seed=0), 8))
    assert points[-1].accuracy > 0.88
    assert all(before.seconds < after.seconds for before, after in pairwise(points))

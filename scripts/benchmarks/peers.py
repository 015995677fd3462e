"""Peers: the same trainings in PyTorch and scikit-learn, each as fast as its plain use goes.

PyTorch runs eagerly: torch.compile needs a C++ compiler on the user's machine. Its images are gathered by index_select,
which on a CPU takes less than half the time of images[rows]; no DataLoader, and the loss is never looked at.
"""

import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.curves import Epochs, Point
from benchmarks.ours import LEARNING_RATES, Case
from mnistnet.arrays import CLASSES, SIDE
from mnistnet.data.mnist import Examples


def torch_network(hidden: tuple[int, ...], *, dropout: float = 0.0) -> nn.Sequential:
    """ReLU layers, then logits; dropout after each hidden layer."""
    sizes = (SIDE * SIDE, *hidden)
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        modules += [nn.Linear(inputs, outputs), nn.ReLU(), *[nn.Dropout(dropout)] * bool(dropout)]
    return nn.Sequential(*modules, nn.Linear(sizes[-1], CLASSES))


def torch_optimizer(case: Case, network: nn.Module, *, fused: bool | None) -> torch.optim.Optimizer:
    """fused is PyTorch's own argument; by default PyTorch updates one tensor after the other on a CPU."""
    rate, parameters = LEARNING_RATES[case.optimizer], network.parameters()
    if case.optimizer == "adam":
        return torch.optim.Adam(parameters, lr=rate, fused=fused)
    return torch.optim.SGD(parameters, lr=rate, momentum=0.9, fused=fused)


def torch_step(
    network: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor, rows: Tensor
) -> None:
    """One step of training on the images of these numbers."""
    optimizer.zero_grad(set_to_none=True)
    logits = network(images.index_select(0, rows))
    cross_entropy(logits, labels.index_select(0, rows)).backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def batches_without_end(count: int, size: int) -> Iterator[Tensor]:
    """One epoch after the other, each in a new random order."""
    while True:
        yield from torch.randperm(count).split(size)  # type: ignore[no-untyped-call]


def torch_seconds(case: Case, train: Examples, *, steps: int, fused: bool | None) -> float:
    """Seconds that so many steps take, after a first one; a new network each time."""
    images, labels = torch.from_numpy(train.images), torch.from_numpy(train.labels)
    network = torch_network(case.hidden)
    optimizer = torch_optimizer(case, network, fused=fused)
    batches = batches_without_end(len(labels), case.batch)
    torch_step(network, optimizer, images, labels, next(batches))
    began = time.perf_counter()
    for _ in range(steps):
        torch_step(network, optimizer, images, labels, next(batches))
    return time.perf_counter() - began


def sklearn_seconds(case: Case, train: Examples, *, steps: int) -> float:
    """Seconds that partial_fit takes, scikit-learn's own loop over one epoch, for an epoch of so many steps, after a
    first one; a new network each time."""
    count = min(steps * case.batch, len(train.labels))
    network = MLPClassifier(
        case.hidden,
        solver={"adam": "adam", "momentum": "sgd"}[case.optimizer],
        learning_rate_init=LEARNING_RATES[case.optimizer],
        momentum=0.9,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=case.batch,
        random_state=0,
    )
    network.partial_fit(train.images[: case.batch], train.labels[: case.batch], classes=np.arange(CLASSES))
    began = time.perf_counter()
    network.partial_fit(train.images[:count], train.labels[:count])
    return (time.perf_counter() - began) * steps * case.batch / count


def keras_mnist_mlp(train: Examples, validation: Examples, *, seed: int) -> Epochs:
    """The recipe of Keras's examples/mnist_mlp.py (keras-team/keras, releases up to 2.3) in PyTorch: 784-512-512-10,
    dropout 0.2, Keras's RMSprop and Glorot initialisation with their defaults, batch 128, 20 epochs."""
    torch.manual_seed(seed)
    images, labels = torch.from_numpy(train.images), torch.from_numpy(train.labels)
    network = torch_network((512, 512), dropout=0.2)
    for layer in network:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.RMSprop(network.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    seconds = 0.0
    for _ in range(20):
        network.train()
        began = time.perf_counter()
        for rows in torch.randperm(len(labels)).split(128):  # type: ignore[no-untyped-call]
            torch_step(network, optimizer, images, labels, rows)
        seconds += time.perf_counter() - began
        yield Point(seconds, torch_accuracy(network, validation))


def torch_accuracy(network: nn.Module, validation: Examples) -> float:
    """Share of the images that are read right, without dropout."""
    network.eval()
    with torch.inference_mode():
        answers = network(torch.from_numpy(validation.images)).argmax(dim=1)
    return float((answers.numpy() == validation.labels).mean())


def sklearn_mlp_adam(train: Examples, validation: Examples, *, seed: int) -> Epochs:
    """The recipe MLP-adam of scikit-learn's benchmarks/bench_mnist.py: 784-100-100-10, Adam at 0.001, L2 penalty 1e-4,
    batch 200 (what its "auto" means), at most 400 epochs. Its rule to stop when the loss stands still is left out."""
    network = MLPClassifier(
        (100, 100),
        solver="adam",
        learning_rate_init=0.001,
        alpha=1e-4,
        random_state=np.random.RandomState(seed),  # a number would give each epoch the same order
    )
    seconds = 0.0
    for _ in range(400):
        began = time.perf_counter()
        network.partial_fit(train.images, train.labels, classes=np.arange(CLASSES))
        seconds += time.perf_counter() - began
        yield Point(seconds, float(network.score(validation.images, validation.labels)))

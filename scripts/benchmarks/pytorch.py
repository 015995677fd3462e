"""PyTorch: the same network and trainings there, as fast as its plain use goes.

It runs eagerly: torch.compile needs a C++ compiler on the user's machine. Images are gathered by index_select, which on
a CPU takes less than half the time of images[rows]; no DataLoader, and the loss is never looked at.
"""

import time
from collections.abc import Iterator
from itertools import islice, pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.ours import LEARNING_RATES, Case, Point
from mnistnet.arrays import CLASSES, SIDE
from mnistnet.data.mnist import Examples
from mnistnet.nn.network import Params


def torch_network(hidden: tuple[int, ...], *, dropout: float = 0.0) -> nn.Sequential:
    """ReLU layers, then logits; dropout after each hidden layer."""
    sizes = (SIDE * SIDE, *hidden)
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        modules += [nn.Linear(inputs, outputs), nn.ReLU(), *[nn.Dropout(dropout)] * bool(dropout)]
    return nn.Sequential(*modules, nn.Linear(sizes[-1], CLASSES))


def linear_layers(network: nn.Sequential) -> list[nn.Linear]:
    """Those that have parameters."""
    return [module for module in network if isinstance(module, nn.Linear)]


def copy_params(params: Params, network: nn.Sequential) -> None:
    """Give network mnistnet's parameters, in place."""
    with torch.no_grad():
        for module, layer in zip(linear_layers(network), params.layers, strict=True):
            module.weight.copy_(torch.from_numpy(layer.weights.T))
            module.bias.copy_(torch.from_numpy(layer.bias))


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


def torch_rate(case: Case, train: Examples, *, steps: int, fused: bool | None) -> float:
    """Of a new network."""
    images, labels = torch.from_numpy(train.images), torch.from_numpy(train.labels)
    network = torch_network(case.hidden)
    optimizer = torch_optimizer(case, network, fused=fused)
    batches = batches_without_end(len(labels), case.batch)
    torch_step(network, optimizer, images, labels, next(batches))
    seen, began = 0, time.perf_counter()
    for rows in islice(batches, steps):
        torch_step(network, optimizer, images, labels, rows)
        seen += len(rows)
    return seen / (time.perf_counter() - began)


def keras_mnist_mlp(train: Examples, validation: Examples, *, seed: int) -> Iterator[Point]:
    """The recipe of Keras's examples/mnist_mlp.py (keras-team/keras, releases up to 2.3) in PyTorch: 784-512-512-10,
    dropout 0.2, Keras's RMSprop and Glorot initialisation with their defaults, batch 128, 20 epochs."""
    torch.manual_seed(seed)
    images, labels = torch.from_numpy(train.images), torch.from_numpy(train.labels)
    network = torch_network((512, 512), dropout=0.2)
    for layer in linear_layers(network):
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

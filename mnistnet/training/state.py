"""State: all that training changes, as plain values, so that it can be looked at, saved and put back."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mnistnet.arrays import Floats, side_of
from mnistnet.data.mnist import Examples
from mnistnet.nn.batch_norm import Statistics
from mnistnet.nn.folding import Standardization, plain_network, standardization_of
from mnistnet.nn.network import Network, Params, initial_params, new_params
from mnistnet.nn.optimizers import OPTIMIZERS, Optimizer
from mnistnet.training.receptive_fields import receptive_fields
from mnistnet.training.settings import Settings
from mnistnet.training.watch import LayerWatch, StepWatch


class Epoch(NamedTuple):
    """What one pass over the training images came to; losses are means in the loss's own unit, those of training with
    smoothed labels and without penalties."""

    number: int
    loss: float
    validation_loss: float
    """NaN where nothing is kept aside."""
    validation_accuracy: float
    """The same, and where the targets are no classes."""
    learning_rate: float
    """Of the last step."""
    first_loss: float
    """Of the first batch."""
    worst_loss: float
    """Of the batch with the highest, and its step, counted from 1 over all epochs."""
    worst_step: int
    layers: tuple[LayerWatch, ...]
    """Empty where nothing was watched."""

    @property
    def score(self) -> float:
        """The higher, the better: the validation accuracy, or where there is none minus the validation loss."""
        return -self.validation_loss if math.isnan(self.validation_accuracy) else self.validation_accuracy

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values; null for NaN."""
        numbers = {name: None if value != value else value for name, value in self._asdict().items()}
        return numbers | {"layers": [layer._asdict() for layer in self.layers]}

    def is_better(self, other: "Epoch") -> bool:
        """Whether this later epoch is to be preferred; it is where nothing is kept aside to tell."""
        return not self.score <= other.score


@dataclass
class EpochSoFar:
    """The epoch that is under way."""

    generator: Mapping[str, Any]
    """The random generator's state when it began: from this its order is drawn again."""
    batches: int = 0
    """How many are done."""
    examples: int = 0
    total: float = 0.0
    """Sum of the loss over these examples."""
    first_loss: float = 0.0
    worst_loss: float = 0.0
    worst_step: int = 0
    layers: list[StepWatch] = field(default_factory=list)
    """What the watched step did in each."""

    def add(self, loss: float, *, examples: int, step: int) -> None:
        """Take in a batch: its mean loss, its number of examples, and its step, counted from 0."""
        if self.batches == 0:
            self.first_loss = loss
        if self.batches == 0 or loss > self.worst_loss:
            self.worst_loss, self.worst_step = loss, step + 1
        self.batches += 1
        self.examples += examples
        self.total += loss * examples


@dataclass
class State:
    """A network in training."""

    network: Network
    params: Params
    optimizer: Optimizer
    statistics: list[Statistics]
    """Running ones, one a batch-normalised layer."""
    average: Floats | None
    """Running average of params.flat."""
    standardization: Standardization
    connections: Floats | None
    """(inputs, units) 1 where a unit of the first layer sees an input, else 0; None where all see all."""
    rng: np.random.Generator
    epoch: EpochSoFar
    epochs: list[Epoch] = field(default_factory=list)
    """Those done."""
    best: Epoch | None = None
    best_params: Params | None = None
    """Of the plain network, after the best epoch."""


def new_state(network: Network, settings: Settings, train: Examples, *, rng: np.random.Generator) -> State:
    """A new network, about to be trained on train."""
    params = initial_params(network, rng=rng, initializer=settings.initializer)
    connections = None
    if settings.receptive_field:
        side = side_of(train.images)
        if network.sizes[0] != side * side:
            raise ValueError(f"a receptive_field is one of square pictures, got {network.sizes[0]} inputs")
        fields = receptive_fields(network.sizes[1], settings.receptive_field, of=side, rng=rng)
        np.multiply(params.layers[0].weights, fields, out=params.layers[0].weights)
        connections = (fields != 0).astype(np.float32)
    optimizer = OPTIMIZERS[settings.optimizer](params, momentum=settings.momentum, square_decay=settings.square_decay)
    units = network.sizes[1:-1] if network.batch_norm else ()
    return State(
        network=network,
        params=params,
        optimizer=optimizer,
        statistics=[Statistics(np.zeros(count, np.float32), np.ones(count, np.float32)) for count in units],
        average=params.flat.copy() if settings.average else None,
        standardization=standardization_of(train.images) if settings.standardize else Standardization(),
        connections=connections,
        rng=rng,
        epoch=EpochSoFar(rng.bit_generator.state),
    )


def present_network(state: State) -> tuple[Network, Params]:
    """The network as it is now, ready for use: the running average where there is one, folded into plain layers."""
    params = state.params if state.average is None else copied(state.network, state.average)
    return plain_network(state.network, params, state.statistics, state.standardization)


def copied(network: Network, flat: Floats) -> Params:
    """Parameters of their own, with the values of flat."""
    params = new_params(network, dtype=flat.dtype)
    params.flat[:] = flat
    return params


def halved(network: Network, params: Params) -> Params:
    """Parameters rounded to half precision; the same where one is too large for it."""
    if np.abs(params.flat).max() > np.finfo(np.float16).max:
        return params
    return copied(network, params.flat.astype(np.float16).astype(np.float32))


def best_network(state: State) -> tuple[Network, Params]:
    """The network after its best epoch, or as it is now where none is known."""
    network, params = present_network(state)
    return network, state.best_params or params

"""Trainer: fits a network's parameters to examples, an epoch at a time."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import Labels
from mnistnet.data.mnist import Examples
from mnistnet.errors import TrainingError
from mnistnet.nn.losses import softmax_cross_entropy
from mnistnet.nn.network import Network, Params, backward, forward
from mnistnet.nn.optimizers import OPTIMIZERS, Optimizer
from mnistnet.nn.schedules import cosine
from mnistnet.training.recipes import Settings


class Epoch(NamedTuple):
    """What one pass over the training images came to; losses are means in nats, the training's of smoothed labels."""

    number: int
    loss: float
    validation_loss: float
    validation_accuracy: float


def fit(
    network: Network,
    params: Params,
    train: Examples,
    validation: Examples,
    settings: Settings,
    *,
    rng: np.random.Generator,
    on_batch: Callable[[int, float], None] | None = None,
) -> Iterator[Epoch]:
    """Train params in place and yield each epoch when it is done; stop by leaving the loop.

    on_batch is told after every batch how many images it had and its mean loss.
    Raises TrainingError when the loss is no longer a finite number.
    """
    optimizer = OPTIMIZERS[settings.optimizer](params)
    steps = settings.epochs * math.ceil(len(train.labels) / settings.batch_size)
    step = 0
    for number in range(1, settings.epochs + 1):
        total = 0.0
        for batch in batches(len(train.labels), settings.batch_size, rng=rng):
            rate = cosine(step, steps=steps, peak=settings.peak_rate, warmup=round(settings.warmup * steps))
            examples = Examples(train.images[batch], train.labels[batch])
            loss = train_step(
                network, params, optimizer, examples, learning_rate=rate, label_smoothing=settings.label_smoothing
            )
            require_finite(loss, number, settings)
            total += loss * len(batch)
            step += 1
            if on_batch:
                on_batch(len(batch), loss)
        validation_loss, validation_accuracy = evaluate(params, validation)
        require_finite(validation_loss, number, settings)
        yield Epoch(number, total / len(train.labels), validation_loss, validation_accuracy)


def require_finite(loss: float, epoch: int, settings: Settings) -> None:
    """Raise TrainingError unless the loss is a finite number."""
    if not math.isfinite(loss):
        lower = min(settings.peak_rate / 10, OPTIMIZERS[settings.optimizer].usual_learning_rate)
        raise TrainingError(
            f"the loss became {loss} in epoch {epoch} of {settings.epochs}; the usual cause is a learning rate that is "
            f"too high: it was {settings.peak_rate:g}, try --learning-rate {lower:g}"
        )


def batches(count: int, batch_size: int, *, rng: np.random.Generator) -> Iterator[Labels]:
    """The numbers 0 to count - 1 in random order, each once, batch_size at a time; the last batch may be short."""
    order = rng.permutation(count)
    for start in range(0, count, batch_size):
        yield order[start : start + batch_size]


def train_step(
    network: Network,
    params: Params,
    optimizer: Optimizer,
    batch: Examples,
    *,
    learning_rate: float,
    label_smoothing: float,
) -> float:
    """One step down the gradient of one batch; changes params in place and returns the loss before the step."""
    with np.errstate(over="ignore", invalid="ignore"):  # fit looks at the loss, and says so in words
        logits, tape = forward(params, batch.images)
        loss, grad = softmax_cross_entropy(logits, batch.labels, label_smoothing=label_smoothing)
        optimizer.step(params, backward(network, params, tape, grad), learning_rate=learning_rate)
    return loss


def evaluate(params: Params, examples: Examples) -> tuple[float, float]:
    """The mean loss, in nats, and the accuracy on examples."""
    with np.errstate(over="ignore", invalid="ignore"):
        logits, _ = forward(params, examples.images)
        loss, _ = softmax_cross_entropy(logits, examples.labels)
    return loss, float((logits.argmax(axis=1) == examples.labels).mean())

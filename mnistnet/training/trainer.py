"""Trainer: fits a network to examples, an epoch at a time."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from mnistnet.arrays import Floats, Labels
from mnistnet.data.mnist import Examples
from mnistnet.errors import TrainingError
from mnistnet.nn.activations import OUTPUTS
from mnistnet.nn.losses import network_loss
from mnistnet.nn.network import Params, Tape, backward, forward
from mnistnet.nn.optimizers import OPTIMIZERS, decay_weights
from mnistnet.nn.regularizers import add_penalty_gradient, clip_norm, move_average
from mnistnet.nn.workspace import NEW_ARRAYS, Workspace
from mnistnet.training.batches import Batch, batches
from mnistnet.training.settings import Settings
from mnistnet.training.state import Epoch, EpochSoFar, State, copied, present_network
from mnistnet.training.watch import watch_layers, watch_step

WATCHED_BY = 5_000
STATISTICS_SHARE = 0.1
"""How far a whole batch moves batch normalisation's running statistics, where the weights are not averaged."""


def fit(
    state: State,
    train: Examples,
    validation: Examples,
    settings: Settings,
    *,
    ahead: bool = False,
    on_batch: Callable[[int, float], None] | None = None,
    before_batch: Callable[[State], None] | None = None,
) -> Iterator[Epoch]:
    """Train state in place and yield each epoch when it is done; stop by leaving the loop.

    ahead: make each batch ready in the background, which pays where a processor core is free for it. on_batch is told
    after every batch how many examples it had and its mean loss. before_batch gets the state before every batch: saved
    there and put back, it goes on to the same bits. Raises TrainingError when the loss is no longer a finite number.
    """
    settings = replace(settings, batch_size=min(settings.batch_size, max(2, len(train.labels))))  # no batch has more
    steps, space = settings.epochs * math.ceil(len(train.labels) / settings.batch_size), Workspace()
    while not is_finished(state, settings):
        for batch in batches(state, train, settings, ahead=ahead):
            if before_batch:
                before_batch(state)
            step = state.optimizer.steps
            rate = settings.rate(step, steps=steps)
            loss = train_step(state, batch, settings, learning_rate=rate, space=space)
            require_finite(loss, step, settings)
            state.epoch.add(loss, examples=len(batch.labels), step=step)
            if on_batch:
                on_batch(len(batch.labels), loss)
        yield finished_epoch(state, train, validation, settings, learning_rate=rate)


def train_step(
    state: State, batch: Batch, settings: Settings, *, learning_rate: float, space: Workspace = NEW_ARRAYS
) -> float:
    """One step down the gradient of one batch; changes state in place and returns the loss before the step."""
    with np.errstate(over="ignore", invalid="ignore"):  # fit looks at the loss, and says so in words
        loss, gradient, tape = batch_gradient(state, batch, settings, space=space)
        take_step = partial(apply_gradient, state, gradient, settings, learning_rate=learning_rate)
        if batch.watch:
            state.epoch.layers = watch_step(take_step, state.params, gradient)
        else:
            take_step()
        share = statistics_share(state, settings) * len(batch.labels) / settings.batch_size
        merge_statistics(state, tape, share=share)
    return loss


def batch_gradient(state: State, batch: Batch, settings: Settings, *, space: Workspace) -> tuple[float, Params, Tape]:
    """The loss of a batch, its gradient, and the tape; the last two may lie in space."""
    network, params, masks = state.network, state.params, batch.masks
    logits, tape = forward(network, params, batch.inputs, masks=masks, space=space)
    loss, grad = network_loss(
        settings.loss, network.output, logits, batch.labels, label_smoothing=settings.label_smoothing
    )
    gradient = backward(network, params, tape, grad, masks=masks, space=space)
    if state.connections is not None:
        np.multiply(gradient.layers[0].weights, state.connections, out=gradient.layers[0].weights)
    return loss, gradient, tape


def apply_gradient(state: State, gradient: Params, settings: Settings, *, learning_rate: float) -> None:
    """Take the step down gradient, penalties included; changes state in place and overwrites gradient."""
    add_penalty_gradient(gradient, state.params, l1=settings.l1, l2=settings.l2)
    if settings.clip_norm:
        clip_norm(gradient, limit=settings.clip_norm)
    if settings.decay:
        decay_weights(state.params, share=learning_rate * settings.decay)
    state.optimizer.step(state.params, gradient, learning_rate=learning_rate)
    if state.average is not None:
        share = average_share(state, settings.average)
        move_average(state.average, state.params.flat, share=share, scratch=gradient.flat)


def average_share(state: State, kept: float) -> float:
    """How far a step moves an average that keeps so much: further while it is young, to forget its random start."""
    steps = state.optimizer.steps
    return 1 - min(kept, (1 + steps) / (10 + steps))


def statistics_share(state: State, settings: Settings) -> float:
    """How far a whole batch moves the running statistics: as far as the weights' average, to belong to it."""
    share = average_share(state, settings.average) if settings.average else STATISTICS_SHARE
    return max(share, 1 / state.optimizer.steps)


def merge_statistics(state: State, tape: Tape, *, share: float) -> None:
    """Move the running statistics of batch normalisation towards those of the tape's batch."""
    for running, layer in zip(state.statistics, tape, strict=False):  # the last layer has none
        if layer.statistics:
            move_average(running.mean, layer.statistics.mean, share=share)
            move_average(running.variance, layer.statistics.variance, share=share)


def finished_epoch(
    state: State, train: Examples, validation: Examples, settings: Settings, *, learning_rate: float
) -> Epoch:
    """Close the epoch that is under way: measure the present network on validation, and keep it if it is the best.

    Where nothing is kept aside some training images serve to watch the layers by, where nothing is watched a batch of
    them to see that all is finite, and the last epoch counts as best.
    """
    now = state.epoch
    network, params = present_network(state)
    kept_aside = len(validation.labels) > 0
    some = slice(WATCHED_BY if now.layers else settings.batch_size)
    images, labels = validation if kept_aside else (train.images[some], train.labels[some])
    with np.errstate(over="ignore", invalid="ignore"):
        logits, tape = forward(network, params, images)
        loss, _ = network_loss(settings.loss, network.output, logits, labels)
        for number in (loss, float(np.abs(logits).max()), float(np.abs(params.flat).max())):
            require_finite(number, state.optimizer.steps - 1, settings)
    epoch = Epoch(
        number=len(state.epochs) + 1,
        loss=now.total / now.examples,
        validation_loss=loss if kept_aside else math.nan,
        validation_accuracy=accuracy(network.output, logits, labels) if kept_aside else math.nan,
        learning_rate=learning_rate,
        first_loss=now.first_loss,
        worst_loss=now.worst_loss,
        worst_step=now.worst_step,
        layers=watch_layers(now.layers, network, tape) if now.layers else (),
    )
    if state.best is None or epoch.is_better(state.best):
        state.best, state.best_params = epoch, copied(network, params.flat)
    state.epochs.append(epoch)
    state.epoch = EpochSoFar(state.rng.bit_generator.state)
    return epoch


def is_finished(state: State, settings: Settings) -> bool:
    """Whether all epochs are done, or as many as patience allows have not been better than the best."""
    out_of_patience = state.best and settings.patience and len(state.epochs) - state.best.number >= settings.patience
    return len(state.epochs) >= settings.epochs or bool(out_of_patience)


def accuracy(output: str, logits: Floats, labels: Labels) -> float:
    """Share of labels (n,) that logits (n, outputs) hit: by the highest of several, or by a single output above 0.5.

    NaN where labels are (n, outputs) numbers to come near to.
    """
    if labels.ndim == 2:
        return math.nan
    if logits.shape[1] == 1:
        return float(((OUTPUTS[output].function(logits)[:, 0] > 0.5) == labels).mean())
    return float((logits.argmax(axis=1) == labels).mean())


def require_finite(loss: float, step: int, settings: Settings) -> None:
    """Raise TrainingError unless the loss is a finite number."""
    if not math.isfinite(loss):
        lower = min(settings.peak_rate / 10, OPTIMIZERS[settings.optimizer].usual_learning_rate)
        penalties = " or smaller penalties" if settings.l1 or settings.l2 or settings.decay else ""
        raise TrainingError(
            f"loss exploded at step {step + 1}: it became {loss}; the usual cause is a learning rate that is too high: "
            f"it was {settings.peak_rate:g}, try --learning-rate {lower:g}{penalties}"
        )

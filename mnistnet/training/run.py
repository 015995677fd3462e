"""Run: one training, from its epochs to a tested model."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Dataset, split
from mnistnet.evaluation.metrics import confusion_matrix
from mnistnet.model_file import Model, Provenance
from mnistnet.nn.network import Network, Params, initial_params, probabilities
from mnistnet.training.environment import versions
from mnistnet.training.recipes import Settings
from mnistnet.training.trainer import Epoch, fit


class Outcome(NamedTuple):
    """How training ended; best_epoch is 0 where it was stopped within the first epoch."""

    epochs: list[Epoch]
    best_epoch: int
    partial: bool


class Training(NamedTuple):
    """A trained network, not tested yet."""

    network: Network
    params: Params
    settings: Settings
    outcome: Outcome


def keep_best(epochs: Iterable[Epoch], params: Params, *, on_epoch: Callable[[Epoch], None] | None = None) -> Outcome:
    """Run through the epochs of fit and leave params as they were after the one most accurate on validation.

    Ctrl-C ends it early: partial, with the best parameters so far, or the present ones within the first epoch.
    """
    done: list[Epoch] = []
    best: tuple[Epoch, Floats] | None = None
    partial = False
    try:
        for epoch in epochs:
            done.append(epoch)
            if best is None or epoch.validation_accuracy > best[0].validation_accuracy:
                best = epoch, params.flat.copy()
            if on_epoch:
                on_epoch(epoch)
    except KeyboardInterrupt:
        partial = True
    if best:
        params.flat[:] = best[1]
    return Outcome(done, best[0].number if best else 0, partial)


def train_network(
    dataset: Dataset,
    settings: Settings,
    *,
    on_batch: Callable[[int, float], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Training:
    """Train a new network on dataset.learning, of which a part is kept aside for validation.

    on_batch is as in fit, on_epoch is told each epoch when it is done. Ctrl-C ends it early, see keep_best.
    """
    rng = np.random.default_rng(settings.seed)
    train, validation = split(
        dataset.learning, validation=settings.validation_images(len(dataset.learning.labels)), rng=rng
    )
    network = settings.network()
    params = initial_params(network, rng=rng)
    epochs = fit(network, params, train, validation, settings, rng=rng, on_batch=on_batch)
    outcome = keep_best(epochs, params, on_epoch=on_epoch)
    finished = len(outcome.epochs) == settings.epochs  # Ctrl-C just after the last epoch stopped nothing
    return Training(network, params, settings, outcome._replace(partial=not finished))


def tested_model(training: Training, dataset: Dataset) -> tuple[Model, Floats]:
    """Read the test images, once: the model with its provenance, and its probabilities (n, classes) for them."""
    network, params, settings, outcome = training
    answers = probabilities(params, dataset.test.images)
    validation_images = settings.validation_images(len(dataset.learning.labels))
    provenance = Provenance(
        dataset=dataset.name,
        notice=dataset.notice,
        partial=outcome.partial,
        settings=asdict(settings) | {"hidden": list(settings.hidden), "learning_rate": settings.peak_rate},
        data_sha256=dataset.sha256,
        train_images=len(dataset.learning.labels) - validation_images,
        validation_images=validation_images,
        epochs=[epoch._asdict() for epoch in outcome.epochs],
        best_epoch=outcome.best_epoch,
        confusion=confusion_matrix(dataset.test.labels, answers.argmax(axis=1)).tolist(),
        versions=versions(),
    )
    return Model(network, params, provenance), answers

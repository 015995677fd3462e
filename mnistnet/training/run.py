"""Run: one training, from its epochs to a tested model."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import NamedTuple

from mnistnet.arrays import Floats
from mnistnet.data.mnist import Dataset
from mnistnet.evaluation.metrics import confusion_matrix
from mnistnet.model_file import Model, Provenance
from mnistnet.nn.network import Network, Params, probabilities
from mnistnet.training.environment import versions
from mnistnet.training.recipes import Settings
from mnistnet.training.trainer import Epoch


class Outcome(NamedTuple):
    """How training ended; best_epoch is 0 where it was stopped within the first epoch."""

    epochs: list[Epoch]
    best_epoch: int
    partial: bool


def keep_best(epochs: Iterable[Epoch], params: Params, *, on_epoch: Callable[[Epoch], None]) -> Outcome:
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
            on_epoch(epoch)
    except KeyboardInterrupt:
        partial = True
    if best:
        params.flat[:] = best[1]
    return Outcome(done, best[0].number if best else 0, partial)


def test_model(
    network: Network, params: Params, dataset: Dataset, settings: Settings, outcome: Outcome, *, validation_images: int
) -> tuple[Model, Floats]:
    """Read the test images, once: the model with its provenance, and its probabilities (n, classes) for them."""
    answers = probabilities(params, dataset.test.images)
    provenance = Provenance(
        dataset=dataset.name,
        notice=dataset.notice,
        partial=outcome.partial,
        settings={**asdict(settings), "hidden": list(settings.hidden)},
        data_sha256=dataset.sha256,
        train_images=len(dataset.learning.labels) - validation_images,
        validation_images=validation_images,
        epochs=[epoch._asdict() for epoch in outcome.epochs],
        best_epoch=outcome.best_epoch,
        confusion=confusion_matrix(dataset.test.labels, answers.argmax(axis=1)).tolist(),
        versions=versions(),
    )
    return Model(network, params, provenance), answers

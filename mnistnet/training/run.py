"""Run: one training, from its epochs to a tested model."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mnistnet.data.mnist import Dataset, Examples, joined, split
from mnistnet.data.other_hands import other_hands
from mnistnet.evaluation.calibration import Judgement, judge, tested_calibration
from mnistnet.evaluation.metrics import confusion_matrix
from mnistnet.model_file import Model, Provenance
from mnistnet.nn.network import Network, Params
from mnistnet.training.augmentation import Warps, warped
from mnistnet.training.calibrating import calibrate
from mnistnet.training.diagnosis import diagnose
from mnistnet.training.environment import versions
from mnistnet.training.settings import Settings
from mnistnet.training.state import State, best_network, halved, new_state
from mnistnet.training.trainer import fit, is_finished

UNSEEN_WARPS = Warps(rotation=7, scale=0.075, shear=0.06, shift=0.75, field=0.5)
"""Half of STAND_IN_WARPS, to which only a network that learned from warped digits is used. Of two of PyTorch's, trained
without on all of MNIST, calibrated so, 12 of 8,647 and 9 of 9,167 sure answers to test images are wrong, with a
calibration error of 0.004 and 0.005; with a quarter 46 of 9,448 and 121 of 9,863."""
_STAND_INS = 10_000


class Training(NamedTuple):
    """A trained network, not tested yet."""

    state: State
    settings: Settings
    partial: bool
    """It was ended early by Ctrl-C."""
    learned: Examples
    aside: Examples
    """The validation examples."""


def train_network(
    dataset: Dataset,
    settings: Settings,
    *,
    ahead: bool = False,
    restore: Callable[[State], None] | None = None,
    before_batch: Callable[[State], None] | None = None,
    on_batch: Callable[[int, float], None] | None = None,
    on_epoch: Callable[[State], None] | None = None,
) -> Training:
    """Train a new network on dataset.learning, of which a part is kept aside for validation.

    restore may put a saved state back into the new one; ahead, before_batch and on_batch are as in fit, on_epoch gets
    the state after every epoch. Ctrl-C ends it early.
    """
    rng = np.random.default_rng(settings.seed)
    kept = settings.validation_images(len(dataset.learning.labels))
    train, validation = split(dataset.learning, validation=kept, rng=rng)
    train = with_other_hands(train, settings, rng=rng)
    network = settings.network(inputs=dataset.image_format.pixels, outputs=len(dataset.classes))
    state = new_state(network, settings, train, rng=rng)
    if restore:
        restore(state)
    try:
        for _ in fit(state, train, validation, settings, ahead=ahead, before_batch=before_batch, on_batch=on_batch):
            if on_epoch:
                on_epoch(state)
    except KeyboardInterrupt:
        pass  # what was learned so far is kept
    partial = not is_finished(state, settings)  # stopped after the end is not stopped
    return Training(state, settings, partial, learned=train, aside=validation)


def with_other_hands(train: Examples, settings: Settings, *, rng: np.random.Generator) -> Examples:
    """What is learned from: the training images and, where the settings ask for them, digits of other hands."""
    added = settings.other_examples(len(train.labels))
    return joined(train, other_hands(train, added, rng=rng)) if added else train


def tested_model(training: Training, dataset: Dataset) -> tuple[Model, Judgement]:
    """Calibrate it and read the test images, once: the model, and its answers to them."""
    state, settings, partial, learned, aside = training
    network, params = best_network(state)
    if settings.half_precision:
        params = halved(network, params)
    rng = np.random.default_rng(settings.seed)
    calibration = calibrate(network, params, learned=learned, aside=aside, digits=dataset.has_digits, rng=rng)
    judgement = judge(network, params, calibration, dataset.test.images)
    validation_images = settings.validation_images(len(dataset.learning.labels))
    predicted = judgement.probabilities.argmax(axis=1)
    provenance = Provenance(
        dataset=dataset.name,
        notice=dataset.notice,
        partial=partial,
        settings=settings.resolved(),
        data_sha256=dataset.sha256,
        train_images=len(dataset.learning.labels) - validation_images,
        validation_images=validation_images,
        standardization=list(state.standardization),
        epochs=[epoch.as_json() for epoch in state.epochs],
        best_epoch=state.best.number if state.best else 0,
        diagnoses=[diagnosis.text for diagnosis in diagnose(state.epochs, settings)],
        confusion=confusion_matrix(dataset.test.labels, predicted, classes=len(dataset.classes)).tolist(),
        versions=versions(),
    )
    tested = tested_calibration(calibration, judgement, dataset.test.labels)
    return Model(network, params, tested, provenance, dataset.image_format, dataset.classes), judgement


def adopted_model(
    network: Network, params: Params, dataset: Dataset, *, notice: str, rng: np.random.Generator
) -> tuple[Model, Judgement]:
    """A model of a plain network that was trained elsewhere, and its answers to the test images, which are read once.

    It may have learned from any of dataset.learning: these stand in, warped, for digits that it did not learn from. Its
    settings tell its layers alone.
    """
    images, labels = dataset.learning
    rows = rng.permutation(len(labels))[:_STAND_INS]
    aside = Examples(warped(images[rows], UNSEEN_WARPS, rng=rng), labels[rows])
    calibration = calibrate(network, params, learned=dataset.learning, aside=aside, rng=rng)
    judgement = judge(network, params, calibration, dataset.test.images)
    loss = "binary_cross_entropy" if network.output == "sigmoid" else "cross_entropy"
    provenance = Provenance(
        dataset=dataset.name,
        notice=notice,
        partial=False,
        settings=Settings(hidden=network.sizes[1:-1], activation=network.activation, loss=loss).resolved(),
        data_sha256=dataset.sha256,
        train_images=0,
        validation_images=0,
        standardization=[0.0, 1.0],
        epochs=[],
        best_epoch=0,
        diagnoses=[],
        confusion=confusion_matrix(dataset.test.labels, judgement.probabilities.argmax(axis=1)).tolist(),
        versions=versions(),
    )
    return Model(
        network, params, tested_calibration(calibration, judgement, dataset.test.labels), provenance
    ), judgement

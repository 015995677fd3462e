"""Teaching: a trained network learns a few pictures more, and goes on learning what it knew, lest it forget it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from mnistnet.arrays import Floats, Labels
from mnistnet.data.mnist import Dataset, Examples, joined, split
from mnistnet.evaluation.calibration import Judgement, judge, tested_calibration
from mnistnet.evaluation.metrics import confusion_matrix
from mnistnet.model_file import Model
from mnistnet.nn.losses import network_loss
from mnistnet.nn.network import Network, Params, forward, new_params
from mnistnet.training.calibrating import calibrate
from mnistnet.training.environment import versions
from mnistnet.training.recipes import WARPS
from mnistnet.training.run import with_other_hands
from mnistnet.training.settings import Settings
from mnistnet.training.state import best_network, halved, new_state
from mnistnet.training.trainer import fit

TEACHING = Settings(
    epochs=5,
    batch_size=256,
    optimizer="adam",
    learning_rate=0.0003,
    average=0.99,
    rotation=10.0,
    scale=0.12,
    shear=0.12,
    shift=1.0,
    elastic=0.7,
    validation=0.0,
    watch=False,
)
"""Old images are warped as the new ones are, whatever was done in training: where only the new ones were, errors on
other pictures of the same hands fell by 10 and 23 %, instead of 57 and 69 % (two sources, 20 splits each)."""
NEW_CLASSES_RATE = 0.001
OLD_IMAGES, NEW_IMAGES = 16_000, 4_000
"""In each epoch; where there are fewer, again and again, each time warped otherwise."""
FORGOTTEN, LEAST_FORGOTTEN = 0.001, 2
"""At most so much of the accuracy on old images that were kept aside may be lost, or of few so many."""
_KEPT_ASIDE = 5_000


class Lesson(NamedTuple):
    """What is learned, and what is looked at after every epoch."""

    new: Examples
    new_aside: Examples
    old: Examples
    old_aside: Examples


class Marks(NamedTuple):
    """How well a network does after an epoch."""

    epoch: int
    """0 before any."""
    new_loss: float
    """Mean loss of the new pictures that were kept aside, or where there are none of those learned."""
    new_wrong: int
    """Of these."""
    old_wrong: int
    """Of the old images that were kept aside."""
    remembers: bool
    """These are not too many."""


class Taught(NamedTuple):
    """A network that was taught."""

    network: Network
    params: Params
    marks: list[Marks]
    """Before, and after every epoch."""
    chosen: Marks
    """Those of the parameters."""


def make_lesson(model: Model, pictures: Dataset, old: Dataset) -> Lesson:
    """The pictures, and the data that the model learned from, of which the same are kept aside as in its training."""
    facts, count = model.provenance, len(old.learning.labels)
    kept = facts.validation_images if 0 < facts.validation_images < count else min(_KEPT_ASIDE, count // 6)
    learned, aside = split(old.learning, validation=kept, rng=np.random.default_rng(facts.settings["seed"]))
    return Lesson(pictures.learning, pictures.test, learned, aside)


def settings_for(model: Model, pictures: Dataset, *, seed: int) -> Settings:
    """How a model is taught: with the loss that it was trained with; further where it is to know new classes; what is
    no handwriting is not warped."""
    trained = Settings.from_json(model.provenance.settings)
    named: dict[str, Any] = {"loss": trained.loss, "other_hands": trained.other_hands, "seed": seed}
    if len(pictures.classes) > len(model.classes):
        named["learning_rate"] = NEW_CLASSES_RATE
    if not pictures.has_strokes:
        named |= dict.fromkeys(WARPS, 0.0)
    return TEACHING.changed(named | {"output_activation": model.network.output})


def widened(network: Network, params: Params, classes: int) -> tuple[Network, Params]:
    """A network with so many outputs, of which the first answer as before; the others begin with weights of 0."""
    wide = replace(network, sizes=(*network.sizes[:-1], classes))
    wide_params = new_params(wide)
    for target, layer in zip(wide_params.layers, params.layers, strict=True):
        target.weights[:, : layer.weights.shape[1]] = layer.weights
        if target.bias is not None and layer.bias is not None:
            target.bias[: len(layer.bias)] = layer.bias
    return wide, wide_params


def teach(
    network: Network,
    params: Params,
    lesson: Lesson,
    settings: Settings,
    *,
    on_marks: Callable[[Marks], None] | None = None,
) -> Taught:
    """Teach a plain network, and keep it as it was before, or after the epoch that did best by what was kept aside.

    After an epoch in which it forgot too much it is kept only where it knows a new class and never forgot less.
    """
    wide, best = widened(network, params, classes=max(network.sizes[-1], 1 + int(lesson.new.labels.max())))
    is_wider = wide.sizes != network.sizes
    before = mark(wide, best, lesson, loss=settings.loss)
    marks, chosen = [before], before
    for epoch, present in enumerate(learn(wide, best, lesson, settings), start=1):
        now = mark(wide, present, lesson, loss=settings.loss, epoch=epoch, before=before)
        marks.append(now)
        if on_marks:
            on_marks(now)
        is_better = now.new_loss < chosen.new_loss and now.new_wrong <= before.new_wrong
        if is_wider:
            is_better = chosen is before or (now.remembers, -now.new_loss) > (chosen.remembers, -chosen.new_loss)
        if is_better and (now.remembers or is_wider):
            chosen, best = now, present
    return Taught(wide, best, marks, chosen)


def may_forget(images: int) -> float:
    """Of so many old images how many may be misread besides."""
    return max(FORGOTTEN * images, LEAST_FORGOTTEN)


def learn(network: Network, params: Params, lesson: Lesson, settings: Settings) -> Iterator[Params]:
    """The parameters after every epoch."""
    rng = np.random.default_rng(settings.seed)
    old = chosen_rows(lesson.old, np.resize(rng.permutation(len(lesson.old.labels)), OLD_IMAGES))
    new = chosen_rows(lesson.new, np.resize(rng.permutation(len(lesson.new.labels)), NEW_IMAGES))
    train = joined(with_other_hands(old, settings, rng=rng), new)
    state = new_state(network, settings, train, rng=rng)
    for flat in (state.params.flat, state.average):
        if flat is not None:
            flat[:] = params.flat
    if not params.layers[0].weights.all():
        state.connections = (params.layers[0].weights != 0).astype(np.float32)  # receptive fields stay as they are
    nothing = Examples(train.images[:0], train.labels[:0])
    for _ in fit(state, train, nothing, settings):
        yield best_network(state)[1]  # which is a copy of the present one, as nothing is kept aside


def chosen_rows(examples: Examples, rows: Labels) -> Examples:
    """The examples of these numbers."""
    return Examples(examples.images[rows], examples.labels[rows])


def mark(
    network: Network, params: Params, lesson: Lesson, *, loss: str, epoch: int = 0, before: Marks | None = None
) -> Marks:
    """How well the network does on what was kept aside, after an epoch, and before any."""
    new, old = lesson.new_aside if len(lesson.new_aside.labels) else lesson.new, lesson.old_aside
    logits, _ = forward(network, params, new.images)
    new_loss, _ = network_loss(loss, network.output, logits, new.labels)
    old_logits, _ = forward(network, params, old.images)
    old_wrong = count_wrong(old_logits, old.labels)
    remembers = before is None or old_wrong - before.old_wrong <= may_forget(len(old.labels))
    return Marks(epoch, new_loss, count_wrong(logits, new.labels), old_wrong, remembers)


def count_wrong(logits: Floats, labels: Labels) -> int:
    """How many labels (n,) are not where logits (n, classes) are highest."""
    return int((logits.argmax(axis=1) != labels).sum())


def taught_model(
    model: Model,
    taught: Taught,
    lesson: Lesson,
    pictures: Dataset,
    old: Dataset,
    settings: Settings,
    *,
    from_sha256: str,
) -> tuple[Model, Judgement]:
    """The model that a taught network makes, calibrated anew, and its answers to the old data's test images.

    Its claim is about these, as that of the model it comes from, whose file has this hash; what is said of its training
    is that of that one.
    """
    facts, rng = model.provenance, np.random.default_rng(settings.seed)
    network, params = taught.network, taught.params
    if facts.settings["half_precision"]:
        params = halved(network, params)
    unseen = [lesson.old_aside] if facts.validation_images else []  # else it learned from these, too
    calibration = calibrate(
        network,
        params,
        learned=joined(lesson.old, lesson.new),
        aside=reduce(joined, unseen, lesson.new_aside),
        digits=old.has_digits and pictures.classes == old.classes,
        rng=rng,
    )
    judgement = judge(network, params, calibration, old.test.images)
    predicted = judgement.probabilities.argmax(axis=1)
    provenance = replace(
        facts,
        dataset=old.name,
        data_sha256=old.sha256,
        notice="; ".join(filter(None, [facts.notice, notice_of(pictures)])),
        confusion=confusion_matrix(old.test.labels, predicted, classes=len(pictures.classes)).tolist(),
        versions=versions(),
        taught=[
            *facts.taught,
            {
                "pictures": pictures.sha256["pictures"],
                "learned": len(lesson.new.labels),
                "kept_aside": len(lesson.new_aside.labels),
                "settings": settings.resolved(),
                "epoch": taught.chosen.epoch,
                "from_sha256": from_sha256,
            },
        ],
    )
    tested = tested_calibration(calibration, judgement, old.test.labels)
    return Model(network, params, tested, provenance, model.image_format, pictures.classes), judgement


def notice_of(pictures: Dataset) -> str:
    """What a reader must know about a model that was taught these."""
    count = len(pictures.learning.labels)
    return f"taught {count:,} pictures of {pictures.name} ({pictures.sha256['pictures'][:12]})"

"""Diagnosis: what the watched epochs say is going wrong, and the remedy."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.training.settings import Settings
from mnistnet.training.state import Epoch

VANISHING = 1e-2
"""Norm of a layer's gradient over that of the output layer's, below which the layer learns next to nothing."""
EXPLODING = 1e3
LOSS_EXPLODED = 10
"""A batch's loss over that of the first batch of all."""
LEARNED_AFTER, LEARNED_SHARE = 3, 0.1
"""By how many epochs the loss should be this share below the first batch's."""
MANY_DEAD = 0.4
OVERFITTING_EPOCHS = 3
OVERFITTING_RISE = 1.1
"""How many epochs in a row, and by which factor in the end, the validation loss must be above its lowest."""


class Diagnosis(NamedTuple):
    """What is wrong: its kind, by which it is told once, and a text for people."""

    kind: str
    text: str


def diagnose(epochs: Sequence[Epoch], settings: Settings) -> list[Diagnosis]:
    """Everything that was wrong at the end of any of these epochs, in the order of its first arising, each once."""
    found: dict[str, Diagnosis] = {}
    for number in range(1, len(epochs) + 1):
        for diagnosis in diagnose_last(epochs[:number], settings):
            found.setdefault(diagnosis.kind, diagnosis)
    return list(found.values())


def diagnose_last(epochs: Sequence[Epoch], settings: Settings) -> Iterator[Diagnosis]:
    """What is wrong at the end of the last of these epochs."""
    yield from loss_exploded(epochs, settings)
    yield from nothing_learned(epochs, settings)
    yield from gradients_out_of_scale(epochs[-1], settings)
    yield from units_dead(epochs[-1], settings)
    yield from overfitting(epochs)


def loss_exploded(epochs: Sequence[Epoch], settings: Settings) -> Iterator[Diagnosis]:
    """A batch's loss far above the first one's."""
    epoch, first = epochs[-1], epochs[0].first_loss
    if epoch.worst_loss > LOSS_EXPLODED * first:
        yield Diagnosis(
            "loss exploded",
            f"loss exploded at step {epoch.worst_step}: {epoch.worst_loss:.3g}, from {first:.3g} in the first; "
            f"lower --learning-rate ({settings.peak_rate:g})",
        )


def nothing_learned(epochs: Sequence[Epoch], settings: Settings) -> Iterator[Diagnosis]:
    """A loss that after some epochs is still where it began."""
    first, lowest = epochs[0].first_loss, min(epoch.loss for epoch in epochs)
    if len(epochs) >= LEARNED_AFTER and lowest > (1 - LEARNED_SHARE) * first:
        yield Diagnosis(
            "nothing is learned",
            f"nothing is learned: the loss is {lowest:.3g} after {len(epochs)} epochs, and was {first:.3g} at first; "
            f"try another --learning-rate ({settings.peak_rate:g}), or {remedies(settings)}",
        )


def gradients_out_of_scale(epoch: Epoch, settings: Settings) -> Iterator[Diagnosis]:
    """The hidden layers whose gradients are the furthest below and above the output layer's, if that is very far."""
    *hidden, output = [layer.gradient for layer in epoch.layers] or [0.0]
    if not (hidden and output):
        return
    lowest, highest = min(hidden) / output, max(hidden) / output
    if lowest < VANISHING:
        where = f"gradients vanish in layer {hidden.index(min(hidden)) + 1}: {lowest:.0e} of the output layer's"
        yield Diagnosis("gradients vanish", f"{where}; try {remedies(settings)}")
    if highest > EXPLODING:
        where = f"gradients explode in layer {hidden.index(max(hidden)) + 1}: {highest:.0e} times the output layer's"
        yield Diagnosis("gradients explode", f"{where}; try --clip-norm 1, or {remedies(settings)}")


def units_dead(epoch: Epoch, settings: Settings) -> Iterator[Diagnosis]:
    """Many units of a layer through which nothing is learned any more."""
    for number, layer in enumerate(epoch.layers[:-1], start=1):
        if layer.dead >= MANY_DEAD:
            remedy = "--activation leaky_relu" if settings.activation == "relu" else remedies(settings)
            yield Diagnosis(
                f"layer {number} is dead",
                f"{100 * layer.dead:.0f} % of layer {number} is dead: no picture gets a gradient through these units; "
                f"try {remedy}, or lower --learning-rate ({settings.peak_rate:g})",
            )


def remedies(settings: Settings) -> str:
    """What keeps signals in scale through many layers and is not in use yet."""
    suits = settings.initializer in (None, ACTIVATIONS[settings.activation].usual_initializer)
    possible = {
        "--activation relu": settings.activation in ("sigmoid", "tanh"),
        "the usual --initializer": not suits,
        "--batch-norm": not settings.batch_norm,
        "fewer layers": len(settings.hidden) > 1,
    }
    return " or ".join(remedy for remedy, open_to in possible.items() if open_to) or "another --seed"


def overfitting(epochs: Sequence[Epoch]) -> Iterator[Diagnosis]:
    """The validation loss rises while the training loss falls."""
    lowest = min(epochs, key=lambda epoch: epoch.validation_loss)
    last = epochs[-1]
    if (
        last.number - lowest.number >= OVERFITTING_EPOCHS
        and last.validation_loss > OVERFITTING_RISE * lowest.validation_loss
        and last.loss < lowest.loss
    ):
        yield Diagnosis(
            "overfitting",
            f"overfitting since epoch {lowest.number}: the validation loss rose from {lowest.validation_loss:.3g} to "
            f"{last.validation_loss:.3g} while the training loss fell; try --dropout 0.2, --l2 1e-4, --patience 3 or "
            "more data",
        )

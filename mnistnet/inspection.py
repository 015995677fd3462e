"""Inspection: what goes on inside a network that reads one digit, as plain values; for whoever shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnistnet.arrays import Floats, side_of
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import Model
from mnistnet.nn.counterfactual import counterfactual
from mnistnet.nn.inside import active, contributions, sought
from mnistnet.nn.network import Tape, forward
from mnistnet.nn.saliency import evidence
from mnistnet.reader import Part

STRONGEST = 8
"""Units of a layer that are looked at, at most."""
PLACES = (
    ("at the upper left", "at the top", "at the upper right"),
    ("on the left", "in the middle", "on the right"),
    ("at the lower left", "at the bottom", "at the lower right"),
)


@dataclass(frozen=True, eq=False)
class Unit:
    """A hidden unit."""

    number: int
    """Counted from 0, as in the model's arrays."""
    output: float
    adds: float
    """To the answer's logit less the runner-up's."""
    looks_for: Floats
    """(side^2,): how its sum changes with each pixel."""


@dataclass(frozen=True, eq=False)
class HiddenLayer:
    """A hidden layer."""

    outputs: Floats
    """(units,)."""
    active: int
    """Units whose sum is above 0."""
    strongest: list[Unit]
    """Those that add most, the first most, of those that add anything."""


@dataclass(frozen=True, eq=False)
class Change:
    """What the runner-up would have needed."""

    image: Floats
    """(side^2,) in [0, 1]: with this picture the runner-up wins, where it is reached."""
    reached: bool
    added: float
    """Ink, as a share of that there was,"""
    removed: float
    """and ink that was taken away."""
    mostly_added: str
    """Where most of it was added, one of PLACES,"""
    mostly_removed: str
    """and where most was taken away."""
    probability: float
    """Of the runner-up, with this picture."""

    def as_json(self) -> dict[str, Any]:
        """All but the picture."""
        shares = {name: round(getattr(self, name), 6) for name in ("added", "removed", "probability")}
        return {"reached": self.reached} | shares


@dataclass(frozen=True, eq=False)
class DigitInside:
    """What goes on while a digit is read."""

    image: Floats
    """(side^2,) in [0, 1], as the network sees it."""
    part: Part
    runner_up: int
    classes: Sequence[str]
    """The names of all."""
    for_answer: Floats
    """(side^2,): how much each pixel speaks for the answer, in nats,"""
    for_runner_up: Floats
    """and for the runner-up."""
    layers: list[HiddenLayer]
    change: Change

    @property
    def rival(self) -> str:
        """The runner-up's name."""
        return self.classes[self.runner_up]

    def as_json(self) -> dict[str, Any]:
        """The runner-up, what the layers do, and what the runner-up would have needed, without the pictures."""
        layers = [
            {
                "units": len(layer.outputs),
                "active": layer.active,
                "strongest": [
                    {"unit": unit.number, "output": round(unit.output, 6), "adds": round(unit.adds, 6)}
                    for unit in layer.strongest
                ],
            }
            for layer in self.layers
        ]
        return {
            "runner_up": self.runner_up,
            "runner_up_label": self.rival,
            "layers": layers,
            "needed": self.change.as_json(),
        }


def look_inside(model: Model, part: Part, image: Floats) -> DigitInside:
    """What goes on while the model reads image, (side^2,), as part; the runner-up has the next logit."""
    network, params = model.network, model.params
    logits, tape = forward(network, params, image[None])
    runner_up = next(int(digit) for digit in np.argsort(-logits[0], kind="stable") if digit != part.digit)
    return DigitInside(
        image,
        part,
        runner_up,
        model.classes,
        evidence(network, params, image, part.digit),
        evidence(network, params, image, runner_up),
        look_into_layers(model, tape, answer=part.digit, rival=runner_up),
        find_change(model, image, wanted=runner_up),
    )


def look_into_layers(model: Model, tape: Tape, *, answer: int, rival: int) -> list[HiddenLayer]:
    """The hidden layers, the first first, on a forward pass of one picture."""
    network, params = model.network, model.params
    layers = []
    for depth, adds in enumerate(contributions(network, params, tape, answer=answer, rival=rival), start=1):
        outputs = tape[depth - 1].outputs[0]
        strongest = [int(unit) for unit in np.argsort(-adds, kind="stable")[:STRONGEST] if adds[unit] > 0]
        patterns = sought(network, params, tape[:depth], strongest)
        units = [
            Unit(number, float(outputs[number]), float(adds[number]), pattern)
            for number, pattern in zip(strongest, patterns, strict=True)
        ]
        layers.append(HiddenLayer(outputs, int(active(network, outputs).sum()), units))
    return layers


def find_change(model: Model, image: Floats, *, wanted: int) -> Change:
    """The smallest change found that makes wanted win."""
    found = counterfactual(model.network, model.params, image, wanted)
    more, less = (found.image - image).clip(0), (image - found.image).clip(0)
    ink = max(float(image.sum()), 1e-6)
    return Change(
        found.image,
        found.reached,
        float(more.sum()) / ink,
        float(less.sum()) / ink,
        main_place(more),
        main_place(less),
        float(judge(model.network, model.params, model.calibration, found.image[None]).probabilities[0, wanted]),
    )


def main_place(amounts: Floats) -> str:
    """In which ninth of the picture most of amounts, (side^2,), is: one of PLACES."""
    side = side_of(amounts)
    thirds = [0, side // 3, side - side // 3]
    sums = np.add.reduceat(np.add.reduceat(amounts.reshape(side, side), thirds, axis=0), thirds, axis=1)
    row, column = divmod(int(sums.argmax()), len(thirds))
    return PLACES[row][column]

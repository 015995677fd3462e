"""Reader: picture -> digits with confidence; for whoever has pictures."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mnistnet.arrays import SIDE, Floats
from mnistnet.errors import ModelError, PictureError
from mnistnet.model_file import Model
from mnistnet.nn.network import probabilities
from mnistnet.vision.box import Box
from mnistnet.vision.image_file import Picture, open_picture
from mnistnet.vision.ink import find_ink
from mnistnet.vision.normalize import ink_box, to_mnist

SURE = 0.8
"""Confidence from which an answer counts as sure: of the shipped model's 5,000 validation images 95.5 % reach it, and
0.3 % of these are wrong."""


@dataclass(frozen=True)
class Part:
    """One digit of a reading: its box in pixels of the upright picture, and the probabilities of the digits 0 to 9."""

    box: Box
    digit: int
    probabilities: list[float]


@dataclass(frozen=True)
class Reading:
    """What a picture says; where digits is "", warnings say why, or error if the picture cannot be read."""

    file: str
    digits: str = ""
    confidence: float = 0.0
    """Of the whole answer."""
    sure: bool = False
    parts: list[Part] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values; error only where there is one."""
        values = asdict(self)
        if not self.error:
            del values["error"]
        return values


class Inspection(NamedTuple):
    """A reading, and what was seen on the way to it."""

    reading: Reading
    picture: Picture
    ink: Floats
    """(h, w) in [0, 1], as large as picture.grey."""
    images: Floats
    """Each part of the reading as the network saw it, (parts, 784) in MNIST's format."""


@dataclass(frozen=True)
class Reader:
    """Reads pictures with one model."""

    model: Model

    def read(self, source: Path | bytes, *, name: str) -> Reading:
        """The digits in a picture file or in its bytes; name stands in the answer. Raises PictureError."""
        return self.inspect(source, name=name).reading

    def inspect(self, source: Path | bytes, *, name: str) -> Inspection:
        """Like read, and show how. Raises PictureError."""
        picture = open_picture(source, name=name)
        ink = find_ink(picture.grey)
        if ink.none_because:
            none = np.zeros((0, SIDE * SIDE), np.float32)
            return Inspection(Reading(name, warnings=[ink.none_because]), picture, ink.pixels, none)
        box = ink_box(ink.pixels)
        image = to_mnist(ink.pixels, box).reshape(1, SIDE * SIDE)
        with np.errstate(over="ignore", invalid="ignore"):
            shares = probabilities(self.model.network, self.model.params, image)[0]
        if not np.isfinite(shares).all():
            raise ModelError("the model's parameters are so large that it answers with no numbers; use another --model")
        digit = int(shares.argmax())
        part = Part(picture.in_pixels(box), digit, [round(float(share), 6) for share in shares])
        confidence = part.probabilities[digit]
        reading = Reading(name, str(digit), confidence, confidence >= SURE, [part])
        return Inspection(reading, picture, ink.pixels, image)

    def try_read(self, source: Path | bytes, *, name: str) -> Reading:
        """Like read, with the reason in the reading's error where the picture cannot be read."""
        try:
            return self.read(source, name=name)
        except PictureError as error:
            return Reading(name, error=str(error))

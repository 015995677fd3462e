"""Reader: picture -> digits, or another class, with confidence; for whoever has pictures."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.errors import PictureError
from mnistnet.evaluation.calibration import Judgement, judge
from mnistnet.model_file import Model
from mnistnet.reading import best_reading, digit_gains
from mnistnet.vision.box import Box
from mnistnet.vision.image_file import Picture, open_picture
from mnistnet.vision.ink import find_ink
from mnistnet.vision.normalize import ink_box, to_mnist
from mnistnet.vision.remarks import count_pieces, find_doubts, find_remarks
from mnistnet.vision.segmentation import MOST_WIDTH, find_candidates

MOST_REMARKS = 2
"""About a picture that is not read surely."""
SIGN_BELOW = 1.0
"""So much less like a digit than an unsure one, in nats, what stands before or after a number is taken for a sign."""


@dataclass(frozen=True)
class Part:
    """One digit of a reading: its box in pixels of the upright picture, and the probabilities of the digits 0 to 9; or
    of other classes the number, and the probabilities."""

    box: Box
    digit: int
    probabilities: list[float]
    label: str
    """The class's name."""


@dataclass(frozen=True)
class Reading:
    """What a picture says; where digits is "", warnings say why, or error if the picture cannot be read."""

    file: str
    digits: str = ""
    """Or the name of another class."""
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


class Digits(NamedTuple):
    """What was taken for digits, in reading order."""

    boxes: list[Box]
    """In the ink's pixels."""
    images: Floats
    """(n, pixels), in the model's format."""
    judgement: Judgement
    are_all: bool = True
    """There was not more ink than can be looked at."""


class Inspection(NamedTuple):
    """A reading, and what was seen on the way to it."""

    reading: Reading
    picture: Picture
    ink: Floats
    """(h, w) in [0, 1], as large as picture.grey."""
    images: Floats
    """Each part of the reading as the network saw it, (parts, pixels) in the model's format."""


@dataclass(frozen=True)
class Reader:
    """Reads pictures with one model."""

    model: Model
    single: bool = False
    """Take all of a picture's ink for one digit, instead of looking whether there are several; what reads other classes
    does so anyway, as it does not know what is none of them."""

    def read(self, source: Path | bytes, *, name: str) -> Reading:
        """The digits in a picture file or in its bytes; name stands in the answer. Raises PictureError."""
        return self.inspect(source, name=name).reading

    def try_read(self, source: Path | bytes, *, name: str) -> Reading:
        """Like read, with the reason in the reading's error where the picture cannot be read."""
        try:
            return self.read(source, name=name)
        except PictureError as error:
            return Reading(name, error=str(error))

    def inspect(self, source: Path | bytes, *, name: str) -> Inspection:
        """Like read, and show how. Raises PictureError."""
        picture = open_picture(source, name=name)
        ink, none_because = find_ink(picture.grey)
        if none_because:
            none = np.zeros((0, self.model.image_format.pixels), np.float32)
            return Inspection(Reading(name, warnings=[none_because]), picture, ink, none)
        found = self._find_digits(ink)
        return Inspection(self._answer(name, picture, ink, found), picture, ink, found.images)

    def _answer(self, name: str, picture: Picture, ink: Floats, found: Digits) -> Reading:
        """The reading that says what was found."""
        boxes, _, (probabilities, likeness, sure), are_all = found
        if not boxes:
            return Reading(name, warnings=["nothing in it looks like a digit"])
        shares = [[round(float(share), 6) for share in row] for row in probabilities]
        parts = [self._part(picture.in_pixels(box), row) for box, row in zip(boxes, shares, strict=True)]
        confidence = math.prod(max(row) for row in shares)
        warnings = find_doubts(ink, digits=len(parts)) + ([] if are_all else ["more than can be read at once"])
        is_sure = bool(sure.all()) and confidence >= self.model.calibration.sure_from and not warnings
        if (likeness < self.model.calibration.digit_from).any():
            warnings.append("looks like no digit" if len(parts) == 1 else "part of it looks like no digit")
        if not is_sure and not warnings:
            warnings = find_remarks(picture.grey, ink, boxes)[:MOST_REMARKS] or [self._unclear]
        return Reading(name, "".join(part.label for part in parts), confidence, is_sure, parts, warnings)

    def _part(self, box: Box, shares: list[float]) -> Part:
        number = shares.index(max(shares))
        return Part(box, number, shares, self.model.classes[number])

    @property
    def _unclear(self) -> str:
        return "not clear which digit" if self.model.reads_digits else "not clear which class"

    def _find_digits(self, ink: Floats) -> Digits:
        """All of the ink, where that is surely a digit or must be one; else the best reading of its parts."""
        box = ink_box(ink)
        image = to_mnist(ink, box, to=self.model.image_format).reshape(1, -1)
        judgement = self._judge(image)
        single = self.single or not self.model.reads_digits
        is_one = judgement.sure[0] and box.width <= MOST_WIDTH * box.height and count_pieces(box.cut(ink)) == 1
        if single or is_one:
            return Digits([box], image, judgement)
        candidates = find_candidates(ink)
        images = np.array([one.image for one in candidates.found], np.float32).reshape(
            -1, self.model.image_format.pixels
        )
        judgement = self._judge(images)
        spans = np.array([(one.first, one.last) for one in candidates.found], np.intp).reshape(-1, 2)
        gains = digit_gains(judgement.probabilities, judgement.likeness)
        gains -= np.array([one.cost for one in candidates.found])
        chosen = best_reading(spans, gains, candidates.skipping)
        likely = np.flatnonzero(judgement.likeness[chosen] >= self.model.calibration.digit_from - SIGN_BELOW)
        if len(chosen) > 2 and len(likely):
            chosen = chosen[likely[0] : likely[-1] + 1]
        boxes = [candidates.found[number].box for number in chosen]
        probabilities, likeness, sure = judgement
        judgement = Judgement(probabilities[chosen], likeness[chosen], sure[chosen])
        return Digits(boxes, images[chosen], judgement, candidates.are_all)

    def _judge(self, images: Floats) -> Judgement:
        return judge(self.model.network, self.model.params, self.model.calibration, images)


def percent(share: float) -> str:
    """A confidence with one decimal, cut off and not rounded: 100.0 % is for certainty alone."""
    return f"{int(share * 1000) / 10:.1f} %"

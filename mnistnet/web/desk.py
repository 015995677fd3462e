"""Desk: what a process that reads pictures does with one of them."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from mnistnet.arrays import Floats
from mnistnet.drawing import read_prepared
from mnistnet.errors import MnistnetError, PictureError
from mnistnet.inspection import DigitInside, look_inside
from mnistnet.model_file import Model
from mnistnet.reader import Inspection, Part, Reader, Reading
from mnistnet.vision.box import Box
from mnistnet.vision.image_file import open_picture

PLACES = 4
"""Decimals of pixels, evidence and outputs."""


class Job(NamedTuple):
    """One picture, and what is asked about it."""

    task: str
    """`read`, `seen` (the same, with what the network saw), `inside`, or `inside prepared` (of what it sees)."""
    picture: bytes
    name: str
    single: bool = False


class Answer(NamedTuple):
    """What is said of it, as JSON; content is that of a reading with an error where status is not 200."""

    status: int
    content: bytes
    error: str = ""


@dataclass(frozen=True)
class Desk:
    """Answers jobs with one model."""

    model: Model

    def __call__(self, job: Job) -> Answer:
        """The answer to a job; what is wrong with the picture or the model is told in it."""
        try:
            return Answer(200, json.dumps(self._values(job)).encode())
        except MnistnetError as error:
            content = json.dumps(Reading(job.name, error=str(error)).as_json()).encode()
            return Answer(422 if isinstance(error, PictureError) else 500, content, str(error))

    def _values(self, job: Job) -> dict[str, Any]:
        if job.task == "inside prepared":
            inspection = inspect_prepared(self.model, job)
        else:
            inspection = Reader(self.model, single=job.single).inspect(job.picture, name=job.name)
        values = inspection.reading.as_json()
        if job.task == "seen":
            images = [{"image": rounded(image)} for image in inspection.images]
            values["parts"] = [part | image for part, image in zip(values["parts"], images, strict=True)]
        if job.task.startswith("inside"):
            pairs = zip(inspection.reading.parts, inspection.images, strict=True)
            insides = [inside_as_json(look_inside(self.model, part, image)) for part, image in pairs]
            values["parts"] = [part | inside for part, inside in zip(values["parts"], insides, strict=True)]
        return values


def inspect_prepared(model: Model, job: Job) -> Inspection:
    """A picture that is in the model's own format already. Raises PictureError."""
    picture = open_picture(job.picture, name=job.name)
    height, width = picture.grey.shape
    side = model.image_format.side
    if (height, width) != (side, side):
        raise PictureError(f"{job.name}: expected {side} x {side} pixels, got {width} x {height}; leave `prepared` out")
    image = picture.grey.reshape(-1)
    digit, probabilities, sure, _, _ = read_prepared(model, image)
    shares = [round(float(share), 6) for share in probabilities]
    parts = [Part(Box(0, 0, side, side), digit, shares, model.classes[digit])]
    reading = Reading(job.name, model.classes[digit], max(shares), sure, parts)
    return Inspection(reading, picture, picture.grey, image[None])


def inside_as_json(inside: DigitInside) -> dict[str, Any]:
    """What `inspect --json` says of a digit, and the pictures and outputs with it, each as a flat list."""
    values = inside.as_json()
    outputs = [{"outputs": rounded(layer.outputs)} for layer in inside.layers]
    pictures = {
        "image": rounded(inside.image),
        "for_answer": rounded(inside.for_answer),
        "for_runner_up": rounded(inside.for_runner_up),
    }
    layers = [told | seen for told, seen in zip(values["layers"], outputs, strict=True)]
    needed = values["needed"] | {"image": rounded(inside.change.image)}
    return values | pictures | {"layers": layers, "needed": needed}


def rounded(values: Floats) -> list[float]:
    """values, (n,), with PLACES decimals."""
    return [round(value, PLACES) for value in values.tolist()]

"""Drawing: one clean digit on nothing -> which one; what the drawing page does too, in web/static/digit.js.

Whatever pictures need besides, such as telling ink from paper or one digit from the next, is the reader's.
"""

from typing import NamedTuple

from mnistnet.arrays import Floats
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import Model
from mnistnet.vision.normalize import ink_box, to_mnist


class DrawnDigit(NamedTuple):
    """What a model says of a drawing."""

    digit: int
    probabilities: Floats
    """(classes,), calibrated."""
    sure: bool
    likeness: float
    """To any digit: the log-odds of a digit against all else."""
    image: Floats
    """(pixels,): what the network saw."""


def read_drawing(model: Model, ink: Floats) -> DrawnDigit | None:
    """All of ink, (h, w) float32 in [0, 1], as one digit; None where there is no ink. Raises ModelError."""
    image = to_mnist(ink, ink_box(ink), to=model.image_format).reshape(-1)
    return read_prepared(model, image) if image.any() else None


def read_prepared(model: Model, image: Floats) -> DrawnDigit:
    """A digit in the model's own format, (pixels,). Raises ModelError."""
    judgement = judge(model.network, model.params, model.calibration, image[None])
    (probabilities,), (likeness,), (sure,) = judgement
    return DrawnDigit(int(probabilities.argmax()), probabilities, bool(sure), float(likeness), image)

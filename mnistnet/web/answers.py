"""Answers: the shapes of what the API takes and gives, for its description alone."""

from typing import Any

from pydantic import BaseModel, Field

from mnistnet.web.forms import FORM
from mnistnet.web.problems import CONTENT_TYPE

BYTES = {"type": "string", "format": "binary"}
FILES = {"type": "object", "properties": {"pictures": {"type": "array", "items": BYTES, "minItems": 1}}}
BINARY = "application/octet-stream"
WEIGHTS: dict[str, Any] = {
    "description": "gzipped, as static/network.js unpacks them",
    "content": {BINARY: {"schema": BYTES}},
}
PICTURE_KINDS = ("image/png", "image/jpeg", "image/bmp", "image/gif", "image/webp", "image/tiff")
OF_ONE: dict[str, Any] = {kind: {"schema": BYTES} for kind in (*PICTURE_KINDS, BINARY)}
ANY_PICTURE = {"requestBody": {"required": True, "content": OF_ONE}}
ANY_PICTURES = {
    "requestBody": {
        "required": True,
        "content": OF_ONE | {FORM: {"schema": FILES, "encoding": {"pictures": {"contentType": "image/*"}}}},
    }
}
A_PNG = {"requestBody": {"required": True, "content": {"image/png": {"schema": BYTES}}}}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one line: what, expected, got, what to do"},
    },
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"description": "A problem (RFC 9457)", "content": {CONTENT_TYPE: {"schema": PROBLEM}}}
}
Pixels = list[float]


class PartAnswer(BaseModel):
    """A digit: its box in pixels of the upright picture (x0, y0, x1, y1), and the probabilities of 0 to 9.

    For a model of other classes digit is the number of one, which label names.
    """

    box: list[int] = Field(min_length=4, max_length=4)
    digit: int = Field(ge=0)
    label: str
    probabilities: list[float] = Field(min_length=2)


class ReadingAnswer(BaseModel):
    """What a picture says."""

    file: str
    digits: str
    confidence: float
    sure: bool
    parts: list[PartAnswer]
    warnings: list[str]
    error: str | None = None


class UnitAnswer(BaseModel):
    """A unit of the strongest, and what it adds to the answer's logit less the runner-up's."""

    unit: int
    output: float
    adds: float


class LayerAnswer(BaseModel):
    """A hidden layer."""

    units: int
    active: int
    strongest: list[UnitAnswer]
    outputs: list[float]


class Needed(BaseModel):
    """What the runner-up would have needed: ink added and removed as shares of the digit's, and its probability."""

    reached: bool
    added: float
    removed: float
    probability: float
    image: Pixels


class PartInside(PartAnswer):
    """A digit, and what went on in the network."""

    runner_up: int
    runner_up_label: str
    image: Pixels
    for_answer: Pixels
    for_runner_up: Pixels
    layers: list[LayerAnswer]
    needed: Needed


class Inside(ReadingAnswer):
    """What a picture says, and why."""

    parts: list[PartInside]  # type: ignore[assignment]  # nobody puts other parts in


class Claim(BaseModel):
    """How many test images are misread, the 95 % interval of the accuracy, and what this was measured on."""

    test_errors: int
    test_images: int
    accuracy: float
    interval: list[float] = Field(min_length=2, max_length=2)
    dataset: str
    data_sha256: dict[str, str]
    seed: int | None
    partial: bool
    notice: str


class ModelCard(BaseModel):
    """What a model is and claims."""

    name: str
    claim: Claim
    classes: list[str] = Field(min_length=2)
    side: int
    sizes: list[int]
    activation: str
    output: str
    parameters: int
    calibration: dict[str, Any]
    train_images: int
    versions: dict[str, str | int]


class Health(BaseModel):
    """That the server answers, and how many pictures wait to be read."""

    status: str
    waiting: int


class Correction(BaseModel):
    """A drawing that was kept."""

    id: str
    label: str


class Corrections(BaseModel):
    """All drawings that were kept, the latest first."""

    count: int
    labels: dict[str, int]
    entries: list[Correction]


class Removed(BaseModel):
    """How many drawings were removed."""

    removed: int

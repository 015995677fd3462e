"""Model file: a trained network and where it comes from, as one archive.

It holds `model.json` (the format's version, the network's sizes, activation and output, the pictures' format, the
classes' names, the calibration and the provenance) and for each layer, from the first, `weights_K.npy` (inputs,
outputs) and `bias_K.npy` (outputs,), float32, or float16 where that loses nothing; the calibration's detector has its
own, `detector_weights_K.npy` and so on.
Whatever training did to the inputs or inside the network is folded into these: the saved network is plain layers. The
same training gives the same file, byte for byte: no clock and no path goes into it.
"""

from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from mnistnet.archive import BROKEN, fill_arrays, narrowest, open_archive, read_facts, require_types, write_archive
from mnistnet.arrays import DIGITS, MNIST_FORMAT, Floats, ImageFormat, require_format
from mnistnet.data.class_names import require_names
from mnistnet.errors import ModelError
from mnistnet.files import require_regular, require_size
from mnistnet.nn.network import Network, Params, new_params

FORMAT = "mnistnet model"
FORMAT_VERSION = 6
READABLE = (2, 3, 4, 5, 6)
"""Version 2 has no half precision, no version before CALIBRATED a calibration, before NAMED all are for MNIST's
pictures and classes, and before 6 none was taught."""
CALIBRATED, NAMED = 4, 5
MAX_PARAMS = 40_000_000
"""A model file of zeros packs a thousand to one: 40 kB take 400 MB to read."""
MOST_BYTES = 5 * MAX_PARAMS
"""Of a file: the parameters in float32, and room for all else."""
MAX_COUNT = 1_000_000_000
DETECTOR = "detector_"
NEVER = 2.0
MAX_DETECTOR = 1_000
"""Units of its hidden layer."""


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from: enough to train it again and to check its claim. Plain JSON values throughout."""

    dataset: str
    notice: str
    """What a reader must know about it ("" where nothing), such as that it was trained on the bundled sample."""
    partial: bool
    """Training was stopped before its last epoch."""
    settings: dict[str, Any]
    data_sha256: dict[str, str]
    train_images: int
    validation_images: int
    standardization: list[float]
    """Mean and deviation that the inputs were standardised by in training; 0 and 1 where they were not."""
    epochs: list[dict[str, Any]]
    best_epoch: int
    """Number of the epoch whose parameters these are; 0 where training was stopped within the first."""
    diagnoses: list[str]
    """What was wrong in training, with the remedy."""
    confusion: list[list[int]]
    """Test images by true class (row) and predicted class (column)."""
    versions: dict[str, str | int]
    taught: list[dict[str, Any]] = field(default_factory=list)
    """What it was taught after its training, one after the other: `pictures`, the hash of what, how many were `learned`
    and `kept_aside`, with which `settings`, the `epoch` that was chosen, and the hash of the model's file before,
    `from_sha256`."""

    @property
    def test_images(self) -> int:
        """How many test images were read, once, at the end."""
        return sum(map(sum, self.confusion))

    @property
    def test_errors(self) -> int:
        """How many of them were misread."""
        return self.test_images - sum(row[true] for true, row in enumerate(self.confusion))


@dataclass(frozen=True, eq=False)
class Calibration:
    """When to trust the network's answers."""

    temperature: float
    """Divides the logits, so that confidences are shares of right answers."""
    sure_from: float
    """A sure answer has at least this confidence (NEVER where no answer is sure),"""
    digit_from: float
    """and at least this likeness to a digit."""
    detector: Network
    """From the outputs of all hidden layers, the first one's first, to a picture's likeness to a digit: the log-odds of
    a digit against all else."""
    detector_params: Params
    stated_error: float = 0.0
    """At most so many of the answers that were confident enough were wrong when it was fitted."""
    sure_images: int = 0
    """Of the test images it is sure of so many,"""
    sure_errors: int = 0
    """and so many of these it misreads;"""
    expected_calibration_error: float = 0.0
    """with all of them it errs so much about its confidence (Guo et al. 2017)."""

    def as_json(self) -> dict[str, Any]:
        """What goes into `model.json`."""
        return {name: getattr(self, name) for name in NUMBERS} | {"detector_sizes": list(self.detector.sizes)}


NUMBERS = [field.name for field in fields(Calibration) if not field.name.startswith("detector")]


@dataclass(frozen=True)
class Model:
    """A network with trained parameters, what its answers are worth, and where it comes from."""

    network: Network
    params: Params
    calibration: Calibration
    provenance: Provenance
    image_format: ImageFormat = MNIST_FORMAT
    classes: tuple[str, ...] = DIGITS
    """Their names, by the number of the output."""

    @property
    def tested_classes(self) -> tuple[str, ...]:
        """Those of its test images: what it was taught besides comes after them."""
        return self.classes[: 1 + max(true for true, row in enumerate(self.provenance.confusion) if any(row))]

    @property
    def reads_digits(self) -> bool:
        """Whether it reads handwritten digits as MNIST has them, of which several may stand in a picture."""
        return (self.image_format, self.classes) == (MNIST_FORMAT, DIGITS)

    @property
    def is_usual(self) -> bool:
        """Trained to the end, on the full MNIST, to read digits: fit to be the model that `predict` takes unasked."""
        return self.provenance.dataset == "mnist" and not self.provenance.partial and self.reads_digits


def save_model(model: Model, path: Path, *, overwrite: bool = False) -> None:
    """Write a model of a plain network; the file appears whole or not at all. Raises OutputError."""
    network = model.network
    if network.batch_norm or not network.bias:
        raise ValueError("only plain networks with biases are saved; see plain_network")
    facts = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sizes": network.sizes,
        "activation": network.activation,
        "output": network.output,
        "image_format": model.image_format._asdict(),
        "classes": model.classes,
        "calibration": model.calibration.as_json(),
        "provenance": asdict(model.provenance),
    }
    arrays = named_arrays(model.params) | named_arrays(model.calibration.detector_params, prefix=DETECTOR)
    arrays = {name: narrowest(array) for name, array in arrays.items()}
    write_archive(path, "model.json", facts, arrays, overwrite=overwrite)


def load_model(path: Path) -> Model:
    """Read a model and check it before use: kind, version, sizes, shapes, dtypes, finiteness. Raises ModelError."""
    try:
        require_regular(path)
        with path.open("rb") as file:
            require_size(file, MOST_BYTES)
            return read_model(file)
    except FileNotFoundError as error:
        raise ModelError(
            f"there is no model {path}; train one with `mnistnet train`, or pass --model shipped"
        ) from error
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error
    except BROKEN as error:
        raise ModelError(
            f"{path} is not a whole mnistnet model: {error!s:.300}; train it again or pass --model shipped"
        ) from error


def read_model(file: BinaryIO) -> Model:
    """The model in an open file; raises one of BROKEN where it isn't one."""
    with open_archive(file) as archive:
        facts = read_facts(archive, "model.json", kind=FORMAT, versions=READABLE)
        network = Network(tuple(facts["sizes"]), facts["activation"], facts["output"])
        image_format, classes = MNIST_FORMAT, DIGITS
        if facts["format_version"] >= NAMED:
            image_format, classes = (
                require_format(ImageFormat(**facts["image_format"])),
                require_names(facts["classes"]),
            )
        require_usable(network, inputs=image_format.pixels, outputs=len(classes))
        params = new_params(network)
        fill_arrays(archive, named_arrays(params))
        calibration = uncalibrated(network)
        if facts["format_version"] >= CALIBRATED:
            calibration = read_calibration(facts["calibration"], network)
            fill_arrays(archive, named_arrays(calibration.detector_params, prefix=DETECTOR))
        provenance = read_provenance(facts["provenance"], classes=len(classes))
        return Model(network, params, calibration, provenance, image_format, classes)


def uncalibrated(network: Network) -> Calibration:
    """To take confidences as they are, and everything for a digit."""
    detector = Network((sum(network.sizes[1:-1]), 1), output="sigmoid")
    return Calibration(1.0, 0.8, 0.0, detector, new_params(detector))


def read_calibration(facts: dict[str, Any], network: Network) -> Calibration:
    """Calibration from its JSON form, its types checked, with parameters that are all 0."""
    sizes = tuple(facts["detector_sizes"])
    detector = Network(sizes, output="sigmoid")
    if not all(type(size) is int and size <= MAX_DETECTOR for size in sizes[1:]) or len(sizes) > 3:
        raise ValueError(f"expected detector sizes of at most {MAX_DETECTOR}, got {sizes}")
    if sizes[0] != sum(network.sizes[1:-1]) or sizes[-1] != 1:
        raise ValueError(f"expected detector sizes from {sum(network.sizes[1:-1])} to 1, got {sizes}")
    numbers = {name: facts[name] for name in NUMBERS}
    calibration = Calibration(**numbers, detector=detector, detector_params=new_params(detector))
    require_types(calibration)
    if not (0 <= calibration.sure_from <= NEVER and abs(calibration.digit_from) < MAX_COUNT):
        thresholds = f"{calibration.sure_from:g} and {calibration.digit_from:g}"
        raise ValueError(f"expected sure_from from 0 to {NEVER:g} and digit_from near 0, got {thresholds}")
    for share in (calibration.expected_calibration_error, calibration.stated_error):
        if not 0 <= share <= 1:
            raise ValueError(f"expected calibration errors from 0 to 1, got {share:g}")
    if not 1e-3 <= calibration.temperature <= 1e3:
        raise ValueError(f"expected a temperature from 0.001 to 1000, got {calibration.temperature}")
    if not 0 <= calibration.sure_errors <= calibration.sure_images <= MAX_COUNT:
        raise ValueError(
            f"expected no more errors than sure answers, got {facts['sure_errors']}, {facts['sure_images']}"
        )
    return calibration


def require_usable(network: Network, *, inputs: int, outputs: int) -> None:
    """Raise ValueError unless the network has so many inputs and outputs and can be held in memory."""
    sizes = network.sizes
    if not all(type(size) is int for size in sizes) or sizes[0] != inputs or sizes[-1] != outputs:
        raise ValueError(f"expected sizes from {inputs} to {outputs}, got {sizes}")
    count = sum(a * b for a, b in pairwise(sizes))
    if count > MAX_PARAMS:
        raise ValueError(f"expected at most {MAX_PARAMS:,} parameters, got {count:,}")


def read_provenance(facts: dict[str, Any], *, classes: int) -> Provenance:
    """Provenance from its JSON form, its types checked."""
    provenance = Provenance(**facts)
    require_types(provenance)
    confusion = provenance.confusion
    if len(confusion) != classes or any(
        len(row) != classes or not all(type(count) is int and 0 <= count <= MAX_COUNT for count in row)
        for row in confusion
    ):
        raise ValueError(f"expected a {classes} x {classes} confusion matrix of counts")
    if not provenance.notice.isprintable() or not all(str(text).isprintable() for text in provenance.diagnoses):
        raise ValueError("expected a notice and diagnoses of printable characters")
    if provenance.test_images == 0:
        raise ValueError("expected at least one test image in the confusion matrix")
    return provenance


def named_arrays(params: Params, *, prefix: str = "") -> dict[str, Floats]:
    """The member name of each array, in the file's order; the arrays are views into params."""
    return {
        f"{prefix}{kind}_{depth}.npy": array
        for depth, layer in enumerate(params.layers)
        for kind, array in (("weights", layer.weights), ("bias", layer.bias))
        if array is not None
    }

"""Model file: a trained network and where it comes from, as one .npz without pickle.

The archive holds `model.json` (the format's version, the network's sizes and the provenance) and for each layer, from
the first, `weights_K.npy` (inputs, outputs) and `bias_K.npy` (outputs,), both float32. `numpy.load` opens it too.
The same training gives the same file, byte for byte: no clock and no path goes into it.
"""

import io
import json
import tokenize
import zipfile
import zlib
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, get_origin, get_type_hints

import numpy as np

from mnistnet.arrays import CLASSES, SIDE, Floats
from mnistnet.errors import ModelError
from mnistnet.files import new_file
from mnistnet.nn.network import Network, Params, new_params

FORMAT = "mnistnet model"
FORMAT_VERSION = 1
MAX_PARAMS = 100_000_000
MAX_JSON_BYTES = 1_000_000
MAX_COUNT = 1_000_000_000
NPY_HEADER_BYTES = 1_000


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
    epochs: list[dict[str, float]]
    best_epoch: int
    """Number of the epoch whose parameters these are; 0 where training was stopped within the first."""
    confusion: list[list[int]]
    """Test images by true digit (row) and predicted digit (column)."""
    versions: dict[str, str | int]

    @property
    def is_whole(self) -> bool:
        """Trained to the end, on the full MNIST: fit to be the model that `predict` takes unasked."""
        return self.dataset == "mnist" and not self.partial

    @property
    def test_images(self) -> int:
        """How many test images were read, once, at the end."""
        return sum(map(sum, self.confusion))

    @property
    def test_errors(self) -> int:
        """How many of them were misread."""
        return self.test_images - sum(row[digit] for digit, row in enumerate(self.confusion))


@dataclass(frozen=True)
class Model:
    """A network with trained parameters and their provenance."""

    network: Network
    params: Params
    provenance: Provenance


def save_model(model: Model, path: Path, *, overwrite: bool = False) -> None:
    """Write a model; the file appears whole or not at all. Raises OutputError."""
    facts = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "sizes": model.network.sizes,
        "provenance": asdict(model.provenance),
    }
    with new_file(path, overwrite=overwrite) as file, zipfile.ZipFile(file, "w") as archive:
        write_member(archive, "model.json", json.dumps(facts, indent=1).encode())
        for name, array in named_arrays(model.params).items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            write_member(archive, name, content.getvalue())


def write_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Store one member, dated 1980 as a bare ZipInfo is, so that equal models are equal files."""
    archive.writestr(zipfile.ZipInfo(name), content)


def load_model(path: Path) -> Model:
    """Read a model and check it before use: kind, version, sizes, shapes, dtypes, finiteness. Raises ModelError."""
    try:
        with path.open("rb") as file:
            return read_model(file)
    except FileNotFoundError as error:
        raise ModelError(
            f"there is no model {path}; train one with `mnistnet train`, or pass --model shipped"
        ) from error
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error
    except BROKEN as error:
        raise ModelError(
            f"{path} is not a whole mnistnet model: {error}; train it again or pass --model shipped"
        ) from error


def read_model(file: BinaryIO) -> Model:
    """The model in an open file; raises one of BROKEN where it isn't one."""
    with zipfile.ZipFile(file) as archive:
        facts = read_facts(archive)
        network = Network(tuple(facts["sizes"]))
        require_usable(network)
        params = new_params(network)
        for name, array in named_arrays(params).items():
            array[:] = read_array(archive, name, array)
        return Model(network, params, read_provenance(facts["provenance"]))


BROKEN = (
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, LookupError, ArithmeticError, TypeError, SyntaxError, MemoryError),
)
"""What reading an archive that is cut short, of another kind or tampered with may raise."""


def read_facts(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The content of model.json, once it is known to be this kind and version of file."""
    if "model.json" not in archive.namelist():
        raise ValueError("expected a member model.json, got none")
    facts = json.loads(read_member(archive, "model.json", limit=MAX_JSON_BYTES))
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise ValueError(f"expected a model.json of format {FORMAT!r}")
    if facts.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"expected format version {FORMAT_VERSION}, got {facts.get('format_version')!r}")
    return facts


def read_member(archive: zipfile.ZipFile, name: str, *, limit: int) -> bytes:
    """One member's bytes, refused before anything is allocated if it claims more than limit."""
    member = archive.getinfo(name)
    if member.file_size > limit:
        raise ValueError(f"expected {name} to have at most {limit:,} bytes, got {member.file_size:,}")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"expected {name} stored or deflated, got compression {member.compress_type}")
    return archive.read(name)


def read_array(archive: zipfile.ZipFile, name: str, expected: Floats) -> Floats:
    """One array of finite float32 numbers, of the shape of expected."""
    content = io.BytesIO(read_member(archive, name, limit=expected.nbytes + NPY_HEADER_BYTES))
    if np.lib.format.read_magic(content) != (1, 0):
        raise ValueError(f"expected {name} to be an array file of version 1.0")
    shape, column_major, dtype = np.lib.format.read_array_header_1_0(content)
    if (shape, dtype, column_major) != (expected.shape, expected.dtype, False):
        raise ValueError(f"expected {name} to be {expected.dtype} {expected.shape}, got {dtype} {shape}")
    array: Floats = np.frombuffer(content.read(), dtype).reshape(shape)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite")
    return array


def require_usable(network: Network) -> None:
    """Raise ValueError unless the network reads MNIST's pictures and can be held in memory."""
    sizes = network.sizes
    if not all(type(size) is int for size in sizes) or sizes[0] != SIDE * SIDE or sizes[-1] != CLASSES:
        raise ValueError(f"expected sizes from {SIDE * SIDE} to {CLASSES}, got {sizes}")
    count = sum(a * b for a, b in pairwise(sizes))
    if count > MAX_PARAMS:
        raise ValueError(f"expected at most {MAX_PARAMS:,} parameters, got {count:,}")


def read_provenance(facts: dict[str, Any]) -> Provenance:
    """Provenance from its JSON form, its types checked."""
    provenance = Provenance(**facts)
    for name, hint in get_type_hints(Provenance).items():
        kind = get_origin(hint) or hint
        if not isinstance(getattr(provenance, name), kind):
            raise TypeError(f"expected {name} to be {kind.__name__}, got {getattr(provenance, name)!r:.40}")
    confusion = provenance.confusion
    if len(confusion) != CLASSES or any(
        len(row) != CLASSES or not all(type(count) is int and 0 <= count <= MAX_COUNT for count in row)
        for row in confusion
    ):
        raise ValueError(f"expected a {CLASSES} x {CLASSES} confusion matrix of counts")
    if not provenance.notice.isprintable():
        raise ValueError("expected a notice of printable characters")
    if provenance.test_images == 0:
        raise ValueError("expected at least one test image in the confusion matrix")
    return provenance


def named_arrays(params: Params) -> dict[str, Floats]:
    """The member name of each array, in the file's order; the arrays are views into params."""
    return {
        f"{kind}_{depth}.npy": array
        for depth, layer in enumerate(params.layers)
        for kind, array in (("weights", layer.weights), ("bias", layer.bias))
    }

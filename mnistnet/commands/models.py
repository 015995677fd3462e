"""Models: what a user names on the command line, and the model file that it stands for."""

import hashlib
import json
from pathlib import Path

from mnistnet.data.labels import OF_DIGITS, LabelKind, label_among
from mnistnet.errors import RunError
from mnistnet.model_file import Model, load_model
from mnistnet.places import recall, shipped

MODEL, REPORT = "model.npz", "report.json"
"""In a run's folder; the model may be elsewhere, where the report says."""


def run_folder(name: str) -> Path | None:
    """The run's folder that a name stands for; None for a model file or `shipped`. Raises RunError.

    `last` is the last run.
    """
    if name == "shipped":
        return None
    path = recall("last-run") if name == "last" else Path(name)
    if path is None:
        raise RunError("there is no run yet; train one with `mnistnet train`, or take `shipped`")
    if not path.exists():
        raise RunError(f"there is no run or model {path}; train one with `mnistnet train`")
    folder = path.parent if path.name == REPORT else path
    return folder if folder.is_dir() else None


def model_path(name: str) -> Path:
    """The model file that a name stands for: a file, a run's folder, `last` or `shipped`. Raises RunError."""
    folder = run_folder(name)
    return model_in(folder) if folder else shipped("mnist.npz") if name == "shipped" else Path(name)


def model_in(folder: Path) -> Path:
    """The model of a run: in its folder, wherever that was moved, else where it was put. Raises RunError."""
    if (folder / MODEL).is_file():
        return folder / MODEL
    if inner := sorted(folder.glob(f"*/{REPORT}")):
        raise RunError(f"{folder} holds {len(inner)} runs; name one of them, such as {inner[0].parent}")
    try:
        named = json.loads((folder / REPORT).read_bytes())["model"]
    except FileNotFoundError:
        raise RunError(
            f"{folder} is no run that was trained to its end: it has no {REPORT}; train again, or go on with "
            "`mnistnet train --resume CHECKPOINT`"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise RunError(f"{folder / REPORT} names no model; train again") from error
    if not isinstance(named, str):
        raise RunError(f"{folder / REPORT} names no model; train again")
    return Path(named)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file that was read before."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def find_model(name: str | None) -> tuple[Path, Model]:
    """The model that is asked for; else the one trained last; else the shipped one."""
    if name:
        path = model_path(name)
        return path, load_model(path)
    last = recall("last-model")
    if last is not None and last.is_file():
        model = load_model(last)
        if model.is_usual:  # another training may have written over it since
            return last, model
    return shipped("mnist.npz"), load_model(shipped("mnist.npz"))


def describe_model(path: Path, model: Model) -> str:
    """Which model reads, and whether the shipped one would do better."""
    facts = model.provenance
    claim = f"{facts.test_errors:,} of {facts.test_images:,} test images misread"
    if path == shipped("mnist.npz"):
        return f"model: shipped ({claim})"
    best = load_model(shipped("mnist.npz")).provenance
    if model.reads_digits and best.test_errors * facts.test_images < facts.test_errors * best.test_images:
        claim += f"; the shipped one misreads {best.test_errors:,} of {best.test_images:,}: --model shipped"
    return f"model: {path} ({claim}{'; ' + facts.notice if facts.notice else ''})"


def label_kind(model: Model) -> LabelKind:
    """What may be the label of a picture that a model reads."""
    return OF_DIGITS if model.reads_digits else label_among(model.classes)

"""Experiment: one training for every combination of varied settings and every seed, each kept as a result file.

A result file is one JSON object: the fields of Result, and `format` and `format_version`. Its name follows from the
settings and the data, so that what was trained already is found again.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from mnistnet.data.mnist import Dataset
from mnistnet.errors import TrainingError
from mnistnet.files import write_text
from mnistnet.training.checkpoint import read_epoch
from mnistnet.training.diagnosis import diagnose
from mnistnet.training.environment import versions
from mnistnet.training.run import train_network
from mnistnet.training.settings import Settings
from mnistnet.training.state import Epoch, State

FORMAT = {"format": "mnistnet result", "format_version": 1}
Value = TypeVar("Value")


@dataclass(frozen=True)
class Result:
    """What one training came to, in JSON values."""

    settings: dict[str, Any]
    """As Settings.resolved gives them."""
    data_sha256: dict[str, str]
    versions: dict[str, str | int]
    seconds: float
    """Of training alone."""
    epochs: list[dict[str, Any]]
    """One Epoch each; of a failed training those before."""
    best_epoch: int
    """The number of the one with the highest validation accuracy; 0 where there is none."""
    diagnoses: list[str]
    failed: str
    """Why training could not go on; "" where it could."""

    @property
    def curve(self) -> list[float]:
        """The validation accuracy of every epoch."""
        return [epoch["validation_accuracy"] for epoch in self.epochs]


def combinations(varied: Mapping[str, Iterable[Value]]) -> list[dict[str, Value]]:
    """One value for each name, in every combination; the last name's values change fastest."""
    return [dict(zip(varied, values, strict=True)) for values in product(*varied.values())]


def digest(value: object) -> str:
    """A short name for a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def result_name(settings: Settings, data_sha256: Mapping[str, str]) -> str:
    """The result file's name."""
    return f"{digest([settings.resolved(), dict(data_sha256)])}.json"


def experiment_name(runs: Sequence[Settings], data_sha256: Mapping[str, str]) -> str:
    """The same for the same trainings in whichever order."""
    return digest(sorted(result_name(settings, data_sha256) for settings in runs))


def train_one(dataset: Dataset, settings: Settings, *, on_epoch: Callable[[Epoch], None]) -> Result:
    """Train once; a training that cannot go on is a result too."""
    epochs: list[Epoch] = []
    failed = ""

    def note(state: State) -> None:
        epochs.append(state.epochs[-1])
        on_epoch(epochs[-1])

    started = time.perf_counter()
    try:
        train_network(dataset, settings, on_epoch=note)
    except TrainingError as error:
        failed = str(error)
    return Result(
        settings=settings.resolved(),
        data_sha256=dataset.sha256,
        versions=versions(),
        seconds=round(time.perf_counter() - started, 3),
        epochs=[epoch.as_json() for epoch in epochs],
        best_epoch=max(epochs, key=lambda epoch: epoch.score).number if epochs else 0,
        diagnoses=[diagnosis.text for diagnosis in diagnose(epochs, settings)],
        failed=failed,
    )


def write_result(folder: Path, result: Result, settings: Settings) -> None:
    """Keep a result in folder; what stood under its name could not be read. Raises OutputError."""
    text = json.dumps(FORMAT | asdict(result), indent=1)
    write_text(folder / result_name(settings, result.data_sha256), text, overwrite=True)


def read_result(folder: Path, settings: Settings, data_sha256: Mapping[str, str]) -> Result | None:
    """The result of training with these settings on this data; None where there is none, or none to be trusted."""
    try:
        facts = json.loads((folder / result_name(settings, data_sha256)).read_bytes())
        if {name: facts.pop(name) for name in FORMAT} != FORMAT:
            return None
        result = Result(**facts)
        same = (result.settings, result.data_sha256) == (settings.resolved(), dict(data_sha256))
        return result if same and is_whole(result, settings) else None
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def is_whole(result: Result, settings: Settings) -> bool:
    """Whether a result that was read holds what one that was trained holds; may raise where it doesn't."""
    epochs = [read_epoch(facts) for facts in result.epochs]
    if [epoch.number for epoch in epochs] != list(range(1, len(epochs) + 1)) or not 0 <= result.seconds < math.inf:
        return False
    if result.failed:
        return isinstance(result.failed, str)
    best = max(epochs, key=lambda epoch: epoch.score)
    enough = len(epochs) == settings.epochs or (0 < settings.patience <= len(epochs) - best.number)
    return enough and best.number == result.best_epoch and all(0 <= e.validation_accuracy <= 1 for e in epochs)

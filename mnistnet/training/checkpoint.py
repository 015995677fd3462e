"""Checkpoint: a training under way as one archive, from which it goes on to the same end.

It holds `checkpoint.json` (the format's version, the settings, the data's hashes, the versions of everything, the
epochs done, which one was best, and the one under way with the random generator's state when it began) and the state's
arrays. Batches of the epoch under way that were done are not done again.
"""

import io
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from mnistnet.archive import BROKEN, fill_arrays, open_archive, read_facts, require_types, write_archive
from mnistnet.errors import CheckpointError
from mnistnet.files import read_at_most
from mnistnet.training.environment import versions
from mnistnet.training.settings import Settings, as_text
from mnistnet.training.state import Epoch, EpochSoFar, State, copied, present_network
from mnistnet.training.watch import LayerWatch, StepWatch

FORMAT = "mnistnet checkpoint"
FORMAT_VERSION = 2
MEMBER = "checkpoint.json"
MOST_BYTES = 1_000_000_000
"""Of a file: the largest network's parameters six times over."""
AFTER_TRAINING = ("half_precision",)
"""Settings that may still be changed."""


class Checkpoint(NamedTuple):
    """A checkpoint file, read."""

    path: Path
    content: bytes
    facts: dict[str, Any]
    settings: Settings


def save_checkpoint(path: Path, state: State, settings: Settings, data_sha256: Mapping[str, str]) -> None:
    """Write a state that is between two batches, over what stands under path. Raises OutputError."""
    facts = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "settings": asdict(settings),
        "data_sha256": dict(data_sha256),
        "versions": versions(),
        "optimizer_steps": state.optimizer.steps,
        "epochs": [epoch.as_json() for epoch in state.epochs],
        "best_epoch": state.best.number if state.best else 0,
        "epoch": asdict(state.epoch),
    }
    write_archive(path, MEMBER, facts, named_arrays(state), overwrite=True)


def named_arrays(state: State) -> dict[str, NDArray[Any]]:
    """The member name of each array; the arrays are those of state, or views into them."""
    arrays: dict[str, NDArray[Any]] = {"params.npy": state.params.flat, "optimizer.npy": state.optimizer.state}
    if state.average is not None:
        arrays["average.npy"] = state.average
    if state.best_params:
        arrays["best.npy"] = state.best_params.flat
    for depth, statistics in enumerate(state.statistics):
        arrays |= {f"mean_{depth}.npy": statistics.mean, f"variance_{depth}.npy": statistics.variance}
    return arrays


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint and check what it says of itself. Raises CheckpointError."""
    try:
        content = read_at_most(path, MOST_BYTES)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint {path}; start one with --checkpoint {path}") from error
    except OSError as error:
        raise CheckpointError(f"cannot read the checkpoint {path}: {error.strerror or error}") from error
    with broken_is_told(path), open_archive(io.BytesIO(content)) as archive:
        facts = read_facts(archive, MEMBER, kind=FORMAT, versions=(FORMAT_VERSION,))
        settings = Settings.from_json(facts["settings"])
        require_types(settings)
        checkpoint = Checkpoint(path, content, facts, settings)
        if not (isinstance(facts["data_sha256"], dict) and isinstance(facts["versions"], dict)):
            raise TypeError("expected data_sha256 and versions to be objects")
        return checkpoint


def restore(checkpoint: Checkpoint, state: State, *, examples: int) -> None:
    """Put a checkpoint into a new state of the same settings, trained on so many examples. Raises CheckpointError."""
    facts = checkpoint.facts
    with broken_is_told(checkpoint.path), open_archive(io.BytesIO(checkpoint.content)) as archive:
        state.epochs = [read_epoch(epoch) for epoch in facts["epochs"]]
        state.epoch = read_epoch_so_far(facts["epoch"])
        state.rng.bit_generator.state = state.epoch.generator
        size = checkpoint.settings.batch_size
        done = state.epoch.batches * size  # the last batch, which may be short, ends an epoch
        if not 0 <= done == state.epoch.examples < examples:
            raise ValueError(f"expected the epoch to be within {examples} examples, got {done}, {state.epoch.examples}")
        steps, best = facts["optimizer_steps"], facts["best_epoch"]
        if steps != len(state.epochs) * math.ceil(examples / size) + state.epoch.batches:
            raise ValueError(f"expected as many optimizer_steps as batches, got {steps}")
        state.optimizer.steps = steps
        if best not in range(len(state.epochs) + 1) or (state.epochs and not best):
            raise ValueError(f"expected best_epoch to be one of {len(state.epochs)}, got {best}")
        if best:
            state.best = state.epochs[best - 1]
            network, params = present_network(state)
            state.best_params = copied(network, params.flat)
        fill_arrays(archive, named_arrays(state))


def read_epoch(facts: dict[str, Any]) -> Epoch:
    """An epoch from its JSON form."""
    numbers: dict[str, Any] = {name: math.nan if value is None else value for name, value in facts.items()}
    epoch = Epoch(**numbers | {"layers": tuple(LayerWatch(**layer) for layer in facts["layers"])})
    for record in (epoch, *epoch.layers):
        require_types(record)
    return epoch


def read_epoch_so_far(facts: dict[str, Any]) -> EpochSoFar:
    """The epoch under way from its JSON form."""
    epoch = EpochSoFar(**facts | {"layers": [StepWatch(*layer) for layer in facts["layers"]]})
    for record in (epoch, *epoch.layers):
        require_types(record)
    return epoch


def require_same(checkpoint: Checkpoint, settings: Settings, data_sha256: Mapping[str, str]) -> None:
    """Raise CheckpointError, with the differences, unless it was trained with these settings on this data."""
    before, now = checkpoint.settings.resolved(), settings.resolved()
    differences = [
        f"{name} {as_text(before[name])}, not {as_text(now[name])}"
        for name in now
        if now[name] != before[name] and name not in AFTER_TRAINING
    ]
    if differences:
        raise CheckpointError(
            f"{checkpoint.path} was trained with {'; '.join(differences)}; leave out these options and --recipe"
        )
    if checkpoint.facts["data_sha256"] != dict(data_sha256):
        files = ", ".join(checkpoint.facts["data_sha256"])
        raise CheckpointError(
            f"{checkpoint.path} was trained on other data: on {files}, whose SHA-256 differ from those of "
            f"{', '.join(data_sha256)}; pass the --data that it was trained on"
        )


def changed_versions(checkpoint: Checkpoint) -> str:
    """What is not as it was when the checkpoint was made, so that it may go on to other bits; "" if nothing."""
    before, now = checkpoint.facts["versions"], versions()
    return ", ".join(f"{name} {before.get(name)} is now {now[name]}" for name in now if before.get(name) != now[name])


@contextmanager
def broken_is_told(path: Path) -> Iterator[None]:
    """Make one CheckpointError of all that reading an archive may raise."""
    try:
        yield
    except BROKEN as error:
        raise CheckpointError(
            f"{path} is not a whole mnistnet checkpoint: {type(error).__name__}: {error!s:.300}; start again without "
            "--resume"
        ) from error

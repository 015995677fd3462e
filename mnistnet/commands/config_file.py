"""Config file: the settings of a training in TOML, as `train --config` reads them and every run leaves them behind.

Its keys are the fields of Settings, and besides those of OF_THE_RUN, which mean what the options mean.
"""

import argparse
import difflib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from mnistnet import __version__
from mnistnet.archive import fits
from mnistnet.commands import UsageError
from mnistnet.data.class_names import parse_names
from mnistnet.data.mnist import Dataset
from mnistnet.files import read_at_most
from mnistnet.model_file import Provenance
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings

CONFIG = "run.toml"
"""In a run's folder."""
MOST_BYTES = 60_000
"""Beside which 1,000 long names find room. A key of many parts takes time as the square of their number."""
OF_THE_DATA: Mapping[str, Any] = {"data": str, "classes": tuple[str, ...], "side": int, "transposed": bool}
OF_THE_RUN: Mapping[str, Any] = {"recipe": str, **OF_THE_DATA, "threads": int}
MOST_BITS = 63
"""Of an integer; TOML need not have longer ones, and NumPy has none."""
HINTS: Mapping[str, Any] = {**get_type_hints(Settings), **OF_THE_RUN}
EXPECTED: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    float | None: "a number",
    bool: "true or false",
    str: "a name",
    str | None: "a name",
    tuple[int, ...]: "a list of whole numbers",
    tuple[str, ...]: "a list of names",
}
"""By annotation."""


def use_config(args: argparse.Namespace) -> dict[str, Any]:
    """The settings in the file of --config; what else it holds becomes options where the user did not pass them.

    Raises UsageError where it cannot be read, or holds what is no setting.
    """
    if not args.config:
        return {}
    values = read_config(args.config)
    if args.recipe:
        raise UsageError("train: --recipe and --config both say what to begin with: pass one; a file may hold `recipe`")
    if args.mirror:
        values = {name: value for name, value in values.items() if name not in OF_THE_DATA}
    for name in OF_THE_RUN:
        if getattr(args, name) is None:
            setattr(args, name, values.get(name))
    return {name: value for name, value in values.items() if name not in OF_THE_RUN}


def read_config(path: Path) -> dict[str, Any]:
    """What a file says, each value of the type that it must have. Raises UsageError."""
    try:
        values = tomllib.loads(read_at_most(path, MOST_BYTES).decode())
    except OSError as error:
        raise UsageError(f"train: cannot read {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # TOML's and UTF-8's are ValueErrors
        raise UsageError(f"train: {path} is not TOML: {error}") from error
    values = {name: typed(name, value, path=path) for name, value in values.items()}
    if (recipe := values.get("recipe")) and recipe not in RECIPES:
        raise UsageError(f"train: {path}: expected recipe to be one of {', '.join(RECIPES)}, got {recipe!r:.40}")
    if "classes" in values:
        try:
            values["classes"] = parse_names(values["classes"])
        except ValueError as error:
            raise UsageError(f"train: {path}: classes: {error}") from error
    return values


def typed(name: str, value: object, *, path: Path) -> object:
    """The value of a key, as Settings has it. Raises UsageError."""
    if name not in HINTS:
        near = difflib.get_close_matches(name, HINTS, n=1) or ["epochs"]
        raise UsageError(f"train: {path}: expected a setting such as {near[0]}, got {name!r:.40}")
    hint = HINTS[name]
    found = tuple(value) if isinstance(value, list) else value
    numbers = [one for one in (found if isinstance(found, tuple) else [found]) if isinstance(one, int)]
    if any(one.bit_length() > MOST_BITS for one in numbers):
        raise UsageError(f"train: {path}: expected {name} to be less than 2^{MOST_BITS}, got an integer beyond that")
    if not fits(found, hint) or found == "":
        raise UsageError(f"train: {path}: expected {name} to be {EXPECTED[hint]}, got {shown(value):.40}")
    return float(found) if EXPECTED[hint] == "a number" and isinstance(found, int) else found


def shown(value: object) -> str:
    """A value for a message."""
    try:
        return json.dumps(value, default=str)
    except ValueError:  # Python writes no integer of more than some thousands of digits
        return "a longer integer"


def config_text(provenance: Provenance, *, named: Mapping[str, Any]) -> str:
    """A file that has a model trained again, on the data that are named so; settings that mean nothing to its optimizer
    are left out."""
    values = {**named, "threads": provenance.versions["threads"] or None, **provenance.settings}
    head = f"# mnistnet {__version__}: train --config {CONFIG} gives the same model again, on the same machine\n"
    return head + "".join(f"{name} = {as_toml(value)}\n" for name, value in values.items() if value is not None)


def as_toml(value: object) -> str:
    """A text, number, truth or list of them; TOML writes these as JSON does, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def data_named(args: argparse.Namespace, dataset: Dataset) -> dict[str, Any]:
    """The values of OF_THE_DATA that give the same data again; None for what the user left out."""
    return {name: getattr(args, name) for name in OF_THE_DATA} | {"data": place_named(args.data, dataset)}


def place_named(data: str | None, dataset: Dataset) -> str | None:
    """What --data must say to get the same data; None for MNIST as it is downloaded, and for a name that is no text."""
    if dataset.name == "sample":
        return "sample"
    if not data or "://" in data:
        return data
    place = str(Path(data).absolute())
    return place if place.isprintable() else None

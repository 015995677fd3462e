"""Grid: the combinations of settings that `mnistnet experiment` trains, from its options."""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mnistnet.commands import UsageError, filled
from mnistnet.commands.options import OPTIONS, make_settings, named_settings
from mnistnet.training.checkpoint import AFTER_TRAINING
from mnistnet.training.experiment import combinations
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings, as_text

MOST_RUNS = 10_000
DEFAULT_RECIPE = "quick"
"""Trying things takes many trainings."""


class Cell(NamedTuple):
    """One combination of the varied settings: their values as typed, and all settings, once for each seed."""

    values: dict[str, str]
    runs: list[Settings]


def read_cells(args: argparse.Namespace) -> list[Cell]:
    """The combinations that the options ask for. Raises UsageError for what makes no sense."""
    for option in ("seeds", "jobs"):
        value = getattr(args, option)
        if value is not None and value < 1:
            raise UsageError(f"experiment: expected --{option} to be 1 or more, got {value}")
    named, varied = named_settings(args), read_varied(args.vary)
    if both := next((name for name in varied if name in named), None):
        raise UsageError(f"experiment: {both} is varied and set for all; leave --{dashed(both)} away")
    wanted = args.seeds * math.prod(len(values) for values in varied.values())
    if wanted > MOST_RUNS:
        raise UsageError(f"experiment: expected at most {MOST_RUNS:,} trainings, got {wanted:,}; vary less")
    base = RECIPES[args.recipe or DEFAULT_RECIPE]
    cells = [make_cell(base, named, varied, values, seeds=args.seeds) for values in combinations(varied)]
    if any(settings.validation == 0 for cell in cells for settings in cell.runs):
        raise UsageError("experiment: expected --validation above 0, since validation images decide; got 0")
    return cells


def make_cell(
    base: Settings,
    named: Mapping[str, Any],
    varied: Mapping[str, Mapping[str, Any]],
    values: Mapping[str, str],
    *,
    seeds: int,
) -> Cell:
    """The cell of these values, as typed."""
    typed = {dashed(name): text for name, text in values.items()}
    changed = {name: varied[name][text] for name, text in values.items()}
    described = ", ".join(f"{name} {text}" for name, text in typed.items())
    first = int(named.get("seed", base.seed))
    seeded = [{**named, **changed, "seed": seed} for seed in range(first, first + seeds)]
    return Cell(typed, [make_settings(base, one, command=f"experiment: {described}") for one in seeded])


def read_varied(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The values of each setting varied, by what was typed. Raises UsageError."""
    varied: dict[str, dict[str, Any]] = {}
    for text in texts:
        typed, equals, values = text.partition("=")
        name = typed.replace("-", "_")
        if not equals:
            raise UsageError(f"experiment: expected --vary NAME=VALUE,VALUE, got {text}")
        if name == "seed":
            raise UsageError("experiment: seeds are not varied by --vary; pass --seeds N, and --seed for the first")
        if name in AFTER_TRAINING:
            raise UsageError(f"experiment: {typed} changes what is saved, not what is measured; leave it away")
        if name not in OPTIONS:
            known = ", ".join(dashed(name) for name in OPTIONS if name != "seed")
            raise UsageError(f"experiment: --vary knows no setting {typed!r}; it knows {known}")
        if name in varied:
            raise UsageError(f"experiment: --vary {typed} is given twice; name all its values in one")
        varied[name] = read_values(typed, OPTIONS[name].kind, values.split(","))
    return varied


def read_values(name: str, kind: Callable[[str], Any], texts: Sequence[str]) -> dict[str, Any]:
    """Each value by what was typed. Raises UsageError for one that is none, or is there already."""
    values: dict[str, Any] = {}
    for text in texts:
        try:
            value = kind(filled(text))
        except (ValueError, argparse.ArgumentTypeError) as error:
            raise UsageError(f"experiment: --vary {name}: {error}") from error
        if value in values.values():
            raise UsageError(f"experiment: --vary {name} has the value {as_text(value)} twice; leave one away")
        values[text] = value
    return values


def dashed(name: str) -> str:
    """A setting's name as on the command line."""
    return name.replace("_", "-")

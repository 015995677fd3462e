"""Options: the settings of a training run on the command line."""

import argparse
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from mnistnet.commands import UsageError
from mnistnet.data.mnist import Dataset
from mnistnet.model_file import require_usable
from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS
from mnistnet.nn.initializers import INITIALIZERS
from mnistnet.nn.losses import LOSSES
from mnistnet.nn.optimizers import OPTIMIZERS
from mnistnet.nn.schedules import SCHEDULES
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings, as_text

MOST_WATCHED = 20_000


def layer_sizes(text: str) -> tuple[int, ...]:
    """Whole numbers with commas, or where these mean something else an x, between."""
    try:
        return tuple(int(size) for size in text.replace("x", ",").split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers such as 512,256, got {text!r}") from None


def whole_number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text!r:.40}") from None


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {text!r:.40}") from None


def on_or_off(text: str) -> bool:
    """Yes or no."""
    if text not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"expected on or off, got {text!r}")
    return text == "on"


def plain_name(text: str) -> str:
    """One of several names; how it is written, Leaky-ReLU or leaky_relu, does not matter."""
    return text.lower().replace("-", "_")


class Option(NamedTuple):
    """How a setting is named on the command line."""

    group: str
    kind: Callable[[str], Any]
    metavar: str
    text: str


def one_of(names: Iterable[str]) -> str:
    """Names to choose from, for a help text."""
    return ", ".join(names)


def usual(kinds: Mapping[str, Any], attribute: str) -> str:
    """The usual values of an attribute, for a help text; names without one are left out."""
    values = {name: getattr(kind, f"usual_{attribute}") for name, kind in kinds.items()}
    return one_of(f"{name} {value:g}" for name, value in values.items() if value)


RATES, MOMENTA = usual(OPTIMIZERS, "learning_rate"), usual(OPTIMIZERS, "momentum")
SQUARE_DECAYS, DECAYS = usual(OPTIMIZERS, "square_decay"), usual(OPTIMIZERS, "weight_decay")
WARMUPS = usual(SCHEDULES, "warmup")
NETWORK, STEPS, RESTRAINT = "the network", "how it learns", "regularisation"
WARPS, RUN = "warped digits, drawn anew in every epoch", "the run"

OPTIONS: Mapping[str, Option] = {
    "hidden": Option(NETWORK, layer_sizes, "N,N", "units in each hidden layer"),
    "receptive_field": Option(
        NETWORK, whole_number, "N", "side of the square of pixels that each unit of the first layer sees, 0 for all"
    ),
    "activation": Option(NETWORK, plain_name, "NAME", f"of the hidden layers: {one_of(ACTIVATIONS)}"),
    "bias": Option(NETWORK, on_or_off, "", "biases"),
    "batch_norm": Option(NETWORK, on_or_off, "", "batch normalisation, folded into plain layers in the end"),
    "standardize": Option(NETWORK, on_or_off, "", "inputs of mean 0 and deviation 1 over the training images"),
    "initializer": Option(NETWORK, plain_name, "NAME", f"{one_of(INITIALIZERS)} (what suits the activation)"),
    "loss": Option(NETWORK, plain_name, "NAME", one_of(LOSSES)),
    "output_activation": Option(NETWORK, plain_name, "NAME", f"{one_of(OUTPUTS)} (what suits the loss)"),
    "epochs": Option(STEPS, whole_number, "N", "passes over the training images"),
    "batch_size": Option(STEPS, whole_number, "N", "images a step"),
    "optimizer": Option(STEPS, plain_name, "NAME", one_of(OPTIMIZERS)),
    "learning_rate": Option(STEPS, number, "X", f"the schedule's peak ({RATES})"),
    "momentum": Option(
        STEPS,
        number,
        "X",
        f"share of the mean gradient that stays a step; Adam's beta 1 ({MOMENTA})",
    ),
    "square_decay": Option(STEPS, number, "X", f"the same of the mean square; Adam's beta 2 ({SQUARE_DECAYS})"),
    "schedule": Option(STEPS, plain_name, "NAME", one_of(SCHEDULES)),
    "warmup": Option(STEPS, number, "X", f"share of the steps in which the rate rises ({WARMUPS})"),
    "clip_norm": Option(STEPS, number, "X", "longest gradient, 0 for any"),
    "label_smoothing": Option(RESTRAINT, number, "X", "share of each label that goes to all digits alike"),
    "l1": Option(RESTRAINT, number, "X", "penalty: X times the sum of |w|"),
    "l2": Option(RESTRAINT, number, "X", "penalty: X / 2 times the sum of w^2"),
    "weight_decay": Option(
        RESTRAINT,
        number,
        "X",
        f"share of each weight, times the rate, lost a step ({DECAYS}, else 0)",
    ),
    "dropout": Option(RESTRAINT, number, "X", "share of hidden units left out a step"),
    "input_dropout": Option(RESTRAINT, number, "X", "share of pixels left out a step"),
    "average": Option(
        RESTRAINT, number, "X", "running average of the weights: the share that stays a step, such as 0.999"
    ),
    "patience": Option(RESTRAINT, whole_number, "N", "stop after N epochs without a better one, 0 for never"),
    "rotation": Option(WARPS, number, "X", "up to X degrees either way, such as 14"),
    "scale": Option(WARPS, number, "X", "height and width by up to a factor of exp(X), such as 0.15"),
    "shear": Option(WARPS, number, "X", "slanted by up to X pixels a row, such as 0.12"),
    "shift": Option(WARPS, number, "X", "moved by up to X pixels, such as 1.5"),
    "elastic": Option(WARPS, number, "X", "bent: standard deviation of an elastic field in pixels, such as 1"),
    "other_hands": Option(
        WARPS,
        number,
        "X",
        "1s with a flag, 7s with a bar and 0s with a slash besides: share of the images, such as 0.1",
    ),
    "validation": Option(
        RUN, number, "X", "share of the images kept aside to choose the best epoch; 0: none, and the last"
    ),
    "seed": Option(RUN, whole_number, "N", "same seed, same machine, same number of threads: same bits"),
    "half_precision": Option(RUN, on_or_off, "", "round the parameters in the end: a model file half as big"),
    "watch": Option(RUN, on_or_off, "", "record what happens in every layer, such as dead units"),
}
"""By the setting's name; in the order of the help."""


def add_recipe_options(parser: argparse.ArgumentParser, *, recipe: str) -> None:
    """--recipe, of which recipe is the default, and an option for every setting.

    Settings not named on the command line are not in the parsed arguments.
    """
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        metavar="NAME",
        help=f"settings to begin with, which the options below change: {one_of(RECIPES)} ({recipe}, whose values "
        "stand in brackets below)",
    )
    add_settings_options(parser, defaults=RECIPES[recipe])


def add_settings_options(parser: argparse.ArgumentParser, *, defaults: Settings, leave_out: Iterable[str] = ()) -> None:
    """An option for every setting; those not named on the command line are not in the parsed arguments."""
    groups = {group: parser.add_argument_group(group) for group in (NETWORK, STEPS, RESTRAINT, WARPS, RUN)}
    for name, option in OPTIONS.items():
        if name in leave_out:
            continue
        add, default = groups[option.group].add_argument, getattr(defaults, name)
        if option.kind is on_or_off:
            shown = f"{option.text} ({as_text(default)})"
            flag, action = f"--{name.replace('_', '-')}", argparse.BooleanOptionalAction
            add(flag, action=action, default=argparse.SUPPRESS, help=shown)
        else:
            shown = "" if default is None else f" ({as_text(default)})"
            add(
                f"--{name.replace('_', '-')}",
                type=option.kind,
                default=argparse.SUPPRESS,
                metavar=option.metavar,
                help=f"{option.text}{shown}".replace("%", "%%"),
            )


def named_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings named on the command line."""
    return {field.name: getattr(args, field.name) for field in fields(Settings) if field.name in args}


def require_usable_with(settings: Settings, dataset: Dataset) -> None:
    """Raise UsageError where the network for such data would be too large."""
    inputs, outputs = dataset.image_format.pixels, len(dataset.classes)
    try:
        require_usable(settings.network(inputs=inputs, outputs=outputs), inputs=inputs, outputs=outputs)
    except ValueError as error:
        raise UsageError(f"--hidden with {inputs:,} pixels and {outputs} classes: {error}") from error


def make_settings(base: Settings, named: Mapping[str, Any], *, command: str) -> Settings:
    """Settings of a network for MNIST: base with these values. Raises UsageError for one that makes no sense."""
    try:
        settings = base.changed(named)
        require_usable(network := settings.network(), inputs=network.sizes[0], outputs=network.sizes[-1])
    except ValueError as error:
        name, _, reason = str(error).partition(" ")
        option = f"--{name.replace('_', '-')}" if name in OPTIONS else name
        raise UsageError(f"{command}: {option} {reason}") from error
    watched = settings.epochs * len(settings.hidden)
    if watched > MOST_WATCHED:  # what is recorded of them would no longer fit into a model file
        raise UsageError(
            f"{command}: expected epochs times hidden layers to be at most {MOST_WATCHED:,}, got {watched:,}"
        )
    return settings

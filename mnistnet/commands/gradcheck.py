"""`mnistnet gradcheck`: the backward pass against central differences, on a small random network."""

import argparse
import json
import math
import textwrap
from dataclasses import replace
from itertools import pairwise

import numpy as np

from mnistnet.arrays import CLASSES
from mnistnet.commands import UsageError
from mnistnet.commands.options import OPTIONS, add_settings_options, make_settings, named_settings
from mnistnet.nn.gradient_check import (
    CLEARANCE,
    STEP,
    TOLERANCE,
    ArrayCheck,
    Objective,
    check_arrays,
    clearance,
    objective_gradient,
    objective_value,
    random_params,
)
from mnistnet.nn.network import Network, Params
from mnistnet.nn.regularizers import dropout_masks
from mnistnet.training.settings import Settings, as_text

INPUTS, EXAMPLES = 12, 16
MOST_PARAMS, MOST_LAYERS = 4_000, 8
DRAWS = 100
WIDTH = 100
DEFAULTS = Settings(hidden=(16, 8))
CHECKED = (
    "hidden", "activation", "bias", "batch_norm", "initializer", "loss", "output_activation", "label_smoothing", "l1",
    "l2", "dropout", "input_dropout", "seed",
)  # fmt: skip
"""The settings that make the network and its loss."""


def build_parser() -> argparse.ArgumentParser:
    """The options of the network, its loss and its penalties."""
    parser = argparse.ArgumentParser(
        prog="mnistnet gradcheck",
        description=f"Check the backward pass on a small random network with {INPUTS} inputs and {CLASSES} classes: "
        f"every parameter is moved by {STEP:g} up and down, in float64, and the change of the loss is compared with "
        "the gradient. Exit status 0 if they agree in every array, else 1.",
        epilog="example: mnistnet gradcheck --activation tanh --batch-norm --loss mse",
    )
    add_settings_options(parser, defaults=DEFAULTS, leave_out=OPTIONS.keys() - set(CHECKED))
    add = parser.add_argument
    add("--break", dest="broken", action="store_true", help="show what a wrong backward pass looks like")
    add(
        "--json",
        action="store_true",
        help="print one line of JSON: ok, broken (the activation wrongly differentiated as, or null), loss, step, "
        "tolerance, settings, and for each of arrays its name, values, analytic and numeric norm, error, rounding (the "
        "error that rounding may cause) and verdict (ok, zero, WRONG, too small)",
    )
    return parser


def run(args: argparse.Namespace) -> int:
    """Check and show; 0 if the gradients agree."""
    settings = make_settings(DEFAULTS, named_settings(args), command="gradcheck")
    network = settings.network(inputs=INPUTS)
    require_small(network)
    with np.errstate(over="ignore", invalid="ignore"):
        objective, params = random_objective(network, settings)
        loss = objective_value(objective, params)
        if not math.isfinite(loss):
            raise UsageError(f"gradcheck: the loss with its penalties is {loss}; choose a smaller --l1 and --l2")
        wrong = wrong_activation(network.activation) if args.broken else None
        differentiated = replace(network, activation=wrong) if wrong else None
        gradient = objective_gradient(objective, params, differentiated=differentiated)
        checks = list(check_arrays(objective, params, gradient))
    if not all(math.isfinite(check.numeric + check.analytic) for check in checks):
        raise UsageError("gradcheck: the gradient of the penalties is not finite; choose a smaller --l1 and --l2")
    if args.json:
        print(json.dumps(as_json(checks, settings, loss=loss, broken=wrong)))
    else:
        print(headline(settings, network, loss=loss))
        print("\n".join(table(checks)))
        print("\n" + textwrap.fill(conclusion(checks, network, broken=wrong), WIDTH))
    return 1 if args.broken or not is_right(checks) else 0


def is_right(checks: list[ArrayCheck]) -> bool:
    """Whether the two gradients of every array agree; 0 on both sides is agreement too."""
    return all(check.verdict in ("ok", "zero") for check in checks)


def require_small(network: Network) -> None:
    """Raise UsageError for a network whose parameters are too many to be moved one at a time."""
    params = sum(inputs * outputs + 2 * outputs for inputs, outputs in pairwise(network.sizes))
    if params > MOST_PARAMS or len(network.sizes) > MOST_LAYERS + 1:
        raise UsageError(
            f"gradcheck: expected at most {MOST_LAYERS} layers with {MOST_PARAMS:,} parameters, since each is moved by "
            f"itself, got {len(network.sizes) - 1} layers with {params:,}; choose a smaller --hidden such as 64,32"
        )


def random_objective(network: Network, settings: Settings) -> tuple[Objective, Params]:
    """Random examples, dropout masks and parameters; drawn again, up to DRAWS times, where a hidden unit stands near a
    kink."""
    for attempt in range(DRAWS):
        rng = np.random.default_rng([settings.seed, attempt])
        masks = dropout_masks(network, EXAMPLES, inputs=settings.input_dropout, hidden=settings.dropout, rng=rng)
        objective = Objective(
            network,
            inputs=rng.standard_normal((EXAMPLES, INPUTS)),
            labels=rng.integers(CLASSES, size=EXAMPLES),
            loss=settings.loss,
            label_smoothing=settings.label_smoothing,
            l1=settings.l1,
            l2=settings.l2,
            masks=masks,
        )
        params = random_params(network, initializer=settings.initializer, rng=rng)
        if clearance(objective, params) > CLEARANCE:
            break
    return objective, params


def wrong_activation(activation: str) -> str:
    """What `--break` differentiates in the activation's place: nothing at all, as if its slope were forgotten."""
    return "tanh" if activation == "identity" else "identity"


def headline(settings: Settings, network: Network, *, loss: float) -> str:
    """What is checked."""
    facts = settings.resolved()
    named = ", ".join(f"{name.replace('_', ' ')} {as_text(facts[name])}" for name in CHECKED[1:])
    text = f"{'-'.join(map(str, network.sizes))}: {named}; {EXAMPLES} random examples, loss {loss:.6f}"
    return textwrap.fill(text, WIDTH) + "\n"


def table(checks: list[ArrayCheck]) -> list[str]:
    """One line an array of parameters."""
    width = max(len(check.name) for check in checks)
    head = f"{'array':{width}}  values  analytic norm   numeric norm  relative error  verdict"
    return [head] + [
        f"{check.name:{width}}  {check.values:6,}  {check.analytic:13.6e}  {check.numeric:13.6e}  {check.error:14.1e}  "
        f"{check.verdict}"
        for check in checks
    ]


def conclusion(checks: list[ArrayCheck], network: Network, *, broken: str | None) -> str:
    """What the table says."""
    wrong = [check.name for check in checks if check.verdict == "WRONG"]
    small = [check.name for check in checks if check.verdict == "too small"]
    if broken and not wrong:
        return (
            f"Broken on purpose: the backward pass took the slope of {broken} for that of {network.activation}, but no "
            "error reaches a slope here, so that the table doesn't show it."
        )
    if broken:
        return (
            f"Broken on purpose: the backward pass took the slope of {broken} for that of {network.activation}. On its "
            "way back the error reaches the output layer before any slope, so that layer's gradient is right; those of "
            "the layers before it, which it reaches through a slope, are wrong."
        )
    if wrong:
        return f"WRONG: the backward pass disagrees with central differences in {', '.join(wrong)}."
    if small:
        return (
            f"Not all could be checked: the gradient is lost in the rounding of the loss in {', '.join(small)}; choose "
            "fewer layers or smaller penalties."
        )
    zero = [check.name for check in checks if check.verdict == "zero"]
    nothing = f" Nothing was to be seen in {', '.join(zero)}: both gradients are 0 there." if zero else ""
    return f"The backward pass is right: all relative errors are below {TOLERANCE:g}.{nothing}"


def as_json(checks: list[ArrayCheck], settings: Settings, *, loss: float, broken: str | None) -> dict[str, object]:
    """The result as JSON values."""
    facts = settings.resolved()
    return {
        "ok": is_right(checks),
        "broken": broken,
        "loss": loss,
        "step": STEP,
        "tolerance": TOLERANCE,
        "settings": {name: facts[name] for name in CHECKED},
        "arrays": [check._asdict() | {"verdict": check.verdict} for check in checks],
    }

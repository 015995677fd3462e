"""`mnistnet xor`: XOR and other small problems, solved from several seeds with the engine that learns MNIST."""

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mnistnet.commands import UsageError, filled_path, printable
from mnistnet.commands.options import layer_sizes, named_settings, one_of, plain_name
from mnistnet.commands.run_folder import new_folder
from mnistnet.files import require_writable
from mnistnet.nn.activations import ACTIVATIONS
from mnistnet.nn.initializers import INITIALIZERS
from mnistnet.nn.network import outputs_of
from mnistnet.nn.optimizers import OPTIMIZERS
from mnistnet.places import home
from mnistnet.training.classics import BALL_RADIUS, PROBLEMS, RATE_FACTORS, Attempt, Problem, attempt, sine_wave
from mnistnet.training.settings import Settings, as_text
from mnistnet.training.state import Epoch

FIGURES = ("losses.png", "answers.png")
MOST_WEIGHTS = 100_000
CHANGEABLE: Mapping[str, tuple[Callable[[str], Any], str, str]] = {
    "hidden": (layer_sizes, "N,N", "units in each hidden layer"),
    "activation": (plain_name, "NAME", f"of the hidden layers: {one_of(ACTIVATIONS)}"),
    "initializer": (plain_name, "NAME", f"{one_of(INITIALIZERS)} (xavier_uniform)"),
    "loss": (plain_name, "NAME", "binary_cross_entropy or mse; for sine only mse"),
    "optimizer": (plain_name, "NAME", one_of(OPTIMIZERS)),
    "learning_rate": (float, "X", "(what suits problem and optimizer)"),
    "epochs": (int, "N", "passes over the points"),
    "seed": (int, "N", "the first seed, and the one that draws the points"),
}
"""The settings that have an option: kind, metavar and help."""


def build_parser() -> argparse.ArgumentParser:
    """The options, with the defaults of each problem in the text below."""
    usual = "; ".join(f"{name}: {usual_text(name)}" for name in PROBLEMS)
    parser = argparse.ArgumentParser(
        prog="mnistnet xor",
        description="Solve XOR from several seeds with the engine that learns MNIST, or with --problem tell whether a "
        "point is inside a ball, or follow a sine wave. XOR has only four points, which are learned from and scored "
        f"alike; the others are scored on 1,000 points not learned from. Defaults: {usual}.",
        epilog="example: mnistnet xor --activation sigmoid --loss mse --output xor_figures",
    )
    add = parser.add_argument
    add("--problem", default="xor", metavar="NAME", help=f"{one_of(PROBLEMS)} (%(default)s)")
    for name, (kind, metavar, text) in CHANGEABLE.items():
        add(f"--{name.replace('_', '-')}", type=kind, default=argparse.SUPPRESS, metavar=metavar, help=text)
    add("--seeds", type=int, default=10, metavar="N", help="how many seeds to start from (%(default)s)")
    add(
        "--output",
        type=filled_path,
        metavar="DIR",
        help=f"where {' and '.join(FIGURES)} go (a new folder in MNISTNET_HOME/xor)",
    )
    add("--force", action="store_true", help="replace figures that are there already")
    add(
        "--json",
        action="store_true",
        help="print one line of JSON: problem, settings, solved (how many seeds), baseline, figures, and for each of "
        "seeds whether it solved it, in which epoch first (or null), its loss, and its accuracy or rmse on the points",
    )
    return parser


def usual_text(name: str) -> str:
    """The settings with which a problem is usually solved."""
    problem = PROBLEMS[name](rng=np.random.default_rng(0))
    return settings_text(problem, problem.settings)


def settings_text(problem: Problem, settings: Settings) -> str:
    """What is trained, and how."""
    sizes = "-".join(map(str, settings.network(**problem.sizes).sizes))
    rate = as_text(settings.peak_rate)
    return f"{sizes} {settings.activation}, {settings.loss}, {settings.optimizer} {rate}, {settings.epochs} epochs"


def run(args: argparse.Namespace) -> int:
    """Try every seed, show and draw; 0 also where a seed did not solve it."""
    if args.problem not in PROBLEMS:
        raise UsageError(f"xor: expected --problem to be one of {one_of(PROBLEMS)}, got {args.problem}")
    if args.seeds < 1:
        raise UsageError(f"xor: expected --seeds to be 1 or more, got {args.seeds}")
    named = named_settings(args)
    seed = named.get("seed", 0)
    if seed < 0:
        raise UsageError(f"xor: expected --seed to be 0 or more, got {seed}")
    problem = PROBLEMS[args.problem](rng=np.random.default_rng(seed))
    settings = make_settings(problem, named)
    for name in FIGURES:
        require_writable((args.output or home() / "xor" / "new") / name, overwrite=args.force)
    if not args.json:
        print(f"{args.problem}: {settings_text(problem, settings)}")
    attempts = []
    for number in range(seed, seed + args.seeds):
        attempts.append(attempt(problem, settings, seed=number))
        if not args.json:
            print(attempt_line(problem, attempts[-1]), flush=True)
    folder = args.output or new_folder("xor", instead="--output")
    save_figures(args.problem, problem, settings.loss, attempts, folder, overwrite=args.force)
    if args.json:
        print(json.dumps(as_json(args, problem, settings, attempts, folder)))
    else:
        print(f"\n{conclusion(problem, attempts)}")
        print(f"Figures  {printable(str(folder))}")
    return 0


def make_settings(problem: Problem, named: dict[str, Any]) -> Settings:
    """The problem's settings with those named. Raises UsageError for one that makes no sense."""
    if named.get("loss", problem.settings.loss) not in problem.losses:
        raise UsageError(f"xor: expected --loss to be {' or '.join(problem.losses)} here, got {named['loss']}")
    factor = RATE_FACTORS.get(named.get("optimizer", ""), 1.0)
    usual = {"learning_rate": problem.settings.peak_rate * factor}
    try:
        settings = replace(problem.settings, **usual | named)
    except ValueError as error:
        raise UsageError(f"xor: {error}") from error
    weights = sum(inputs * outputs for inputs, outputs in pairwise(settings.network(**problem.sizes).sizes))
    if weights > MOST_WEIGHTS:
        raise UsageError(f"xor: expected at most {MOST_WEIGHTS:,} weights, got {weights:,}; choose a smaller --hidden")
    return settings


def attempt_line(problem: Problem, tried: Attempt) -> str:
    """How one seed fared."""
    if tried.failed:
        return f"seed {tried.seed:3}  not solved  {tried.failed.partition(';')[0]}"
    first, last = tried.first_solved(problem), tried.epochs[-1]
    since = f"goal met in epoch {first:4}" if first else ""
    verdict = "solved" if tried.solved(problem) else "not solved"
    return f"seed {tried.seed:3}  {verdict:10}  {since:22}  {measure(last)}  final loss {last.loss:.6f}"


def measure(epoch: Epoch) -> str:
    """How near a network came, on the scored points."""
    if math.isnan(epoch.validation_accuracy):
        return f"RMSE {math.sqrt(epoch.validation_loss):.4f}"
    return f"{100 * epoch.validation_accuracy:6.2f} % right"


def conclusion(problem: Problem, attempts: Sequence[Attempt]) -> str:
    """How many solve it, what that means, and how well one does without a network."""
    solved = sum(tried.solved(problem) for tried in attempts)
    if problem.goal < 0:
        goal, baseline = f"RMSE at most {math.sqrt(-problem.goal):g}", f"RMSE {problem.baseline:.4f}"
    else:
        least = "" if problem.goal == 1 else "at least "
        goal, baseline = f"{least}{100 * problem.goal:g} % right", f"{100 * problem.baseline:.2f} % right"
    points = f"{len(problem.scored.labels):,} points"
    return (
        f"{solved} of {len(attempts)} seeds solve it: {goal} on {points}\n"
        f"without a network: {baseline}, by {problem.baseline_name}"
    )


def save_figures(
    name: str, problem: Problem, loss: str, attempts: Sequence[Attempt], folder: Path, *, overwrite: bool
) -> None:
    """Draw how all seeds learned, and what the first that solved it answers, or where none did the first of all."""
    from mnistnet.evaluation import classics_figures as draw  # matplotlib takes its time to start
    from mnistnet.evaluation.figures import save_figure

    solved = [tried for tried in attempts if tried.solved(problem)]
    shown = (solved or attempts)[0]
    answer = partial(outputs_of, shown.network, shown.params)
    title = f"{name}: what the network of seed {shown.seed} answers"
    if name == "xor":
        answers = draw.surface_figure(answer, *problem.train, title=title)
    elif name == "ball":
        answers = draw.slices_figure(answer, BALL_RADIUS, title=title)
    else:
        answers = draw.curve_figure(
            answer, sine_wave, problem.train.images, np.asarray(problem.train.labels), title=title
        )
    losses = draw.losses_figure(
        {tried.seed: [epoch.loss for epoch in tried.epochs] for tried in attempts},
        {tried.seed for tried in solved},
        title=f"{name}: training loss",
        loss=loss.replace("_", " "),
    )
    for file, figure in zip(FIGURES, (losses, answers), strict=True):
        save_figure(figure, folder / file, overwrite=overwrite)


def as_json(
    args: argparse.Namespace, problem: Problem, settings: Settings, attempts: Sequence[Attempt], folder: Path
) -> dict[str, object]:
    """The result as JSON values."""
    return {
        "problem": args.problem,
        "settings": settings.resolved(),
        "solved": sum(tried.solved(problem) for tried in attempts),
        "baseline": problem.baseline,
        "seeds": [seed_json(problem, tried) for tried in attempts],
        "figures": [str(folder / name) for name in FIGURES],
    }


def seed_json(problem: Problem, tried: Attempt) -> dict[str, object]:
    """How one seed fared; accuracy is null in a regression, rmse elsewhere, and both where training failed."""
    if tried.failed:
        nothing = dict.fromkeys(("first_solved", "loss", "accuracy", "rmse"))
        return {"seed": tried.seed, "solved": False, **nothing, "failed": tried.failed}
    last = tried.epochs[-1]
    regression = math.isnan(last.validation_accuracy)
    return {
        "seed": tried.seed,
        "solved": tried.solved(problem),
        "first_solved": tried.first_solved(problem),
        "loss": last.loss,
        "accuracy": None if regression else last.validation_accuracy,
        "rmse": math.sqrt(last.validation_loss) if regression else None,
        "failed": "",
    }

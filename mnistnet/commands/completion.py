"""`mnistnet completion`: what has a shell complete commands, options, names and files."""

import argparse
from collections.abc import Iterable, Mapping

import shtab

from mnistnet.commands import COMMANDS, command_module
from mnistnet.nn.activations import ACTIVATIONS, OUTPUTS
from mnistnet.nn.initializers import INITIALIZERS
from mnistnet.nn.losses import LOSSES
from mnistnet.nn.optimizers import OPTIMIZERS
from mnistnet.nn.schedules import SCHEDULES

SHELLS = ("bash", "zsh", "fish")
NAMES: Mapping[str, Iterable[str]] = {
    "activation": ACTIVATIONS,
    "output_activation": OUTPUTS,
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
}
"""What may stand after an option whose parser accepts several spellings of these, and so states no choices."""
FILES = ("FILE", "IMAGE", "PICTURE", "MODEL", "RUN|MODEL")
FOLDERS = ("DIR", "FOLDER")
"""Metavars, up to the first dot."""


def build_parser() -> argparse.ArgumentParser:
    """The options of completion."""
    parser = argparse.ArgumentParser(
        prog="mnistnet completion",
        description="Print a script that has a shell complete mnistnet's commands, options, names and files. It is to "
        "stand where the shell looks for it; completing then starts no Python.",
        epilog="example: mkdir -p ~/.local/share/bash-completion/completions && mnistnet completion bash > "
        "~/.local/share/bash-completion/completions/mnistnet",
    )
    parser.add_argument("shell", choices=SHELLS)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    print(shtab.complete(whole_parser(), shell=args.shell))
    return 0


def whole_parser() -> argparse.ArgumentParser:
    """One parser of all commands, each as a subparser, with what completes each value."""
    parser = argparse.ArgumentParser(prog="mnistnet")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(parser_class=command_parser)  # type: ignore[call-overload]  # it is but called
    for name, text in COMMANDS.items():
        commands.add_parser(name, help=text)
    return parser


def command_parser(*, prog: str, **_: object) -> argparse.ArgumentParser:
    """The parser of the command that prog ends in."""
    name = prog.split()[-1]
    parser: argparse.ArgumentParser = command_module(name).build_parser()
    parser.description = COMMANDS[name]
    for action in parser._actions:  # argparse has no other list of them
        kind = str(action.metavar).partition(".")[0]
        if action.dest in NAMES:
            action.choices = list(NAMES[action.dest])
        elif kind in FILES + FOLDERS:
            action.complete = shtab.FILE if kind in FILES else shtab.DIRECTORY  # type: ignore[attr-defined]
    return parser

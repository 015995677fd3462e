"""The command line: parse -> call -> show -> exit status, one module a command."""

import argparse
import importlib
import io
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from mnistnet import __version__
from mnistnet.errors import MnistnetError

STARTED = time.perf_counter()
"""When the program began, but for Python's own start."""


class UsageError(Exception):
    """Options that make no sense together or alone; exit status 2."""


COMMANDS = {
    "train": "train a network on MNIST, test it, save the model and its report",
    "teach": "have a model learn your own pictures besides",
    "predict": "read the digits in pictures",
    "serve": "serve a page to draw on and an API, on this machine",
    "inspect": "look inside the network while it reads a picture",
    "evaluate": "score the reading of your own labelled pictures",
    "report": "show the accuracy report of a run or a model",
    "verify": "check that a model keeps the claim in its file",
    "compare": "put the same pictures before several models",
    "experiment": "train with every combination of some settings and compare them",
    "gradcheck": "check the backward pass against central differences",
    "export": "write the network as a page to draw on, or as an ONNX file for other programs",
    "import": "make a model file of a network that another program trained",
    "xor": "solve XOR, a ball and a sine wave with the same engine",
    "data": "show, verify or fetch the MNIST files",
    "doctor": "check what mnistnet needs, and say how to get what is missing",
    "completion": "print what has a shell complete commands, options and names",
}
MODULES = {"import": "import_onnx"}
"""Of commands whose names are words of Python's own."""

USAGE = "usage: mnistnet COMMAND [OPTIONS]\n\n" + "\n".join(f"  {name:12}{text}" for name, text in COMMANDS.items())
HELP = f"{USAGE}\n\n`mnistnet COMMAND --help` tells more, with an example. `mnistnet --version` prints the version."


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit status."""
    return exit_status(partial(dispatch, sys.argv[1:] if arguments is None else arguments))


def exit_status(program: Callable[[], int]) -> int:
    """What program returns; for what it raises one line on standard error and 1 could not be done, 2 wrong usage, 130
    stopped."""
    open_streams()
    try:
        try:
            status = program()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        show_error("stopped")
        status = 130
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except UsageError as error:
        show_error(str(error))
        status = 2
    except MnistnetError as error:
        show_error(str(error))
        status = 1
    except ModuleNotFoundError as error:
        show_error(f"the package {error.name} is missing; install it with: python -m pip install {error.name}")
        status = 1
    except ImportError as error:  # a broken installation, or no memory left to load it into
        show_error(
            f"a package cannot be loaded ({' '.join(str(error).split())}); free some memory, or install it again"
        )
        status = 1
    except MemoryError as error:
        show_error(f"not enough memory: {error}")
        status = 1
    except OSError as error:
        show_error(f"{error.filename or 'standard output'}: {error.strerror or error}")
        status = 1
    return status


def open_streams() -> None:
    """Have standard output and error that can be written to, whatever the text."""
    for number in range(3):  # else the next file that is opened would be taken for it
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None or sys.stderr is None:  # closed by the caller, as in `mnistnet train >&-`
        nowhere = open(os.devnull, "w")  # noqa: SIM115, PTH123
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be text in the terminal's encoding


def dispatch(arguments: list[str]) -> int:
    """Run the command that the first argument names; only its own module is imported."""
    if not arguments or arguments[0] not in COMMANDS:
        return usage(arguments[0] if arguments else "")
    module = command_module(arguments[0])
    parser = module.build_parser()
    return int(module.run(parser.parse_args(arguments[1:])))


def command_module(name: str) -> Any:
    """The module of a command: it has `build_parser` and `run`."""
    return importlib.import_module(f"mnistnet.commands.{MODULES.get(name, name)}")


def usage(word: str) -> int:
    """Answer what is not a command."""
    if word in ("-h", "--help", "help"):
        print(HELP)
    elif word == "--version":
        print(f"mnistnet {__version__}")
    else:
        print(f"{USAGE}\n\nmnistnet: " + (f"no command {word!r}" if word else "a command is missing"), file=sys.stderr)
        return 2
    return 0


def show_error(message: str) -> None:
    """One line on standard error, where anybody still listens."""
    with suppress(OSError):
        print(f"mnistnet: {printable(message)}", file=sys.stderr)


def printable(text: str) -> str:
    """text on one line, without what a terminal would obey: file names and servers' words may hold anything."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def filled(text: str) -> str:
    """An argument that is not empty, as a shell variable that was never set would make it."""
    if not text:
        raise argparse.ArgumentTypeError("expected a name, got nothing")
    return text


def filled_path(text: str) -> Path:
    """The same as a path."""
    return Path(filled(text))

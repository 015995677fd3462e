"""Cluster: --scheduler, by which commands have their work done on other machines."""

import argparse
import re

from mnistnet.commands import filled


def add_scheduler_option(parser: argparse.ArgumentParser, *, what: str) -> None:
    """--scheduler, for what is then done there."""
    parser.add_argument(
        "--scheduler",
        type=scheduler,
        metavar="tcp://HOST:8786",
        help=f"{what} on the Dask cluster of this scheduler (pip install 'mnistnet[cluster]')",
    )


def scheduler(text: str) -> str:
    """An address such as `dask scheduler` prints."""
    found = re.fullmatch(r"tcp://([^/:\s]+|\[[0-9a-fA-F:]+\]):([0-9]{1,5})", filled(text))
    if not found or not 0 < int(found[2]) < 65_536:
        raise argparse.ArgumentTypeError(f"expected an address such as tcp://localhost:8786, got {text!r}")
    return text

"""Places: where mnistnet keeps downloaded data, the user's runs, and what it ships with.

home()/mnist/            the four files as downloaded
home()/sets/HASH/        the files of another set, from an address
home()/runs/NAME/        one folder a training run
home()/personal/         the drawings that were named on the page
home()/xor/NAME/         one folder a run of the small classics
home()/experiments/NAME/ one folder an experiment
home()/last-run          path of the newest run's folder
home()/last-model        path of the model that `predict` takes
home()/last-trained      path of the one that `teach` takes, which was not taught
"""

import os
from contextlib import suppress
from pathlib import Path

import platformdirs

from mnistnet.errors import DataError
from mnistnet.files import is_left, remove_leftovers, write_text

PACKAGE = Path(__file__).parent
GROWING = ("mnist", "sets", "runs", "xor", "experiments", "reports")
"""Folders in home() that are written into by many commands, and their folders."""


def home() -> Path:
    """The folder for everything kept: MNISTNET_HOME where it is set, else the user's data folder.

    Not the system's cache folder, which clean-up tools empty: trained models live here too. Raises DataError where the
    system knows no such folder, as for a user without a home.
    """
    named = os.environ.get("MNISTNET_HOME")
    try:
        return Path(named).absolute() if named else platformdirs.user_data_path("mnistnet", appauthor=False)
    except RuntimeError as error:
        raise DataError(f"no home folder is known ({error}); set MNISTNET_HOME to a folder") from error


def shipped(name: str) -> Path:
    """A file that comes with mnistnet: in the package's `shipped/`, or in a checkout's `models/`.

    Raises DataError if it is in neither.
    """
    candidates = [PACKAGE / "shipped" / name, PACKAGE.parent / "models" / name]
    for path in candidates:
        if path.is_file():
            return path
    raise DataError(f"{name} is missing from {candidates[0].parent}; install mnistnet again")


def remember(what: str, path: Path) -> None:
    """Note a path under `last-run`, `last-model` or `last-trained`, and clear the home on that occasion. Raises
    OutputError."""
    write_text(home() / what, f"{path.absolute()}\n", overwrite=True)
    clear_home()


def clear_home() -> None:
    """Remove what processes left in home() that were killed: temporary files, and beginnings of files that are there.

    Into the folder of a run nobody else ever writes, who would see to it.
    """
    for kind in GROWING:
        for folder, _, names in os.walk(home() / kind):
            remove_leftovers(Path(folder))
            for part in [Path(folder, name) for name in names if name.endswith(".part")]:
                with suppress(OSError):
                    if part.with_suffix("").is_file() and is_left(part):
                        part.unlink()


def recall(what: str) -> Path | None:
    """The path noted under `last-run` or `last-model`; None where there is none, or nothing stands there any more."""
    try:
        text = (home() / what).read_text(encoding="utf-8", errors="surrogateescape").removesuffix("\n")
        return Path(text) if text and Path(text).exists() else None
    except (OSError, ValueError, DataError):  # no note, or one that holds no path
        return None

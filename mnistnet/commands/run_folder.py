"""Run folder: what a training leaves behind beside its model."""

import itertools
import json
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.commands import STARTED
from mnistnet.data.mnist import Dataset, Examples
from mnistnet.errors import OutputError
from mnistnet.evaluation.report import FIGURES, Report, find_mistakes, make_report
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, Provenance
from mnistnet.places import home, remember
from mnistnet.training.augmentation import Warps, warped
from mnistnet.training.settings import Settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MISTAKES_DRAWN = 40
WARPED = 8
"""How often each digit of warps.png is warped."""


def require_room(run_dir: Path | None, output: Path | None, *, overwrite: bool) -> list[Path]:
    """Raise OutputError where something that will be written cannot be, rather than after the training.

    None is a new folder in the user's runs, and a model in the run's folder. Returns what will be written, resolved.
    """
    folder = run_dir or home() / "runs" / "new"
    paths = [output or folder / "model.npz", *(folder / name for name in ("report.json", *FIGURES))]
    for path in paths:
        require_writable(path, overwrite=overwrite)
    for note in ("last-run", "last-model"):
        require_writable(home() / note, overwrite=True)
    return [path.resolve() for path in paths]


def new_folder(kind: str, *, instead: str) -> Path:
    """A new folder in home()/kind, named by the time. Raises OutputError, which tells the option that helps instead."""
    runs = home() / kind
    name = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    try:
        for number in itertools.count(1):
            with suppress(FileExistsError):
                folder = runs / f"{name}-{number}"
                folder.mkdir(parents=True)
                break
    except OSError as error:
        raise OutputError(f"cannot make a folder in {runs}: {error.strerror}; pass {instead}") from error
    return folder


def save_run(model: Model, output: Path, answers: Floats, dataset: Dataset, folder: Path, *, overwrite: bool) -> Report:
    """Write the figures and report.json into the run's folder, and note it as the last run."""
    from mnistnet.evaluation.figures import save_figure  # matplotlib starts slowly: after training, not before

    mistakes = find_mistakes(answers, dataset.test.labels)
    figures = draw_figures(model.provenance, mistakes[:MISTAKES_DRAWN], dataset)
    for name in FIGURES:
        if name in figures:
            save_figure(figures[name], folder / name, overwrite=overwrite)
        elif overwrite:
            (folder / name).unlink(missing_ok=True)  # another run's
    seconds = time.perf_counter() - STARTED
    report = make_report(model, path=str(output), seconds=seconds, mistakes=mistakes)
    write_text(folder / "report.json", json.dumps(report, indent=1), overwrite=overwrite)
    remember("last-run", folder)
    return report


def draw_figures(facts: Provenance, mistakes: list[dict[str, Any]], dataset: Dataset) -> "dict[str, Figure]":
    """Those of FIGURES that there is something to draw for."""
    from mnistnet.evaluation import digit_figures, figures, training_figures

    images = dataset.test.images[[mistake["index"] for mistake in mistakes]]
    drawn = {
        "confusion.png": figures.confusion_figure(np.array(facts.confusion)),
        "curves.png": figures.curves_figure(facts.epochs, facts.best_epoch, facts.settings),
        "mistakes.png": digit_figures.mistakes_figure(images, mistakes),
    }
    if any(epoch["layers"] for epoch in facts.epochs):
        drawn["watch.png"] = training_figures.watch_figure(facts.epochs)
    settings = Settings.from_json(facts.settings)
    if settings.warps:
        digits, rows = warped_digits(dataset.learning, settings.warps, rng=np.random.default_rng(settings.seed))
        drawn["warps.png"] = digit_figures.warps_figure(rows, digits, facts.settings)
    return drawn


def warped_digits(examples: Examples, warps: Warps, *, rng: np.random.Generator) -> tuple[list[int], Floats]:
    """The digits that there are, and (digits, 1 + WARPED, 784): an example of each as it is, and warped."""
    digits = np.unique(examples.labels)
    chosen = [rng.choice(np.flatnonzero(examples.labels == digit)) for digit in digits]
    originals = examples.images[chosen]
    others = warped(np.repeat(originals, WARPED, axis=0), warps, rng=rng)
    rows = np.concatenate([originals[:, None], others.reshape(len(digits), WARPED, -1)], axis=1)
    return digits.tolist(), rows

"""Run folder: what a training leaves behind beside its model."""

import itertools
import json
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.commands import STARTED
from mnistnet.data.mnist import Dataset
from mnistnet.errors import OutputError
from mnistnet.evaluation.report import FIGURES, Report, find_mistakes, make_report
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model
from mnistnet.places import home, remember

MISTAKES_DRAWN = 40


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
    from mnistnet.evaluation import figures, training_figures  # matplotlib starts slowly: after training, not before

    facts = model.provenance
    mistakes = find_mistakes(answers, dataset.test.labels)
    drawn = mistakes[:MISTAKES_DRAWN]
    images = dataset.test.images[[mistake["index"] for mistake in drawn]]
    drawings = [
        figures.confusion_figure(np.array(facts.confusion)),
        figures.curves_figure(facts.epochs, facts.best_epoch, facts.settings),
        figures.mistakes_figure(images, drawn),
    ]
    if any(epoch["layers"] for epoch in facts.epochs):
        drawings.append(training_figures.watch_figure(facts.epochs))
    for name, figure in zip(FIGURES, drawings, strict=False):
        figures.save_figure(figure, folder / name, overwrite=overwrite)
    report = make_report(facts, model=str(output), seconds=time.perf_counter() - STARTED, mistakes=mistakes)
    write_text(folder / "report.json", json.dumps(report, indent=1), overwrite=overwrite)
    remember("last-run", folder)
    return report

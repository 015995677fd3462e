"""Run folder: what a training leaves behind beside its model."""

import itertools
import json
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from mnistnet.commands.config_file import CONFIG
from mnistnet.commands.models import MODEL, REPORT, file_sha256
from mnistnet.commands.report_files import write_page
from mnistnet.data.mnist import Dataset
from mnistnet.errors import OutputError
from mnistnet.evaluation.calibration import Judgement
from mnistnet.evaluation.report import Report, make_report
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, save_model
from mnistnet.places import home, remember

PAGE = "report.html"


def require_room(run_dir: Path | None, output: Path | None, *, overwrite: bool) -> list[Path]:
    """Raise OutputError where something that will be written cannot be, rather than after the training.

    None is a new folder in the user's runs, and a model in the run's folder. Returns what will be written, resolved.
    """
    folder = run_dir or home() / "runs" / "new"
    paths = [output or folder / MODEL, folder / REPORT, folder / PAGE, folder / CONFIG]
    for path in paths:
        require_writable(path, overwrite=overwrite)
    for note in ("last-run", "last-model", "last-trained"):
        require_writable(home() / note, overwrite=True)
    return [path.resolve() for path in paths]


def new_folder(kind: str, *, instead: str) -> Path:
    """A new folder in home()/kind, named by the time. Raises OutputError, which tells the option that helps instead."""
    runs = home() / kind
    name = now().strftime("%Y-%m-%d-%H%M%S")
    try:
        for number in itertools.count(1):
            with suppress(FileExistsError):
                folder = runs / f"{name}-{number}"
                folder.mkdir(parents=True)
                break
    except OSError as error:
        raise OutputError(f"cannot make a folder in {runs}: {error.strerror}; pass {instead}") from error
    return folder


def now() -> datetime:
    """The time, as the user's clock has it."""
    return datetime.now().astimezone()


def save_run(
    model: Model,
    output: Path,
    judgement: Judgement,
    dataset: Dataset,
    folder: Path,
    *,
    config: str | None,
    started: float,
    overwrite: bool,
) -> Report:
    """Write the model to output, and report.json, its page and run.toml into the folder, and note it as the last run.

    config is what run.toml says, None for none; started is when it began, by time.perf_counter.
    """
    save_model(model, output, overwrite=overwrite)
    if model.is_usual:
        remember("last-model", output)
        if not model.provenance.taught:
            remember("last-trained", output)
    report = make_report(
        model,
        path=str(output),
        sha256=file_sha256(output),
        judgement=judgement,
        labels=dataset.test.labels,
        trained=now().isoformat(timespec="seconds"),
        seconds=time.perf_counter() - started,
    )
    write_text(folder / REPORT, json.dumps(report), overwrite=overwrite)
    write_page(folder / PAGE, report, model, dataset, overwrite=overwrite)
    if config:
        write_text(folder / CONFIG, config, overwrite=overwrite)
    remember("last-run", folder)
    return report

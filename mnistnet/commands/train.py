"""`mnistnet train`: from the data to a tested model and its report."""

import argparse
import itertools
import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import numpy as np

from mnistnet.arrays import Floats
from mnistnet.commands import STARTED, UsageError, filled_path, printable
from mnistnet.commands.data import add_source_options, obtain_dataset
from mnistnet.commands.progress import TrainingBar
from mnistnet.data.mnist import Dataset
from mnistnet.errors import OutputError
from mnistnet.evaluation.report import FIGURES, Report, find_mistakes, headline, make_report
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, require_usable, save_model
from mnistnet.nn.optimizers import OPTIMIZERS
from mnistnet.places import home, remember
from mnistnet.training.recipes import Settings
from mnistnet.training.run import Training, tested_model, train_network
from mnistnet.training.trainer import Epoch

DEFAULTS = Settings()
MISTAKES_DRAWN = 40


def build_parser() -> argparse.ArgumentParser:
    """The options of training, with their defaults read from Settings."""
    parser = argparse.ArgumentParser(
        prog="mnistnet train",
        description="Train a network on MNIST, test it once, and save the model and its report.",
        epilog="example: mnistnet train --hidden 800 --optimizer adam --epochs 20 --output my_model.npz",
    )
    rates = ", ".join(f"{name} {kind.usual_learning_rate:g}" for name, kind in OPTIMIZERS.items())
    hidden = ",".join(map(str, DEFAULTS.hidden))
    add = parser.add_argument
    add("--hidden", type=layer_sizes, default=DEFAULTS.hidden, metavar="N,N", help=f"units a hidden layer ({hidden})")
    for name, kind, text in (
        ("epochs", int, "passes over the training images"),
        ("batch_size", int, "images a step"),
        ("label_smoothing", float, "share of each label that goes to all digits alike"),
        ("seed", int, "same seed, same machine, same number of threads: same bits"),
    ):
        option = f"--{name.replace('_', '-')}"
        add(option, type=kind, default=getattr(DEFAULTS, name), metavar="N", help=f"{text} (%(default)s)")
    add("--optimizer", choices=OPTIMIZERS, default=DEFAULTS.optimizer, help="how steps are taken (%(default)s)")
    add("--learning-rate", type=float, metavar="X", help=f"peak of the cosine schedule ({rates})")
    add_source_options(parser)
    add("--output", type=filled_path, metavar="FILE.npz", help="where the model goes (model.npz in the run's folder)")
    add(
        "--run-dir",
        type=filled_path,
        metavar="DIR",
        help="where report and figures go (a new folder in MNISTNET_HOME/runs)",
    )
    add("--force", action="store_true", help="replace files that are there already")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def layer_sizes(text: str) -> tuple[int, ...]:
    """Whole numbers with commas between."""
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected whole numbers such as 512,256, got {text!r}") from None


def run(args: argparse.Namespace) -> int:
    """Train, test, save, report; 130 if Ctrl-C made it partial."""
    settings = read_settings(args)
    require_room(args)
    dataset = obtain_dataset(args)
    with ctrl_c_restored():
        training = train_with_bar(dataset, settings, quiet=args.quiet)
        ignore_ctrl_c()
        model, answers = tested_model(training, dataset)
        folder = args.run_dir.absolute() if args.run_dir else new_run_folder()
        output = args.output.absolute() if args.output else folder / "model.npz"
        save_model(model, output, overwrite=args.force)
        if model.provenance.is_whole:
            remember("last-model", output)
        report = save_run(model, output, answers, dataset, folder, overwrite=args.force)
    show(report, folder, as_json=args.json)
    return 130 if model.provenance.partial else 0


def train_with_bar(dataset: Dataset, settings: Settings, *, quiet: bool) -> Training:
    """Train, and show how it goes; Ctrl-C ends it early, but not any more when the last epoch is done."""
    images = len(dataset.learning.labels)
    bar = TrainingBar(epochs=settings.epochs, images=images - settings.validation_images(images), quiet=quiet)

    def on_epoch(epoch: Epoch) -> None:
        if epoch.number == settings.epochs:
            ignore_ctrl_c()
        bar.on_epoch(epoch)

    with bar.progress:
        return train_network(dataset, settings, on_batch=bar.on_batch, on_epoch=on_epoch)


def ignore_ctrl_c() -> None:
    """From now on what was trained is tested and saved, which takes seconds: nothing is gained by stopping it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def ctrl_c_restored() -> Iterator[None]:
    """Put Ctrl-C back to what it did before, however the block ends."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def read_settings(args: argparse.Namespace) -> Settings:
    """The settings that the options name. Raises UsageError for values that make no sense."""
    try:
        named = {field.name: getattr(args, field.name) for field in fields(Settings) if field.name in args}
        settings = Settings(**named)
        require_usable(settings.network())
    except ValueError as error:
        raise UsageError(f"train: {error}") from error
    if args.output and args.output.suffix != ".npz":
        raise UsageError(f"train: expected --output to end in .npz, got {args.output}")
    return settings


def require_room(args: argparse.Namespace) -> None:
    """Raise OutputError where something that will be written cannot be, rather than after the training."""
    folder = args.run_dir or home() / "runs" / "new"
    for path in (args.output or folder / "model.npz", *(folder / name for name in ("report.json", *FIGURES))):
        require_writable(path, overwrite=args.force)
    for note in ("last-run", "last-model"):
        require_writable(home() / note, overwrite=True)


def new_run_folder() -> Path:
    """A new folder in the user's runs, named by the time. Raises OutputError."""
    runs = home() / "runs"
    name = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    try:
        for number in itertools.count(1):
            with suppress(FileExistsError):
                folder = runs / f"{name}-{number}"
                folder.mkdir(parents=True)
                break
    except OSError as error:
        raise OutputError(f"cannot make a folder in {runs}: {error.strerror}; pass --run-dir") from error
    return folder


def save_run(model: Model, output: Path, answers: Floats, dataset: Dataset, folder: Path, *, overwrite: bool) -> Report:
    """Write the figures and report.json into the run's folder, and note it as the last run."""
    from mnistnet.evaluation import figures  # matplotlib takes its time to start: after training, not before

    facts = model.provenance
    mistakes = find_mistakes(answers, dataset.test.labels)
    drawn = mistakes[:MISTAKES_DRAWN]
    images = dataset.test.images[[mistake["index"] for mistake in drawn]]
    for name, figure in zip(
        FIGURES,
        (
            figures.confusion_figure(np.array(facts.confusion)),
            figures.curves_figure(facts.epochs, facts.best_epoch),
            figures.mistakes_figure(images, drawn),
        ),
        strict=True,
    ):
        figures.save_figure(figure, folder / name, overwrite=overwrite)
    report = make_report(facts, model=str(output), seconds=time.perf_counter() - STARTED, mistakes=mistakes)
    write_text(folder / "report.json", json.dumps(report, indent=1), overwrite=overwrite)
    remember("last-run", folder)
    return report


def show(report: Report, folder: Path, *, as_json: bool) -> None:
    """Print the result."""
    if as_json:
        names = ("test_accuracy", "test_errors", "test_images", "seconds", "dataset", "notice", "partial", "model")
        print(json.dumps({name: report[name] for name in names} | {"run": str(folder)}))
        return
    print(headline(report))
    print(f"\nModel   {printable(report['model'])}\nReport  {printable(str(folder))}  (`mnistnet report` shows it)")
    print(f"{report['seconds']:.1f} s")

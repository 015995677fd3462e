"""`mnistnet train`: from the data to a tested model and its report."""

import argparse
import json
import time
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import numpy as np

from mnistnet.arrays import CLASSES, SIDE
from mnistnet.commands import UsageError
from mnistnet.commands.data import add_source_options, obtain_dataset
from mnistnet.commands.progress import TrainingBar
from mnistnet.data.mnist import Dataset, split
from mnistnet.evaluation.report import Report, find_mistakes, headline, make_report
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, save_model
from mnistnet.nn.network import Network, initial_params
from mnistnet.nn.optimizers import OPTIMIZERS
from mnistnet.places import home, remember
from mnistnet.training.recipes import Settings
from mnistnet.training.run import keep_best, test_model
from mnistnet.training.trainer import fit

DEFAULTS = Settings()
FIGURES = ("confusion.png", "curves.png", "mistakes.png")
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
    add("--learning-rate", type=positive, default=0.0, metavar="X", help=f"peak of the cosine schedule ({rates})")
    add_source_options(parser)
    add("--output", type=Path, metavar="FILE.npz", help="where the model goes (model.npz in the run's folder)")
    add("--run-dir", type=Path, metavar="DIR", help="where report and figures go (a new folder in MNISTNET_HOME/runs)")
    add("--force", action="store_true", help="replace files that are there already")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def layer_sizes(text: str) -> tuple[int, ...]:
    """Comma-separated whole numbers."""
    return tuple(int(size) for size in text.split(","))


def positive(text: str) -> float:
    """A number above 0."""
    value = float(text)
    if not value > 0:
        raise ValueError
    return value


def run(args: argparse.Namespace) -> int:
    """Train, test, save, report; 130 if Ctrl-C made it partial."""
    started = time.perf_counter()
    settings = read_settings(args)
    folder = (args.run_dir or new_run_folder()).absolute()
    output = (args.output or folder / "model.npz").absolute()
    for path in (output, *(folder / name for name in ("report.json", *FIGURES))):
        require_writable(path, overwrite=args.force)
    dataset = obtain_dataset(args)

    model, answers = train_and_test(dataset, settings, quiet=args.quiet)
    save_model(model, output, overwrite=args.force)
    if model.provenance.dataset == "mnist" and not model.provenance.partial:
        remember("last-model", output)
    mistakes = find_mistakes(answers, dataset.test.labels)
    report = make_report(model.provenance, model=str(output), seconds=time.perf_counter() - started, mistakes=mistakes)
    save_run(report, dataset, folder, overwrite=args.force)
    show(report, folder, as_json=args.json)
    return 130 if model.provenance.partial else 0


def read_settings(args: argparse.Namespace) -> Settings:
    """The settings that the options name. Raises UsageError for values that make no sense."""
    try:
        return Settings(**{field.name: getattr(args, field.name) for field in fields(Settings) if field.name in args})
    except ValueError as error:
        raise UsageError(f"train: {error}") from error


def new_run_folder() -> Path:
    """A folder in the user's runs that does not exist yet, named by the time."""
    name = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    runs = home() / "runs"
    return next(path for number in range(1, 1000) if not (path := runs / f"{name}-{number}").exists())


def train_and_test(dataset: Dataset, settings: Settings, *, quiet: bool) -> tuple[Model, np.ndarray]:
    """The trained and tested model, with its probabilities for the test images."""
    rng = np.random.default_rng(settings.seed)
    train, validation = split(
        dataset.learning, validation=round(settings.validation * len(dataset.learning.labels)), rng=rng
    )
    network = Network((SIDE * SIDE, *settings.hidden, CLASSES))
    params = initial_params(network, rng=rng)
    bar = TrainingBar(epochs=settings.epochs, images=len(train.labels), quiet=quiet)
    with bar.progress:
        epochs = fit(network, params, train, validation, settings, rng=rng, on_batch=bar.on_batch)
        outcome = keep_best(epochs, params, on_epoch=bar.on_epoch)
    return test_model(network, params, dataset, settings, outcome, validation_images=len(validation.labels))


def save_run(report: Report, dataset: Dataset, folder: Path, *, overwrite: bool) -> None:
    """Write report.json and the figures into the run's folder, and note it as the last run."""
    from mnistnet.evaluation import figures  # matplotlib takes its time to start: after training, not before

    drawn = report["mistakes"][:MISTAKES_DRAWN]
    images = dataset.test.images[[mistake["index"] for mistake in drawn]]
    confusion = np.array(report["confusion"])
    write_text(folder / "report.json", json.dumps(report, indent=1), overwrite=overwrite)
    for name, figure in zip(
        FIGURES,
        (
            figures.confusion_figure(confusion),
            figures.curves_figure(report["epochs"], report["best_epoch"]),
            figures.mistakes_figure(images, drawn),
        ),
        strict=True,
    ):
        figures.save_figure(figure, folder / name, overwrite=overwrite)
    remember("last-run", folder)


def show(report: Report, folder: Path, *, as_json: bool) -> None:
    """Print the result."""
    if as_json:
        names = ("test_accuracy", "test_errors", "test_images", "seconds", "dataset", "notice", "partial", "model")
        print(json.dumps({name: report[name] for name in names} | {"run": str(folder)}))
        return
    print(headline(report))
    print(f"\nModel   {report['model']}\nReport  {folder}  (`mnistnet report` shows it)")
    print(f"{report['seconds']:.1f} s")

"""`mnistnet train`: from the data to a tested model and its report."""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from mnistnet.commands import STARTED, UsageError, filled_path, printable, show_error
from mnistnet.commands.cluster import add_scheduler_option
from mnistnet.commands.config_file import config_text, data_named, use_config
from mnistnet.commands.data import add_source_options, obtain_dataset
from mnistnet.commands.options import add_recipe_options, make_settings, named_settings
from mnistnet.commands.other_data import suit
from mnistnet.commands.progress import TrainingBar
from mnistnet.commands.run_folder import PAGE, new_folder, require_room, save_run
from mnistnet.commands.seeds import require_plain, train_seeds
from mnistnet.data.mnist import Dataset
from mnistnet.errors import OutputError
from mnistnet.evaluation.report import Report
from mnistnet.evaluation.report_text import headline
from mnistnet.files import require_writable
from mnistnet.processes import ctrl_c_restored, ignore_ctrl_c
from mnistnet.training.checkpoint import (
    Checkpoint,
    changed_versions,
    read_checkpoint,
    require_same,
    restore,
    save_checkpoint,
)
from mnistnet.training.environment import has_spare_core, usable_cores, usual_threads
from mnistnet.training.recipes import RECIPES
from mnistnet.training.run import Training, tested_model, train_network
from mnistnet.training.settings import Settings
from mnistnet.training.state import State
from mnistnet.training.trainer import is_finished

DEFAULT_RECIPE = "standard"


def build_parser() -> argparse.ArgumentParser:
    """The options of training, with their defaults read from the recipe."""
    parser = argparse.ArgumentParser(
        prog="mnistnet train",
        description="Train a network on MNIST, test it once, and save the model and its report.",
        epilog="example: mnistnet train --hidden 800 --optimizer adam --epochs 20 --output my_model.npz",
    )
    add_recipe_options(parser, recipe=DEFAULT_RECIPE)
    add_source_options(parser)
    add = parser.add_argument
    add(
        "--config",
        type=filled_path,
        metavar="FILE.toml",
        help="settings to begin with instead of a recipe, as a run leaves them in run.toml; options win over it",
    )
    add("--output", type=filled_path, metavar="FILE.npz", help="where the model goes (model.npz in the run's folder)")
    add(
        "--run-dir",
        type=filled_path,
        metavar="DIR",
        help="where report and figures go (a new folder in MNISTNET_HOME/runs)",
    )
    add("--force", action="store_true", help="replace files that are there already")
    add(
        "--threads",
        type=int,
        metavar="N",
        help=f"cores to multiply on, 1 to {usable_cores()} (all; of more than two, one less with warps)",
    )
    add(
        "--checkpoint",
        type=filled_path,
        metavar="FILE",
        help="save the training under way here, to go on if it is stopped",
    )
    add(
        "--checkpoint-every",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how often (%(default)s)",
    )
    add("--resume", type=filled_path, metavar="FILE", help="go on from this checkpoint, with its settings")
    add(
        "--seeds",
        type=int,
        metavar="N",
        help="train N times, from --seed on, and report mean, spread and interval; what --run-dir holds already is not "
        "done again",
    )
    add_scheduler_option(parser, what="train the --seeds side by side")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Read the settings, and train on as many threads as they ask for."""
    settings, checkpoint = read_settings(args)
    threads = args.threads or usual_threads(noisy=settings.noisy)
    with threadpool_limits(threads or None, user_api="blas"):
        if args.seeds is not None:
            dataset = obtain_dataset(args)
            return train_seeds(suit(settings, dataset, args), dataset, args, train=partial(train, args))
        settings, dataset = prepare(args, settings, checkpoint)
        report, folder = train(args, settings, dataset, args.run_dir, checkpoint)
    show(report, folder, as_json=args.json)
    if report["partial"] and (path := checkpoint_path(args)):
        show_error(f"go on with --resume {path}")
    return 130 if report["partial"] else 0


def prepare(args: argparse.Namespace, settings: Settings, checkpoint: Checkpoint | None) -> tuple[Settings, Dataset]:
    """Make sure that what will be written can be, and get the data and the settings for it. Raises OutputError,
    UsageError and CheckpointError rather than after the training."""
    written = require_room(args.run_dir, args.output, overwrite=args.force)
    if (path := checkpoint_path(args)) and path.resolve() in written:
        raise UsageError(f"train: the checkpoint {path} would stand where the model or its report goes; name another")
    if args.checkpoint and not (args.resume and args.checkpoint.absolute() == args.resume.absolute()):
        instead = f"go on from it with --resume {args.checkpoint}"
        require_writable(args.checkpoint, overwrite=args.force, instead=instead)
    dataset = obtain_dataset(args)
    if not checkpoint:
        return suit(settings, dataset, args), dataset
    require_same(checkpoint, settings, dataset.sha256)
    if changes := changed_versions(checkpoint):
        show_error(f"NOTICE: {changes}: the result may differ from that of an unbroken run")
    return settings, dataset


def train(
    args: argparse.Namespace,
    settings: Settings,
    dataset: Dataset,
    folder: Path | None,
    checkpoint: Checkpoint | None = None,
) -> tuple[Report, Path]:
    """Train, test, save: the report and the run's folder, a new one where it is None."""
    started = time.perf_counter()
    with ctrl_c_restored():
        training = train_with_bar(dataset, settings, checkpoint, args)
        ignore_ctrl_c()  # what follows takes seconds: nothing is gained by stopping it
        model, judgement = tested_model(training, dataset)
        folder = folder.absolute() if folder else new_folder("runs", instead="--run-dir")
        output = args.output.absolute() if args.output else folder / "model.npz"
        config = config_text(model.provenance, named=data_named(args, dataset))
        report = save_run(
            model, output, judgement, dataset, folder, config=config, started=started, overwrite=args.force
        )
    return report, folder


def train_with_bar(
    dataset: Dataset, settings: Settings, checkpoint: Checkpoint | None, args: argparse.Namespace
) -> Training:
    """Train, and show how it goes; Ctrl-C ends it early, but not any more when the last epoch is done."""
    images = settings.examples(len(dataset.learning.labels))
    bar = TrainingBar(settings, images=images, quiet=args.quiet)
    path = checkpoint_path(args)
    save = partial(save_checkpoint, path, settings=settings, data_sha256=dataset.sha256) if path else None

    def go_on(state: State) -> None:
        if checkpoint:
            restore(checkpoint, state, examples=images)
            bar.go_on(state)
        if save:
            save(state)

    def on_epoch(state: State) -> None:
        if is_finished(state, settings):
            ignore_ctrl_c()
            if save:
                every(0, save)(state)
        bar.on_epoch(state)

    with bar.progress:
        return train_network(
            dataset,
            settings,
            ahead=settings.noisy and has_spare_core(),
            restore=go_on,
            before_batch=every(args.checkpoint_every, save) if save else None,
            on_batch=bar.on_batch,
            on_epoch=on_epoch,
        )


def checkpoint_path(args: argparse.Namespace) -> Path | None:
    """Where the training under way is saved: where it was asked for, else in the file that it goes on from."""
    path: Path | None = args.checkpoint or args.resume
    return path


def every(seconds: float, save: Callable[[State], None]) -> Callable[[State], None]:
    """save, but only when so much time has passed since the last; a failure is told, and training goes on."""
    saved_at = time.monotonic()

    def save_when_due(state: State) -> None:
        nonlocal saved_at
        if time.monotonic() - saved_at >= seconds:
            try:
                save(state)
            except OutputError as error:
                show_error(f"{error}; training goes on without a new checkpoint")
            saved_at = time.monotonic()

    return save_when_due


def read_settings(args: argparse.Namespace) -> tuple[Settings, Checkpoint | None]:
    """The settings that the options name, and the checkpoint to go on from.

    Raises UsageError for what makes no sense, CheckpointError for a checkpoint that cannot be read.
    """
    configured = use_config(args)
    if args.output and args.output.suffix != ".npz":
        raise UsageError(f"train: expected --output to end in .npz, got {args.output}")
    if not args.checkpoint_every > 0:  # nor nan
        raise UsageError(f"train: expected --checkpoint-every to be seconds above 0, got {args.checkpoint_every:g}")
    if args.threads is not None and not 1 <= args.threads <= usable_cores():
        raise UsageError(f"train: expected --threads to be from 1 to {usable_cores()}, got {args.threads}")
    require_plain(args)
    checkpoint = read_checkpoint(args.resume) if args.resume else None
    base = checkpoint.settings if checkpoint and not args.recipe else RECIPES[args.recipe or DEFAULT_RECIPE]
    if configured:
        base = make_settings(base, configured, command=f"train: {args.config}")
    return make_settings(base, named_settings(args), command="train"), checkpoint


def show(report: Report, folder: Path, *, as_json: bool) -> None:
    """Print the result."""
    seconds = round(time.perf_counter() - STARTED, 2)
    if as_json:
        names = ("test_accuracy", "test_errors", "test_images", "dataset", "notice", "partial", "model")
        print(json.dumps({name: report[name] for name in names} | {"run": str(folder), "seconds": seconds}))
        return
    print(headline(report))
    print(
        f"\nModel   {printable(report['model'])}\nReport  {printable(str(folder / PAGE))}  (`mnistnet report --open`)"
    )
    print(f"{seconds:.1f} s")

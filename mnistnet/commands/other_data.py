"""Other data: what the options name that say what to learn from instead of MNIST."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mnistnet.arrays import LEAST_SIDE, MOST_SIDE, SIDE
from mnistnet.commands import UsageError, show_error
from mnistnet.commands.options import OPTIONS, named_settings, require_usable_with
from mnistnet.data.address import is_url
from mnistnet.data.class_names import parse_names
from mnistnet.data.idx_set import TRANSPOSED, find_set
from mnistnet.data.mnist import Dataset
from mnistnet.data.sources import SAMPLE, Source, load_source
from mnistnet.errors import DataError
from mnistnet.evaluation.report_text import DATASETS
from mnistnet.model_file import Model
from mnistnet.places import home
from mnistnet.training.recipes import suited
from mnistnet.training.settings import Settings


def add_other_options(parser: argparse.ArgumentParser) -> None:
    """--classes, --transposed and --side, beside --data."""
    add = parser.add_argument
    add(
        "--classes",
        type=class_names,
        metavar="A,B,C",
        help="names of its classes, in order (a classes.txt beside the files, well-known ones, names of folders)",
    )
    add(
        "--transposed",
        action=argparse.BooleanOptionalAction,
        help="the files have columns where rows should be (those whose names begin with emnist- have)",
    )
    add(
        "--side",
        type=int,
        metavar="N",
        help=f"make labelled pictures N x N pixels, {LEAST_SIDE} to {MOST_SIDE} ({SIDE})",
    )


def class_names(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    try:
        return parse_names(text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def source_of(args: argparse.Namespace) -> Source | None:
    """The data that the options of add_source_options name; None for MNIST. Raises UsageError."""
    if not args.data and (args.classes or args.transposed is not None or args.side is not None):
        raise UsageError("--classes, --transposed and --side are for other data than MNIST: name them with --data")
    if args.side is not None and not LEAST_SIDE <= args.side <= MOST_SIDE:
        raise UsageError(f"expected --side from {LEAST_SIDE} to {MOST_SIDE}, got {args.side}")
    return Source(args.data, args.classes, args.transposed, args.side) if args.data else None


def source_of_tests(model: Model, data: str | None) -> Source | None:
    """Where a model's test images are, by what is named for them; None for MNIST. Raises DataError where that has to
    be named."""
    facts = model.provenance
    if not data and facts.dataset not in DATASETS:
        raise DataError(f"the model was trained on {facts.dataset}: name that with --data, as in its training")
    if not data:
        return Source(SAMPLE) if facts.dataset == SAMPLE else None
    transposed = any(name.endswith(TRANSPOSED) for name in facts.data_sha256)
    return Source(data, model.tested_classes, transposed, model.image_format.side)


def sets() -> Path:
    """The folder of other sets that were downloaded, each in one of its own."""
    return home() / "sets"


def load_shown(source: Source, *, quiet: bool) -> Dataset:
    """The data named, while progress is shown where that takes long."""
    if source.where == SAMPLE or (not is_url(source.where) and find_set(Path(source.where))):
        return load_source(source, sets())
    from mnistnet.commands.progress import DownloadBar, PictureBar  # rich, only where it is needed

    received, seen = DownloadBar(quiet=quiet), PictureBar(quiet=quiet)
    if is_url(source.where):
        with received.progress:
            return load_source(source, sets(), on_bytes=received.on_bytes)
    with seen.progress:
        return load_source(source, sets(), on_picture=seen.on_picture)


def suit(settings: Settings, dataset: Dataset, args: argparse.Namespace, *, varied: Sequence[str] = ()) -> Settings:
    """The settings for this data, without what the recipe has for handwriting where it has none; that is told, unless
    args are quiet. Raises TrainingError, UsageError."""
    fit = suited(settings, dataset, named=[*named_settings(args), *varied])
    require_usable_with(fit, dataset)
    left = [f"--{name.replace('_', '-')}" for name in OPTIONS if getattr(fit, name) != getattr(settings, name)]
    if left and not args.quiet:
        what = "of digits as MNIST's" if dataset.has_strokes else "handwriting"
        show_error(f"NOTICE: {dataset.name} is not {what}, so the recipe is taken without {' '.join(left)}")
    return fit

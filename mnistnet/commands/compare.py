"""`mnistnet compare`: several models on the same pictures, and whether one is really better."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from mnistnet.arrays import side_of
from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.data import add_test_options, obtain_named
from mnistnet.commands.models import label_kind, model_path
from mnistnet.commands.other_data import source_of_tests
from mnistnet.data.folder import find_pictures, label_folder, name_in
from mnistnet.data.mnist import Dataset
from mnistnet.data.sources import SAMPLE
from mnistnet.errors import DataError
from mnistnet.evaluation.calibration import judge
from mnistnet.evaluation.comparison import Comparison, Contestant, compare, comparison_text
from mnistnet.evaluation.report_text import DATASETS
from mnistnet.explain import as_image
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, load_model
from mnistnet.pages import picture_uri, png_uri
from mnistnet.reader import Reader
from mnistnet.vision.image_file import open_colours, open_picture

THUMBNAIL = 160
"""Longer side of a picture on the page, in pixels."""
MOST_MODELS = 10
"""Each is compared with each."""
OF_MNIST = f"test images of {DATASETS['mnist']}"
ROUNDS = 3
"""How often each model's time is taken, in turns with the others."""


class Entry(NamedTuple):
    """A model that takes part."""

    name: str
    path: Path
    model: Model

    def contestant(self, answers: Sequence[str], seconds: float) -> Contestant:
        """It, with what it answered."""
        parameters, size = self.model.params.flat.size, self.path.stat().st_size
        return Contestant(self.name, answers, seconds, parameters, size, self.model.provenance.notice)


class Result(NamedTuple):
    """A comparison, and what shows the pictures in it."""

    comparison: Comparison
    picture: Callable[[int | str], str]
    """From what a comparison calls it to an address that holds it."""
    errors: list[str]
    """Pictures that could not be read, and why."""


def build_parser() -> argparse.ArgumentParser:
    """The options of comparing."""
    parser = argparse.ArgumentParser(
        prog="mnistnet compare",
        description="Put the same pictures before several models: the difference with its interval, McNemar's exact "
        "test, size and speed, and the pictures that they answer differently.",
        epilog="example: mnistnet compare shipped my_model.npz --html compared.html",
    )
    add = parser.add_argument
    add(
        "models",
        nargs="+",
        type=filled,
        metavar="MODEL",
        help="two or more of: a model file, a run's folder, `shipped`, `last` (the last run)",
    )
    add(
        "--on",
        type=filled_path,
        metavar="FOLDER",
        help="your own labelled pictures, as for `mnistnet evaluate` (MNIST's test images)",
    )
    add_test_options(parser)
    add("--html", type=filled_path, metavar="FILE", help="write a page that shows the pictures answered differently")
    add("--force", action="store_true", help="replace FILE if it is there already")
    add("--json", action="store_true", help="print the comparison as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Compare; 1 if any picture could not be read."""
    if not 2 <= len(args.models) <= MOST_MODELS:
        raise UsageError(f"compare: expected 2 to {MOST_MODELS} models, got {len(args.models)}")
    if args.on and (args.data or args.mirror):
        raise UsageError("compare: --data and --mirror are about MNIST's test images: pass them or --on")
    if args.html:
        require_writable(args.html, overwrite=args.force)
    paths = list(map(model_path, args.models))
    entries = [Entry(name, path, load_model(path)) for name, path in zip(args.models, paths, strict=True)]
    require_same_kind(entries)
    comparison, picture, errors = compare_on_folder(entries, args.on) if args.on else compare_on_tests(entries, args)
    if args.html:
        from mnistnet.evaluation.comparison_page import comparison_page

        page = comparison_page(comparison, picture, digits=not args.on, disputed=comparison["of"] == OF_MNIST)
        write_text(args.html, page, overwrite=args.force)
    print(json.dumps(comparison) if args.json else "\n".join(map(printable, describe(comparison, args.html))))
    for error in errors:
        show_error(error)
    return 1 if errors else 0


def describe(comparison: Comparison, page: Path | None) -> list[str]:
    """The lines to print."""
    last = f"Page     {page}" if page else "`--html FILE` shows these pictures"
    return [*comparison_text(comparison).splitlines(), *([last] if comparison["differ"] or page else [])]


def compare_on_tests(entries: Sequence[Entry], args: argparse.Namespace) -> Result:
    """The comparison on the test images of MNIST, or on the sample's if all models were trained on it."""
    from mnistnet.commands.scorecard import LEARNT, is_learnt

    dataset = obtain_compared([entry.model for entry in entries], args)
    test = dataset.test
    rounds = [[read_tests(entry.model, dataset) for entry in entries] for _ in range(ROUNDS)]
    seconds = [median(times) for times in zip(*([time for _, time in one] for one in rounds), strict=True)]
    contestants = [
        entry.contestant(said, time) for entry, (said, _), time in zip(entries, rounds[0], seconds, strict=True)
    ]
    learnt = [entry.name for entry in entries if is_learnt(entry.model, dataset)]
    comparison = compare(
        contestants,
        [dataset.classes[label] for label in test.labels],
        range(len(test.labels)),
        of=f"test images of {DATASETS.get(dataset.name, dataset.name)}",
        notice=f"{', '.join(learnt)}: {LEARNT}" if learnt else "",
    )
    return Result(comparison, lambda index: digit_uri(dataset, int(index)), [])


def obtain_compared(models: Sequence[Model], args: argparse.Namespace) -> Dataset:
    """The data named, else MNIST, or the sample if all models were trained on it. Raises DataError."""
    of_data = [model.provenance.dataset for model in models]
    which = min(range(len(models)), key=lambda place: (of_data[place] in DATASETS) + (of_data[place] == SAMPLE))
    model = models[which]  # where there is one of other data, this has to be named
    dataset = obtain_named(source_of_tests(model, args.data), args)
    if (dataset.image_format, dataset.classes) != (model.image_format, model.classes):
        raise DataError(
            f"the models read other pictures or classes than those of {dataset.name}; name others with --data"
        )
    return dataset


def require_same_kind(entries: Sequence[Entry]) -> None:
    """Raise DataError unless all models tell the same classes apart, in pictures of the same format."""
    first, *others = entries
    for other in others:
        if (other.model.classes, other.model.image_format) != (first.model.classes, first.model.image_format):
            raise DataError(
                f"{first.name} reads {kind_text(first.model)}, {other.name} {kind_text(other.model)}: compare models "
                "of the same kind"
            )


def kind_text(model: Model) -> str:
    """What a model reads, in short."""
    side = model.image_format.side
    return f"{', '.join(model.classes):.60} in {side} x {side} pixels"


def read_tests(model: Model, dataset: Dataset) -> tuple[list[str], float]:
    """A model's answers to the test images, and how many seconds they took."""
    started = time.perf_counter()
    judgement = judge(model.network, model.params, model.calibration, dataset.test.images)
    seconds = time.perf_counter() - started
    return [model.classes[number] for number in judgement.probabilities.argmax(axis=1)], seconds


def digit_uri(dataset: Dataset, index: int) -> str:
    """A test image, ink white on black, as an address that holds it."""
    side = side_of(dataset.test.images)
    return png_uri(as_image(dataset.test.images[index].reshape(side, side), (side, side)))


def compare_on_folder(entries: Sequence[Entry], folder: Path) -> Result:
    """The comparison on a user's own labelled pictures, each of which all models read before the next."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; name one with labelled pictures")
    labelled = label_folder(folder, find_pictures(str(folder)), label_kind(entries[0].model)).pictures
    readers, seconds = [Reader(entry.model) for entry in entries], [0.0] * len(entries)
    answers: list[list[str]] = [[] for _ in entries]
    read, errors = [], []
    for picture in labelled:
        readings, times = [], []
        with suppress(OSError):
            picture.path.read_bytes()  # else the first to open it would pay for its way from the disk
        for reader in readers:
            started = time.perf_counter()
            readings.append(reader.try_read(picture.path, name=name_in(folder, picture.path)))
            times.append(time.perf_counter() - started)
        if readings[0].error:
            errors.append(readings[0].error)
            continue
        seconds = [total + time for total, time in zip(seconds, times, strict=True)]
        read.append(picture)
        for of_model, reading in zip(answers, readings, strict=True):
            of_model.append(reading.digits)
    if not read:
        raise DataError(f"none of the {len(labelled):,} pictures in {folder} can be read: {errors[0]}")
    comparison = compare(
        [entry.contestant(said, time) for entry, said, time in zip(entries, answers, seconds, strict=True)],
        [picture.label for picture in read],
        [name_in(folder, picture.path) for picture in read],
        of=f"pictures in {folder}",
        notice="",
    )
    paths = {name_in(folder, picture.path): picture.path for picture in read}
    return Result(comparison, lambda name: thumbnail(paths[str(name)]), errors)


def thumbnail(path: Path) -> str:
    """A user's picture, small, as an address that holds it."""
    image = open_colours(path, name=path.name)
    if image is None:
        grey = open_picture(path, name=path.name).grey
        image = as_image(grey, (grey.shape[1], grey.shape[0]))
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    return picture_uri(image, most=8_000)

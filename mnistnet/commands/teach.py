"""`mnistnet teach`: a model learns the user's own pictures besides."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.data import add_test_options, obtain_tested
from mnistnet.commands.models import MODEL, file_sha256, find_model
from mnistnet.commands.progress import LessonBar, PictureBar
from mnistnet.commands.run_folder import PAGE, new_folder, require_room, save_run
from mnistnet.data.folder import find_pictures
from mnistnet.data.mnist import Dataset
from mnistnet.data.picture_set import load_lesson
from mnistnet.errors import DataError
from mnistnet.evaluation.report import Report
from mnistnet.evaluation.report_text import DATASETS, percent
from mnistnet.model_file import Model
from mnistnet.nn.network import Network, Params, forward
from mnistnet.places import home, recall
from mnistnet.training.teaching import (
    FORGOTTEN,
    Lesson,
    count_wrong,
    make_lesson,
    settings_for,
    taught_model,
    teach,
)

Counts = dict[str, int]
"""How many are right of the pictures learned, of those kept aside, and of the old data's test images."""


def build_parser() -> argparse.ArgumentParser:
    """The options of teaching."""
    parser = argparse.ArgumentParser(
        prog="mnistnet teach",
        description="Have a model learn your own labelled pictures of single digits, or of signs with names of their "
        "own, without forgetting what it knew. Some of them are kept aside to tell when it is enough. The model is "
        "left as it is; what it became is a new one.",
        epilog="example: mnistnet teach my_digits --model shipped",
    )
    add = parser.add_argument
    add(
        "folder",
        type=filled_path,
        nargs="?",
        metavar="FOLDER",
        help="the pictures, labelled as for `mnistnet evaluate` (the drawings that were named on the page)",
    )
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what is taught, a run's folder, `last` or `shipped` (the one you trained last, else the shipped)",
    )
    add_test_options(parser)
    add("--output", type=filled_path, metavar="FILE.npz", help="where the model goes (model.npz in the run's folder)")
    add("--run-dir", type=filled_path, metavar="DIR", help="where the report goes (a new folder in MNISTNET_HOME/runs)")
    add("--seed", type=int, default=0, metavar="N", help="of the random numbers (%(default)s)")
    add("--force", action="store_true", help="replace files that are there already")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Teach, test and save."""
    started = time.perf_counter()
    if args.output and args.output.suffix != ".npz":
        raise UsageError(f"teach: expected --output to end in .npz, got {args.output}")
    if args.seed < 0:
        raise UsageError(f"teach: expected --seed to be 0 or more, got {args.seed}")
    require_room(args.run_dir, args.output, overwrite=args.force)
    path, model = find_model(args.model or untaught())
    if args.output or args.run_dir:
        output = args.output or args.run_dir / MODEL
        if output.resolve() == path.resolve():
            raise UsageError(f"teach: {path} is what is taught, and is kept: name another --output or --run-dir")
    pictures = load_pictures(args.folder or home() / "personal", model, quiet=args.quiet)
    old = obtain_tested(model, args, path=str(path))
    lesson, settings = make_lesson(model, pictures, old), settings_for(model, pictures, seed=args.seed)
    bar = LessonBar(settings, lesson, DATASETS.get(old.name, old.name), quiet=args.quiet)
    with bar.progress:
        taught = teach(model.network, model.params, lesson, settings, on_marks=bar.on_marks)
    result = {
        "taught_from": str(path),
        "learned": len(lesson.new.labels),
        "kept_aside": len(lesson.new_aside.labels),
        "new_classes": list(pictures.classes[len(model.classes) :]),
        "dataset": old.name,
        "test_images": len(old.test.labels),
        "before": count_right(model.network, model.params, lesson, old),
        "after": count_right(taught.network, taught.params, lesson, old),
        "epochs": [marks._asdict() for marks in taught.marks],
        "chosen_epoch": taught.chosen.epoch,
        "model": None,
        "run": None,
    }
    report = None
    if taught.chosen.epoch:
        digest = file_sha256(path)
        new, judgement = taught_model(model, taught, lesson, pictures, old, settings, from_sha256=digest)
        folder = args.run_dir.absolute() if args.run_dir else new_folder("runs", instead="--run-dir")
        output = args.output.absolute() if args.output else folder / MODEL
        report = save_run(new, output, judgement, old, folder, config=None, started=started, overwrite=args.force)
        result |= {"model": report["model"], "run": str(folder), "is_usual": new.is_usual}
        result["after"] = count_right(new.network, new.params, lesson, old)  # rounded, where the model's were
    print(json.dumps(result) if args.json else describe(result, report))
    return 0


def untaught() -> str:
    """The model that was trained last, else the shipped one: none that was taught, so that whoever has more pictures
    than before begins anew with all of them."""
    trained = recall("last-trained")
    return str(trained) if trained and trained.is_file() else "shipped"


def load_pictures(folder: Path, model: Model, *, quiet: bool) -> Dataset:
    """The pictures to learn, while progress is shown; what was left out is told. Raises DataError."""
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}; name one with labelled pictures, or name drawings on the page")
    seen, files = PictureBar(quiet=quiet), find_pictures(str(folder))
    with seen.progress:
        pictures = load_lesson(
            folder,
            files,
            known=model.classes,
            image_format=model.image_format,
            name=printable(folder.resolve().name),
            on_picture=seen.on_picture,
        )
    if pictures.notice:
        show_error(f"NOTICE: {pictures.notice}")
    return pictures


def count_right(network: Network, params: Params, lesson: Lesson, old: Dataset) -> Counts:
    """What a network reads right; nothing of classes that it does not have."""
    parts = {"learned": lesson.new, "kept_aside": lesson.new_aside, "test": old.test}
    return {
        name: len(part.labels) - count_wrong(forward(network, params, part.images)[0], part.labels)
        for name, part in parts.items()
    }


def describe(result: dict[str, Any], report: Report | None) -> str:
    """The result in words."""
    old = DATASETS.get(result["dataset"], printable(result["dataset"]))
    rows = [
        ("your pictures, learned", "learned", result["learned"]),
        ("your pictures, kept aside", "kept_aside", result["kept_aside"]),
        (f"test images of {old}", "test", result["test_images"]),
    ]
    lines = [f"{'right':40}{'before':>10}{'after':>10}"]
    for name, key, count in rows:
        if count:
            shares = "".join(f"{percent(result[when][key] / count):>10}" for when in ("before", "after"))
            lines.append(f"{f'{name} ({count:,})':40}{shares}")
    if result["new_classes"]:
        lines.append(f"New classes: {', '.join(result['new_classes'])}")
    forgets = not any(marks["remembers"] for marks in result["epochs"][1:])
    if not report:
        reason = (
            f"too much of {old} is forgotten" if forgets else "the pictures that were kept aside are read no better"
        )
        return "\n".join([*lines, "", f"Nothing is written: after learning, {reason}. More pictures may help."])
    if forgets:
        lines.append(f"NOTICE: for the new classes more of {old} is forgotten than {percent(FORGOTTEN, 1)}")
    lines += ["", f"Model   {printable(report['model'])}"]
    lines += [f"Report  {printable(str(Path(result['run']) / PAGE))}  (`mnistnet report --open`)"]
    lines += [f"Taught  {printable(result['taught_from'])}, which is as it was"]
    if result["is_usual"]:
        lines += ["`predict` and `serve` read with the new one from now on; --model names another"]
    return "\n".join(lines)

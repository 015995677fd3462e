"""`mnistnet evaluate`: how well a user's own labelled pictures are read."""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rich.progress import BarColumn

from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.gallery import Gallery
from mnistnet.commands.models import describe_model, find_model, label_kind
from mnistnet.commands.progress import progress_bar
from mnistnet.data.folder import (
    LabelledFolder,
    LabelledPicture,
    find_pictures,
    label_folder,
    name_in,
)
from mnistnet.errors import DataError, OutputError
from mnistnet.evaluation.reading_score import Answer, Score, score_answers, score_text
from mnistnet.reader import Reader, Reading

SAID_EVERY = 1000
"""Pictures, after which a line tells how far it is."""
MOST_EXPLAINED = 200


def build_parser() -> argparse.ArgumentParser:
    """The options of scoring."""
    parser = argparse.ArgumentParser(
        prog="mnistnet evaluate",
        description="Score the reading of your own labelled pictures. A folder's labels come from labels.csv "
        "(file,label and any other columns), else from text files (anna.txt beside anna.png), else from sub-folders "
        "(3/anna.png), else from file names (3_anna.png). A label of several digits is a number; `none` means that "
        "there is no digit.",
        epilog="example: mnistnet evaluate my_pictures --by writer",
    )
    add = parser.add_argument
    add("folder", type=filled_path, metavar="FOLDER", help="the labelled pictures, and all below it")
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what to read with, a run's folder, `last` or `shipped` (the one you trained last, else the shipped)",
    )
    add(
        "--by",
        type=filled,
        metavar="COLUMN",
        help="a row for each value of this column of labels.csv, or for each `folder` (kind, if there is one)",
    )
    add(
        "--explain",
        type=filled_path,
        metavar="DIR",
        help=f"write into this new folder a picture of what was seen in each misread one, the surest mistakes first "
        f"(at most {MOST_EXPLAINED})",
    )
    add("--single", action="store_true", help="take all that is in a picture for one digit")
    add("--json", action="store_true", help="print the score as one line of JSON, with every misread picture")
    add("--quiet", action="store_true", help="do not show progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Score a folder; 1 if any of its pictures could not be read."""
    if not args.folder.is_dir():
        raise DataError(f"{args.folder} is not a folder; name one with labelled pictures")
    path, model = find_model(args.model)
    labelled = label_folder(args.folder, find_pictures(str(args.folder)), label_kind(model))
    by = choose_column(labelled, args.by)
    reader = Reader(model, single=args.single)
    gallery = open_gallery(args.explain, reader, scored=args.folder) if args.explain else None
    pairs = list(read_labelled(labelled.pictures, args.folder, reader, quiet=args.quiet))
    answers = [as_answer(picture, reading, by) for picture, reading in pairs if not reading.error]
    score = score_answers(answers, model.classes)
    failed = [reading for _, reading in pairs if reading.error]
    result = score | {
        "folder": str(args.folder),
        "labels_from": labelled.labels_from,
        "model": str(path),
        "by": by,
        "unreadable": [{"file": reading.file, "error": reading.error} for reading in failed],
        "without_label": [name_in(args.folder, file) for file in labelled.without_label],
    }
    if gallery:
        explain_misread(result["misread"], pairs, gallery, quiet=args.quiet)
        result["explained"] = {"folder": str(args.explain), "pictures": len(gallery.taken)}
    if args.json:
        print(json.dumps(result))
    else:
        show(result, about_model=describe_model(path, model))
    return 1 if failed else 0


def show(result: Score, *, about_model: str) -> None:
    """The score as text, and on standard error what could not be read."""
    folder, left_out = printable(result["folder"]), result["without_label"]
    pictures = f"{result['pictures']:,} picture{'s' * (result['pictures'] != 1)}"
    print(f"{pictures} in {folder}, labels from {result['labels_from']}")
    print(score_text(result, by=result["by"], printable=printable) + "\n")
    if "explained" in result:
        print(explained_text(result["explained"], misread=len(result["misread"])))
    if left_out:
        print(f"Left out for want of a label: {len(left_out):,}, such as {printable(left_out[0])}")
    print(printable(about_model), flush=True)
    for failure in result["unreadable"]:
        show_error(failure["error"])


def explained_text(explained: dict[str, Any], *, misread: int) -> str:
    """Where the explanations are, and of which pictures."""
    if not misread:
        return "Nothing to explain: no picture is misread"
    count = explained["pictures"]
    which = f"all {misread:,}" if count == misread else f"the first {count:,} of {misread:,}"
    return f"Explained: {which} misread pictures, in {printable(explained['folder'])}"


def as_answer(picture: LabelledPicture, reading: Reading, by: str) -> Answer:
    """What the score needs to know."""
    group = picture.columns.get(by, "")
    return Answer(reading.file, picture.label, reading.digits, reading.confidence, reading.sure, group)


def choose_column(labelled: LabelledFolder, name: str | None) -> str:
    """The column that parts the pictures into groups; "" for none. Raises DataError."""
    columns = list(labelled.pictures[0].columns)
    if name is None:
        return "kind" if "kind" in columns else ""
    if name.lower() not in columns:
        raise DataError(f"--by {name}: there is no such column; choose from {', '.join(columns)}")
    return name.lower()


def read_labelled(
    pictures: list[LabelledPicture], folder: Path, reader: Reader, *, quiet: bool
) -> Iterator[tuple[LabelledPicture, Reading]]:
    """Each picture with what is read in it, while progress is shown."""
    with progress_bar(BarColumn(), quiet=quiet) as progress:
        task = progress.add_task("reading", total=len(pictures))
        for done, picture in enumerate(pictures, start=1):
            yield picture, reader.try_read(picture.path, name=name_in(folder, picture.path))
            progress.update(task, completed=done)
            if done % SAID_EVERY == 0:
                progress.console.print(f"read {done:,} of {len(pictures):,} pictures")


def open_gallery(folder: Path, reader: Reader, *, scored: Path) -> Gallery:
    """An empty gallery: the names tell the mistakes' order, so that those of two scores must not mix."""
    if scored.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise UsageError(f"evaluate: --explain {folder} is in the folder that is scored; name one elsewhere")
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError(f"{folder} is not empty; name a new folder for the explanations")
    return Gallery(folder, reader, overwrite=False)


def explain_misread(
    misread: list[dict[str, Any]],
    pairs: Iterable[tuple[LabelledPicture, Reading]],
    gallery: Gallery,
    *,
    quiet: bool,
) -> None:
    """Put the misread pictures into the gallery, under names such as 001_4_as_9_anna, while progress is shown."""
    paths = {reading.file: picture.path for picture, reading in pairs}
    with progress_bar(BarColumn(), quiet=quiet) as progress:
        explained = progress.track(misread[:MOST_EXPLAINED], description="explaining")
        for rank, answer in enumerate(explained, start=1):
            file, label, digits = answer["file"], answer["label"], answer["digits"]
            under = f"{rank:03}_{label or 'none'}_as_{digits or 'none'}_{Path(file).stem}"
            gallery.add(paths[file], file, under=under, label=label)

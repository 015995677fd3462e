"""`mnistnet predict`: the digits in pictures."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from mnistnet.arrays import DIGITS
from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.cluster import add_scheduler_option
from mnistnet.commands.models import describe_model, find_model
from mnistnet.data.folder import SUFFIXES, find_pictures
from mnistnet.data.picture_sources import content_of, find_picture_sources
from mnistnet.errors import OutputError, PictureError
from mnistnet.files import require_writable, write_text
from mnistnet.reader import Reader, Reading, percent
from mnistnet.table import forget_growing
from mnistnet.vision.image_file import MAX_BYTES

CLOSE = 0.1
"""A runner-up of at least this probability is told."""


class Read(Protocol):
    """Reads a picture file or its bytes, as Reader.try_read does."""

    def __call__(self, source: Path | bytes, *, name: str) -> Reading:
        """An error is in the reading."""


def build_parser() -> argparse.ArgumentParser:
    """The options of reading."""
    parser = argparse.ArgumentParser(
        prog="mnistnet predict",
        description="Read the digits in a picture: PNG, JPEG, BMP, GIF, WebP or TIFF, dark on light or light on dark.",
        epilog="example: mnistnet predict my_digit.png scans --csv answers.csv",
    )
    add = parser.add_argument
    add(
        "inputs",
        nargs="+",
        type=filled,
        metavar="PICTURE",
        help="a file, a folder and all below it, a pattern such as '*.png', a URL of these such as s3://bucket/scans, "
        "or -",
    )
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what to read with, a run's folder, `last` or `shipped` (the one you trained last, else the shipped)",
    )
    add("--single", action="store_true", help="take all that is in a picture for one digit")
    add("--json", action="store_true", help="print one JSON object a picture, one a line")
    add("--csv", type=filled_path, metavar="FILE", help="write the answers as a table too")
    add(
        "--workers",
        type=int,
        metavar="N",
        help="read any number of pictures in so many processes, into the table of --csv alone; the same command goes "
        "on where it was stopped",
    )
    add_scheduler_option(parser, what="the same, instead of --workers,")
    add(
        "--explain",
        type=filled_path,
        metavar="DIR",
        help="write a picture for each of what was seen: the ink, each digit as the network sees it, the "
        "probabilities, and which pixels spoke for the answer",
    )
    add("--force", action="store_true", help="replace FILE, and pictures in DIR, where they are there already")
    add("--quiet", action="store_true", help="do not say which model reads")
    return parser


def run(args: argparse.Namespace) -> int:
    """Read every input; 1 if any could not be read."""
    if args.csv:
        if args.explain and args.explain.resolve() in (args.csv.resolve(), *args.csv.resolve().parents):
            raise UsageError(f"predict: --csv {args.csv} is in the folder of --explain; name another")
        if args.csv.suffix.lower() in (*SUFFIXES, ".npz") or str(args.csv) in args.inputs:
            raise UsageError(f"predict: expected --csv to be a table and no picture or model, got {args.csv}")
        forget_growing(args.csv)
        require_writable(args.csv, overwrite=args.force)
    if args.workers is not None or args.scheduler:
        from mnistnet.commands.bulk import read_to_table  # processes and progress

        return read_to_table(args)
    path, model = find_model(args.model)
    if sys.stderr.isatty() and not args.quiet:
        print(printable(describe_model(path, model)), file=sys.stderr)
    reader = Reader(model, single=args.single)
    read: Read = reader.try_read
    if args.explain:
        read = open_gallery(args.explain, args.inputs, reader, overwrite=args.force)
    readings = []
    for reading in read_all(args.inputs, read):
        readings.append(reading)
        if args.json:
            print(json.dumps(reading.as_json()), flush=True)
        else:
            show(reading, model.classes, name_it=args.inputs != [reading.file])
    if args.csv:
        write_csv(readings, args.csv, overwrite=args.force)
    return 1 if any(reading.error for reading in readings) else 0


def open_gallery(folder: Path, inputs: list[str], reader: Reader, *, overwrite: bool) -> Read:
    """What reads with reader and leaves explanations in folder. Raises UsageError, OutputError."""
    from mnistnet.commands.gallery import Gallery, require_apart  # rarely wanted: fonts and drawing

    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise OutputError(f"{folder} is not empty; name a new folder for the explanations, or pass --force")
    for text in inputs:
        with suppress(OSError):  # such as a name that is too long, which is told when it is read
            require_apart(folder, find_pictures(text))
    return Gallery(folder, reader, overwrite=overwrite).try_read


def read_all(inputs: list[str], read: Read) -> Iterator[Reading]:
    """A reading for every input, in order."""
    for text in inputs:
        try:
            yield from read_one(text, read)
        except OSError as error:
            yield Reading(text, error=f"cannot read {text}: {error.strerror or error}")


def read_one(text: str, read: Read) -> Iterator[Reading]:
    """The readings for one argument."""
    if text == "-":
        yield read(standard_input(), name="-")
        return
    for name, error in find_picture_sources(text):
        yield Reading(name, error=error) if error else read_source(name, read)


def standard_input() -> bytes:
    """What is piped in, which may never end: no more of it than a picture may have."""
    return sys.stdin.buffer.read(MAX_BYTES) if sys.stdin else b""


def read_source(name: str, read: Read) -> Reading:
    """The reading of a picture's path or URL."""
    try:
        return read(content_of(name, folder=Path()), name=name)
    except PictureError as error:
        return Reading(name, error=str(error))


def show(reading: Reading, classes: Sequence[str], *, name_it: bool) -> None:
    """One line a picture."""
    if reading.error:
        show_error(reading.error)
        return
    print((f"{printable(reading.file)}: " if name_it else "") + printable(answer(reading, classes)), flush=True)


def answer(reading: Reading, classes: Sequence[str]) -> str:
    """The digits, or other class, with their confidence, and the runner-up where it is close; or why there are none."""
    if not reading.digits:
        nothing = "no digit" if tuple(classes) == DIGITS else "nothing"
        return f"{nothing} ({'; '.join(reading.warnings)})"
    words = [f"{reading.digits}  {percent(reading.confidence)}"]
    if not reading.sure:
        words.append("unsure")
    if len(reading.parts) == 1:
        ranked = sorted(enumerate(reading.parts[0].probabilities), key=lambda pair: -pair[1])
        digit, probability = ranked[1]
        if probability >= CLOSE:
            words.append(f"or {classes[digit]} ({percent(probability)})")
    return "  ".join(words + [f"({warning})" for warning in reading.warnings])


def write_csv(readings: list[Reading], path: Path, *, overwrite: bool) -> None:
    """One row a picture."""
    from mnistnet.table import COLUMNS, as_csv, rows_of

    write_text(path, as_csv(COLUMNS) + rows_of(readings).text, overwrite=overwrite)

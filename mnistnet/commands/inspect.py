"""`mnistnet inspect`: what goes on inside the network while it reads a picture.

With `--json` it prints one line with what the page says: what `predict --json` prints of the picture, and

    page            the file that was written
    model           the model's file
    parts[]         each digit, in reading order, has besides
      runner_up     the digit with the second highest logit, and `runner_up_label`, its name
      layers[]      each hidden layer, the first first: how many `units` it has, how many are `active`, and the
                    `strongest`: each `unit`'s number, from 0, its `output`, and what it `adds` to the logit of the
                    digit less that of the runner-up
      needed        what the runner-up would have needed: whether it was `reached`, how much ink was `added` and
                    `removed`, as shares of the digit's ink, and the runner-up's `probability` then
"""

import argparse
import json
from pathlib import Path
from typing import Any

from mnistnet.commands import UsageError, filled, filled_path, printable
from mnistnet.commands.browser import open_page
from mnistnet.commands.gallery import cut_name
from mnistnet.commands.inside_page import make_page, tell_change
from mnistnet.commands.models import describe_model, find_model
from mnistnet.commands.predict import answer, standard_input
from mnistnet.files import require_writable, write_text
from mnistnet.inspection import DigitInside, look_inside
from mnistnet.model_file import Model
from mnistnet.reader import Reader, Reading, percent
from mnistnet.vision.image_file import open_colours


def build_parser() -> argparse.ArgumentParser:
    """The options of looking inside."""
    parser = argparse.ArgumentParser(
        prog="mnistnet inspect",
        description="Show what goes on inside the network while it reads a picture, on one HTML page: each layer's "
        "activations, the strongest units with what they look for, the pixels that spoke for and against the answer, "
        "and what the runner-up would have needed.",
        epilog="example: mnistnet inspect my_digit.png --open",
    )
    add = parser.add_argument
    add("picture", type=filled, metavar="IMAGE", help="a picture file, or - for standard input")
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what to read with, a run's folder, `last` or `shipped` (the one you trained last, else the shipped)",
    )
    add(
        "--output",
        type=filled_path,
        metavar="FILE.html",
        help="the page to write (IMAGE's name with -inside.html, in the current folder)",
    )
    add("--single", action="store_true", help="take all that is in the picture for one digit")
    add("--open", action="store_true", help="show the page in a browser")
    add("--force", action="store_true", help="replace FILE.html if it is there already")
    add("--json", action="store_true", help="print what the page says as one line of JSON")
    add("--quiet", action="store_true", help="do not say what was written")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the page, and tell what is on it."""
    path = page_path(args)
    require_writable(path, overwrite=args.force)
    source = standard_input() if args.picture == "-" else Path(args.picture)
    model_path, model = find_model(args.model)
    inspection = Reader(model, single=args.single).inspect(source, name=args.picture)
    colours = open_colours(source, name=args.picture)
    reading = inspection.reading
    insides = [look_inside(model, part, image) for part, image in zip(reading.parts, inspection.images, strict=True)]
    page = make_page(inspection, insides, colours=colours, model=describe_model(model_path, model))
    write_text(path, page, overwrite=args.force)
    if args.json:
        print(json.dumps(as_json(path, model_path, reading, insides)))
    elif not args.quiet:
        print("\n".join(map(printable, describe(path, reading, insides, model))))
    if args.open:
        open_page(path)
    return 0


def page_path(args: argparse.Namespace) -> Path:
    """Where the page goes. Raises UsageError where that is the picture's own place, or no HTML file."""
    path: Path | None = args.output
    if path is None:
        stem = "standard-input" if args.picture == "-" else Path(args.picture).stem
        return Path(f"{cut_name(stem)}-inside.html")
    if path.suffix != ".html":
        raise UsageError(f"inspect: expected --output FILE.html, got --output {path}")
    if args.picture != "-" and path.resolve() == Path(args.picture).resolve():
        raise UsageError(f"inspect: --output {path} is the picture itself; name another file")
    return path


def as_json(path: Path, model_path: Path, reading: Reading, insides: list[DigitInside]) -> dict[str, Any]:
    """What the page says, as JSON values."""
    values = reading.as_json()
    parts = [part | inside.as_json() for part, inside in zip(values["parts"], insides, strict=True)]
    return values | {"parts": parts, "page": str(path), "model": str(model_path)}


def describe(path: Path, reading: Reading, insides: list[DigitInside], model: Model) -> list[str]:
    """The lines for the terminal."""
    lines = [f"wrote {path}", answer(reading, model.classes)]
    for number, inside in enumerate(insides, start=1):
        who = f"digit {number}, {inside.part.label}: " if len(insides) > 1 else ""
        lines += [f"{who}{line}" for line in describe_digit(inside)]
    return lines


def describe_digit(inside: DigitInside) -> list[str]:
    """The runner-up, how many units are active, and what the runner-up would have needed."""
    active = [
        f"{layer.active:,} of {len(layer.outputs):,} in layer {number}"
        for number, layer in enumerate(inside.layers, start=1)
    ]
    return [
        f"runner-up {inside.rival} ({percent(inside.part.probabilities[inside.runner_up])})",
        f"active units: {', '.join(active)}",
        tell_change(inside),
    ]

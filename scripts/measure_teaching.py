"""How much teaching helps with real handwriting: a few pictures a digit of one source are learned, its others tested.

    python scripts/measure_teaching.py PICTURES --model shipped --splits 20 --json teaching.json

PICTURES is a folder with a labels.csv, each of its sub-folders a source. Of a source with at least 60 single digits as
many pictures of each digit as `--each` says, or all but one, are taught to the model in each split, others each time;
the rest is read before and after, each picture as one digit. MNIST's test images are read, too. Nothing is saved.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mnistnet.arrays import DIGITS, MNIST_FORMAT
from mnistnet.commands import exit_status
from mnistnet.commands.data import cache
from mnistnet.commands.models import find_model
from mnistnet.data.folder import find_pictures, label_folder
from mnistnet.data.mnist import Dataset, load_folder
from mnistnet.data.picture_set import Taken, as_examples, dataset_of, take_all
from mnistnet.model_file import Model
from mnistnet.nn.network import Network, Params, forward
from mnistnet.training.teaching import count_wrong, make_lesson, settings_for, teach

LEAST = 60
"""Pictures of a source."""
Row = dict[str, Any]


def sources_in(folder: Path) -> dict[str, list[Taken]]:
    """The pictures of single digits, by source."""
    labelled = label_folder(folder, find_pictures(str(folder))).pictures
    by_source = defaultdict(list)
    for picture in labelled:
        if picture.label in DIGITS:
            by_source[picture.columns["folder"]].append(picture)
    large = {name: pictures for name, pictures in sorted(by_source.items()) if len(pictures) >= LEAST}
    return {name: take_all(pictures, folder, MNIST_FORMAT, None)[0] for name, pictures in large.items()}


def divide(taken: Sequence[Taken], *, each: int, rng: np.random.Generator) -> tuple[list[Taken], list[Taken]]:
    """So many pictures of each digit, or all but one, to learn from; and the others."""
    learned: list[Taken] = []
    for digit in DIGITS:
        of_digit = [one for one in taken if one.label == digit]
        order = rng.permutation(len(of_digit))[: max(0, min(each, len(of_digit) - 1))]
        learned += [of_digit[number] for number in order]
    digests = {one.digest for one in learned}
    return sorted(learned), [one for one in taken if one.digest not in digests]


def measure(model: Model, mnist: Dataset, source: str, taken: Sequence[Taken], *, split: int, each: int) -> Row:
    """Teach once: what is wrong before and after."""
    learned, others = divide(taken, each=each, rng=np.random.default_rng(split))
    pictures = dataset_of(source, learned, DIGITS, MNIST_FORMAT, "")
    tested = as_examples(others, DIGITS, MNIST_FORMAT)
    settings = settings_for(model, pictures, seed=split)
    taught = teach(model.network, model.params, make_lesson(model, pictures, mnist), settings)

    def wrong(network: Network, params: Params) -> tuple[int, int]:
        images = (tested.images, tested.labels), (mnist.test.images, mnist.test.labels)
        new, old = (count_wrong(forward(network, params, one)[0], labels) for one, labels in images)
        return new, old

    before, after = wrong(model.network, model.params), wrong(taught.network, taught.params)
    return {
        "source": source,
        "split": split,
        "learned": len(learned),
        "tested": len(others),
        "epoch": taught.chosen.epoch,
        "wrong": [before[0], after[0]],
        "mnist_wrong": [before[1], after[1]],
    }


def describe(name: str, rows: Sequence[Row]) -> str:
    """One line on some splits."""
    before, after = np.mean([row["wrong"] for row in rows], axis=0)
    old = np.mean([row["mnist_wrong"] for row in rows], axis=0)
    fewer = f"{1 - after / before:+.0%}" if before else "-"
    return (
        f"{name:40.40} tested {np.mean([row['tested'] for row in rows]):5.1f}  wrong {before:5.2f} -> {after:5.2f} "
        f"({fewer} fewer)  MNIST's test {old[0]:.1f} -> {old[1]:.1f}  n = {len(rows)}"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, and show a line for each source and for all."""
    _, model = find_model(args.model)
    mnist = load_folder(Path(args.data) if args.data else cache())
    rows: list[Row] = []
    sources = {name: taken for name, taken in sources_in(args.pictures).items() if args.source in ("", name)}
    for name, taken in sources.items():
        found = [measure(model, mnist, name, taken, split=split, each=args.each) for split in range(args.splits)]
        rows += found
        print(describe(name, found), flush=True)
    print(describe("all", rows))
    if args.json:
        args.json.write_text(json.dumps(rows), encoding="utf-8")
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("pictures", type=Path, metavar="PICTURES")
    add("--model", help="a model file, a run's folder, `last` or `shipped`")
    add("--data", metavar="DIR", help="a folder with the four MNIST files (those downloaded)")
    add("--splits", type=int, default=20, metavar="N", help="(%(default)s)")
    add("--each", type=int, default=5, metavar="N", help="pictures a digit (%(default)s)")
    add("--source", default="", metavar="NAME", help="one sub-folder only")
    add("--json", type=Path, metavar="FILE", help="write every split's figures here")
    return parser


if __name__ == "__main__":
    raise SystemExit(exit_status(lambda: run(build_parser().parse_args())))

"""Try to break what mnistnet promises, and show what came of it: a row for each promise.

python -m pip install -e '.[dev]'
python scripts/torture.py --minutes 10
python scripts/torture.py --parts kills,disks --seed 3 --json torture.json
"""

import argparse
import importlib
import json
import sys
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence

try:
    from mnistnet.commands import exit_status, filled_path, printable
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e '.[dev]'")

from torturing import Budget, Outcome, Part

from mnistnet.commands.options import whole_number
from mnistnet.files import write_text

PARTS = ("kills", "disks", "network", "files", "numbers")
SHOWN = 20
"""Failures of a promise that are shown."""


def main() -> int:
    """Run the trials and return the exit status, as commands do."""
    return exit_status(lambda: run(build_parser().parse_args()))


def build_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="torture.py",
        description="Try to break what mnistnet promises. Exit status 1 where a promise does not hold.",
        epilog="example: python scripts/torture.py --minutes 60 --parts files",
    )
    add = parser.add_argument
    add("--minutes", type=float, default=10, metavar="N", help="in all, about (%(default)g)")
    add("--parts", type=names, default=PARTS, metavar="A,B", help=f"only these of {', '.join(PARTS)}")
    add("--seed", type=whole_number, default=0, metavar="N", help="of the random numbers (%(default)s)")
    add("--json", type=filled_path, metavar="FILE", help="write the outcomes here, too")
    return parser


def names(text: str) -> Sequence[str]:
    """Names of parts, with commas between."""
    found = text.split(",")
    if unknown := [name for name in found if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(PARTS)}, got {unknown[0]!r}")
    return found


def part_named(name: str) -> Part:
    """The part in the module of this name."""
    return Part(name, importlib.import_module(f"torturing.{name}").run)


def run(args: argparse.Namespace) -> int:
    """Try everything; 1 where a promise does not hold."""
    outcomes: list[Outcome] = []
    print("| promise | how it is tried | cases | result |\n|---|---|---|---|")
    for name in args.parts:
        for outcome in outcomes_of(part_named(name), Budget(args.seed, 60 * args.minutes / len(args.parts))):
            outcomes.append(outcome)
            print(row(outcome), flush=True)
            for failure in outcome.failures[:SHOWN]:
                print(f"FAILED: {printable(failure)}", file=sys.stderr)
    if args.json:
        write_text(args.json, json.dumps([outcome._asdict() for outcome in outcomes]), overwrite=True)
    return 1 if any(outcome.failures for outcome in outcomes) else 0


def outcomes_of(part: Part, budget: Budget) -> Iterator[Outcome]:
    """Those of a part; a trial that breaks down itself is one that failed, and costs the other parts nothing."""
    try:
        yield from part.run(budget)
    except Exception as error:
        told = "".join(traceback.format_exception(error)[-2:])
        yield Outcome(f"All trials of {part.name} run", "by running them", 0, [" ".join(told.split())])


def row(outcome: Outcome) -> str:
    """A row of the table."""
    result = f"{len(outcome.failures):,} failed" if outcome.failures else "held" if outcome.cases else "not tried"
    left_out = [f"left out: {count:,}, needs {what}" for what, count in Counter(outcome.left_out).items()]
    return f"| {outcome.promise} | {outcome.tried} | {outcome.cases:,} | {'; '.join([result, *left_out])} |"


if __name__ == "__main__":
    sys.exit(main())

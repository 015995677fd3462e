"""Measure mnistnet's speed on this machine, beside PyTorch, scikit-learn and ONNX Runtime.

python -m pip install -e '.[bench]'
python scripts/benchmark.py
python scripts/benchmark.py --quick --parts training,reading --threads 1 --json figures.json
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

try:
    from mnistnet.commands import UsageError, exit_status, filled_path
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e '.[bench]'")

from benchmarks.comparison import Comparison
from benchmarks.job import QUICK, Job, Work
from benchmarks.machine import environment, header
from benchmarks.parts import PARTS, part_named, threads_of_part
from benchmarks.processes import measure_apart
from benchmarks.tables import part_text

from mnistnet.commands.data import add_source_options, cache, obtain_dataset
from mnistnet.commands.options import whole_number
from mnistnet.files import require_writable, write_text
from mnistnet.training.environment import usable_cores


def main() -> int:
    """Run the benchmark and return the exit status, as commands do."""
    return exit_status(lambda: run(build_parser().parse_args()))


def build_parser() -> argparse.ArgumentParser:
    """The options, with their defaults read from Work."""
    parser = argparse.ArgumentParser(
        prog="benchmark.py",
        description="Measure mnistnet's speed on this machine, beside PyTorch, scikit-learn and ONNX Runtime.",
        epilog="example: python scripts/benchmark.py --quick --parts training,reading --threads 1 --json figures.json",
    )
    add = parser.add_argument
    add("--parts", type=part_names, default=PARTS, metavar="NAME,NAME", help=f"of {', '.join(PARTS)} (all)")
    add("--threads", type=thread_counts, metavar="N,N", help="numbers of threads (1, and 2 where there are two cores)")
    add("--quick", action="store_true", help="a rough answer in two or three minutes, not a quarter of an hour")
    add("--repeats", type=whole_number, metavar="N", help=f"rounds that count ({Work.repeats}; quick {QUICK.repeats})")
    add_source_options(parser)
    add("--json", type=filled_path, metavar="FILE", help="write every figure and the machine's description here")
    add("--figure", type=filled_path, metavar="FILE.png", help="draw here how training time grows")
    add("--force", action="store_true", help="replace files that are there already")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def part_names(text: str) -> list[str]:
    """Names of parts with commas between."""
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"expected names of {', '.join(PARTS)}, got {unknown[0]!r}")
    return list(dict.fromkeys(names))


def thread_counts(text: str) -> list[int]:
    """Whole numbers with commas between; 0 leaves libraries as they are."""
    return list(dict.fromkeys(map(whole_number, text.split(","))))


def run(args: argparse.Namespace) -> int:
    """Measure every part for each number of threads, and show it when it is done."""
    work, threads = work_of(args), threads_of(args)
    parts = {name: part_named(name) for name in args.parts}
    for path in filter(None, (args.json, args.figure)):
        require_writable(path, overwrite=args.force)
    dataset = obtain_dataset(args)
    data = "sample" if dataset.name == "sample" else args.data or str(cache())
    facts = environment() | {"dataset": dataset.name, "command": sys.argv[1:], "work": asdict(work)}
    print(header(facts), flush=True)
    measured: list[Comparison] = []
    try:
        for name, part in parts.items():
            jobs = [Job(name, count, data, work, args.quiet) for count in threads_of_part(name, threads)]
            of_part = [comparison for job in jobs for comparison in measure_apart(job)]
            measured += of_part
            print(f"\n{part_text(part, of_part)}", flush=True)
    finally:  # when a part fails, what the others came to is not lost
        write_results(args, facts, measured)
    return 0


def write_results(args: argparse.Namespace, facts: Mapping[str, object], measured: Sequence[Comparison]) -> None:
    """The files that were asked for, of what was measured."""
    if args.json and measured:
        figures = {"environment": facts, "comparisons": [asdict(comparison) for comparison in measured]}
        write_text(args.json, json.dumps(figures, indent=1) + "\n", overwrite=args.force)
    growth = [comparison for comparison in measured if comparison.part == "growth"]
    if args.figure and growth:
        from benchmarks.growth_figure import growth_figure  # matplotlib, only where it is asked for

        from mnistnet.evaluation.figures import save_figure

        save_figure(growth_figure(growth), args.figure, overwrite=args.force)


def work_of(args: argparse.Namespace) -> Work:
    """How much is measured. Raises UsageError for what makes no sense."""
    if args.repeats is not None and args.repeats < 1:
        raise UsageError(f"benchmark: --repeats must be 1 or more, got {args.repeats}")
    if args.figure and "growth" not in args.parts:
        raise UsageError("benchmark: --figure draws the part growth: add it to --parts")
    if args.figure and args.figure.suffix != ".png":
        raise UsageError(f"benchmark: --figure writes a .png, got {args.figure}")
    if args.json and args.figure and args.json.resolve() == args.figure.resolve():
        raise UsageError(f"benchmark: --json and --figure name the same file, {args.json}")
    work = QUICK if args.quick else Work()
    return replace(work, repeats=args.repeats or work.repeats)


def threads_of(args: argparse.Namespace) -> list[int]:
    """The numbers of threads. Raises UsageError for more than there are cores."""
    cores = usable_cores()
    threads: list[int] = args.threads or [1, 2][:cores]
    for count in threads:
        if not 1 <= count <= cores:
            raise UsageError(f"benchmark: --threads must be from 1 to the {cores} cores of this machine, got {count}")
    return threads


if __name__ == "__main__":
    sys.exit(main())

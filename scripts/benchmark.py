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
from importlib.util import find_spec

try:
    from mnistnet.commands import UsageError, filled_path, show_error
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e '.[bench]'")

from benchmarks.comparison import Comparison
from benchmarks.job import QUICK, Work
from benchmarks.machine import environment, header
from benchmarks.parts import PARTS, PEERS
from benchmarks.processes import measure_apart, measure_here
from benchmarks.tables import part_text

from mnistnet.commands.data import add_source_options, cache, obtain_dataset
from mnistnet.commands.options import number, whole_number
from mnistnet.errors import MnistnetError
from mnistnet.files import require_writable, write_text
from mnistnet.training.environment import usable_cores


def main() -> int:
    """Run the benchmark and return the exit status, as commands do."""
    apart = sys.argv[1:2] == ["--part"]  # one of the processes that run starts
    try:
        if apart:
            measure_here(sys.argv[2])
            return 0
        return run(build_parser().parse_args())
    except KeyboardInterrupt:
        if not apart:
            show_error("stopped")
        return 130
    except UsageError as error:
        show_error(str(error))
        return 2
    except MnistnetError as error:
        show_error(str(error))
        return 1


def build_parser() -> argparse.ArgumentParser:
    """The options, with their defaults read from Work."""
    parser = argparse.ArgumentParser(
        prog="benchmark.py",
        description="Measure mnistnet's speed on this machine, beside PyTorch, scikit-learn and ONNX Runtime.",
        epilog="example: python scripts/benchmark.py --quick --parts training,reading --threads 1 --json figures.json",
    )
    add = parser.add_argument
    add("--parts", type=part_names, default=list(PARTS), metavar="NAME,NAME", help=f"of {', '.join(PARTS)} (all)")
    add("--threads", type=thread_counts, metavar="N,N", help="numbers of threads (1, and 2 where there are two cores)")
    add("--quick", action="store_true", help="a rough answer in two or three minutes, not a quarter of an hour")
    add("--repeats", type=whole_number, metavar="N", help=f"rounds that count ({Work.repeats}; quick {QUICK.repeats})")
    add("--seeds", type=whole_number, metavar="N", help=f"trainings by each recipe ({Work.seeds})")
    add(
        "--limit",
        type=number,
        metavar="SECONDS",
        help=f"of training, after which a recipe is given up ({Work.limit:g}; quick {QUICK.limit:g})",
    )
    add_source_options(parser)
    add("--json", type=filled_path, metavar="FILE", help="write every figure and the machine's description here")
    add("--figure", type=filled_path, metavar="FILE.png", help="draw here how training time grows")
    add("--force", action="store_true", help="replace files that are there already")
    add("--markdown", action="store_true", help="print tables of Markdown")
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
    require_peers(args.parts)
    for path in filter(None, (args.json, args.figure)):
        require_writable(path, overwrite=args.force)
    dataset = obtain_dataset(args)
    data = "sample" if dataset.name == "sample" else args.data or str(cache())
    facts = environment() | {"dataset": dataset.name, "command": sys.argv[1:], "work": asdict(work)}
    print(header(facts), flush=True)
    measured = []
    for name in args.parts:
        part = PARTS[name]
        of_part = [
            comparison
            for count in (threads if part.by_threads else [0])
            for comparison in measure_apart(__file__, name, threads=count, data=data, work=work, quiet=args.quiet)
        ]
        print(f"\n{part_text(part, of_part, markdown=args.markdown)}", flush=True)
        measured += of_part
    write_results(args, facts, measured)
    return 0


def write_results(args: argparse.Namespace, facts: Mapping[str, object], measured: Sequence[Comparison]) -> None:
    """The files that were asked for."""
    if args.json:
        figures = {"environment": facts, "comparisons": [asdict(comparison) for comparison in measured]}
        write_text(args.json, json.dumps(figures, indent=1) + "\n", overwrite=args.force)
    if args.figure:
        from benchmarks.growth_figure import growth_figure  # matplotlib, only where it is asked for

        from mnistnet.evaluation.figures import save_figure

        figure = growth_figure([comparison for comparison in measured if comparison.part == "growth"])
        save_figure(figure, args.figure, overwrite=args.force)


def work_of(args: argparse.Namespace) -> Work:
    """How much is measured. Raises UsageError for what makes no sense."""
    named = {name: value for name in ("repeats", "seeds", "limit") if (value := getattr(args, name)) is not None}
    for name, value in named.items():
        if not 0 < value < float("inf"):
            raise UsageError(f"benchmark: --{name} must be above 0, got {value}")
    if args.figure and "growth" not in args.parts:
        raise UsageError("benchmark: --figure draws the part growth: add it to --parts")
    if args.json and args.json == args.figure:
        raise UsageError(f"benchmark: --json and --figure name the same file, {args.json}")
    return replace(QUICK if args.quick else Work(), **named)


def threads_of(args: argparse.Namespace) -> list[int]:
    """The numbers of threads. Raises UsageError for more than there are cores."""
    cores = usable_cores()
    threads: list[int] = args.threads or [1, 2][:cores]
    for count in threads:
        if not 1 <= count <= cores:
            raise UsageError(f"benchmark: --threads must be from 1 to the {cores} cores of this machine, got {count}")
    return threads


def require_peers(parts: Sequence[str]) -> None:
    """Raise MnistnetError unless what mnistnet is compared with is installed."""
    needing = [name for name in parts if PARTS[name].peers]
    missing = [package for module, package in PEERS.items() if find_spec(module) is None]
    if needing and missing:
        raise MnistnetError(
            f"{', '.join(missing)} missing, for {', '.join(needing)}; install with: "
            "python -m pip install -e '.[bench]', or pass --parts matmul,warps"
        )


if __name__ == "__main__":
    sys.exit(main())

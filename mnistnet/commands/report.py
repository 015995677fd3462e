"""`mnistnet report`: the accuracy report of a run or a model."""

import argparse
import json
from pathlib import Path

from mnistnet.commands import UsageError, filled, printable
from mnistnet.commands.options import whole_number
from mnistnet.errors import RunError
from mnistnet.evaluation.report import FIGURES, Report, make_report, read_report, report_text
from mnistnet.model_file import load_model
from mnistnet.places import recall, shipped

SCORECARD_DIGITS = 200
"""Under a minute on one slow core."""


def build_parser() -> argparse.ArgumentParser:
    """The options of reporting."""
    parser = argparse.ArgumentParser(
        prog="mnistnet report",
        description="Show the accuracy report of the last run, or of the run or model named.",
        epilog="example: mnistnet report my_model.npz",
    )
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        type=filled,
        metavar="RUN|MODEL",
        help="a run's folder, a model file, or `shipped` (the last run)",
    )
    add(
        "--scorecard",
        action="store_true",
        help="show instead how the model reads MNIST's test digits as users have them: small and off-centre, in a "
        "photo, with a thin or a thick pen, on ruled paper ...",
    )
    add("--count", type=whole_number, metavar="N", help=f"test digits on the scorecard ({SCORECARD_DIGITS})")
    add(
        "--data",
        type=filled,
        metavar="DIR",
        help="where the scorecard's digits are: a folder with the four MNIST files, or `sample` (MNIST where it was "
        "downloaded, else the bundled sample)",
    )
    add("--json", action="store_true", help="print the report or the scorecard as one line of JSON")
    add("--quiet", action="store_true", help="do not show the scorecard's progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Show a report, or a scorecard."""
    if args.scorecard:
        from mnistnet.commands.scorecard import show_scorecard  # the reader and rich, only where they are needed

        count = SCORECARD_DIGITS if args.count is None else args.count
        model = find_model(args.source)
        show_scorecard(model, data=args.data, count=count, as_json=args.json, quiet=args.quiet)
        return 0
    if args.count is not None or args.data:
        raise UsageError("report: --count and --data are for --scorecard")
    report, figures = find_report(args.source)
    try:
        text = report_text(report)
    except RunError as error:
        raise RunError(f"{args.source or 'the last run'}: {error}") from error
    if args.json:
        print(json.dumps(report))
    else:
        lines = [*text.splitlines(), *(f"Figure   {path}" for path in figures)]
        print("\n".join(map(printable, lines)))
    return 0


def find_report(source: str | None) -> tuple[Report, list[Path]]:
    """The report that source names and its figures. Raises RunError or ModelError."""
    if source == "shipped":
        return report_of_model(shipped("mnist.npz")), []
    path = Path(source) if source else recall("last-run")
    if path is None:
        raise RunError("there is no run yet; train one with `mnistnet train`, or see `mnistnet report shipped`")
    if not path.exists():
        raise RunError(f"there is no run or model {path}; train one with `mnistnet train`")
    folder = path.parent if path.name == "report.json" else path
    if folder.is_dir():
        return read_report(folder / "report.json"), [folder / name for name in FIGURES if (folder / name).is_file()]
    return report_of_model(path), []


def find_model(source: str | None) -> Path:
    """The model file that source names, or that the run it names has trained. Raises RunError or ModelError."""
    report, _ = find_report(source)
    if not isinstance(report.get("model"), str):
        raise RunError(f"{source or 'the last run'}: the report names no model; train again")
    return Path(report["model"])


def report_of_model(path: Path) -> Report:
    """The report that a model file carries; its mistakes are not told one by one."""
    return make_report(load_model(path), path=str(path))

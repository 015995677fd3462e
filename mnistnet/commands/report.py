"""`mnistnet report`: the accuracy report of a run or a model."""

import argparse
import json
from pathlib import Path

from mnistnet.commands import filled, printable
from mnistnet.errors import RunError
from mnistnet.evaluation.report import FIGURES, Report, make_report, read_report, report_text
from mnistnet.model_file import load_model
from mnistnet.places import recall, shipped


def build_parser() -> argparse.ArgumentParser:
    """The options of reporting."""
    parser = argparse.ArgumentParser(
        prog="mnistnet report",
        description="Show the accuracy report of the last run, or of the run or model named.",
        epilog="example: mnistnet report my_model.npz",
    )
    parser.add_argument(
        "source",
        nargs="?",
        type=filled,
        metavar="RUN|MODEL",
        help="a run's folder, a model file, or `shipped` (the last run)",
    )
    parser.add_argument("--json", action="store_true", help="print the report as one line of JSON")
    return parser


def run(args: argparse.Namespace) -> int:
    """Show a report."""
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


def report_of_model(path: Path) -> Report:
    """The report that a model file carries; its mistakes are not told one by one."""
    return make_report(load_model(path).provenance, model=str(path))

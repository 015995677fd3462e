"""`mnistnet report`: the accuracy report of a run or a model."""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.browser import open_page
from mnistnet.commands.data import add_mirror_option, obtain_tested
from mnistnet.commands.options import whole_number
from mnistnet.commands.report_files import require_figures_writable, write_figures, write_page
from mnistnet.commands.run_folder import PAGE, REPORT
from mnistnet.data.mnist import Dataset
from mnistnet.errors import DataError, ModelError, OutputError, RunError
from mnistnet.evaluation.calibration import judge
from mnistnet.evaluation.reading_score import Score
from mnistnet.evaluation.report import Report, make_report, read_report
from mnistnet.evaluation.report_text import report_text
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, load_model
from mnistnet.places import home, recall, shipped

SCORECARD_DIGITS = 200
"""Under a minute on one slow core."""


class Found(NamedTuple):
    """The report that was asked for."""

    report: Report
    folder: Path | None
    """Its run's,"""
    page: Path | None
    """and the page in it."""


def build_parser() -> argparse.ArgumentParser:
    """The options of reporting."""
    parser = argparse.ArgumentParser(
        prog="mnistnet report",
        description="Show the accuracy report of the last run, or of the run or model named.",
        epilog="example: mnistnet report shipped --html report.html --open",
    )
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        type=filled,
        metavar="RUN|MODEL",
        help="a run's folder, a model file, `shipped`, or `last` for the last run (which is the default)",
    )
    add("--html", type=filled_path, metavar="FILE", help="write the page: one file, which needs nothing else")
    add("--open", action="store_true", help="show the page in the browser")
    add("--figures", type=filled_path, metavar="DIR", help="write the figures into this folder, as PNG and SVG")
    add(
        "--scorecard",
        action="store_true",
        help="show instead how the model reads MNIST's test digits as users have them: small and off-centre, in a "
        "photo, with a thin or a thick pen, on ruled paper ...; a run's page has it from then on",
    )
    add("--count", type=whole_number, metavar="N", help=f"test digits on the scorecard ({SCORECARD_DIGITS})")
    add(
        "--data",
        type=filled,
        metavar="DIR",
        help="where the test images are: a folder with the four MNIST files, or `sample` (MNIST as it was downloaded; "
        "for the scorecard else the bundled sample, for page and figures it is fetched)",
    )
    add_mirror_option(parser)
    add("--force", action="store_true", help="replace files that are there already")
    add("--json", action="store_true", help="print the report or the scorecard as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Show a report or a scorecard, and write what was asked for."""
    if args.count is not None and not args.scorecard:
        raise UsageError("report: --count is for --scorecard")
    if args.html:
        require_writable(args.html, overwrite=args.force)
    if args.figures:
        require_figures_writable(args.figures, overwrite=args.force)
    report, folder, page = find_report(args.source)
    if args.scorecard:
        report |= {"scorecard": new_scorecard(report, args)}
        if folder:
            keep(report, folder, args)
    written = args.html or (own_page(report) if args.open and not page else None)
    if written or args.figures or (args.data and not args.scorecard):
        report, model, dataset = examine(report, args)
        if written:
            write_page(written, report, model, dataset, overwrite=args.force or written != args.html)
        if args.figures:
            write_figures(args.figures, report, model, dataset, overwrite=args.force)
    show(report, written or page, args)
    if args.open and (shown := written or page):
        open_page(shown)
    return 0


def find_report(source: str | None) -> Found:
    """The report that source names. Raises RunError or ModelError."""
    if source == "shipped":
        return Found(report_of_model(shipped("mnist.npz")), None, None)
    path = Path(source) if source and source != "last" else recall("last-run")
    if path is None:
        raise RunError("there is no run yet; train one with `mnistnet train`, or see `mnistnet report shipped`")
    if not path.exists():
        raise RunError(f"there is no run or model {path}; train one with `mnistnet train`")
    folder = path.parent if path.name == REPORT else path
    if not folder.is_dir():
        return Found(report_of_model(path), None, None)
    page = folder / PAGE
    return Found(report_of_run(folder), folder, page if page.is_file() else None)


def report_of_run(folder: Path) -> Report:
    """The report that a run left; where that is missing or broken, what its model says. Raises RunError."""
    model = folder / "model.npz"
    if inner := sorted(folder.glob(f"*/{REPORT}")):
        raise RunError(f"{folder} holds {len(inner)} runs; name one of them, such as {inner[0].parent}")
    if not (folder / REPORT).exists() and not model.is_file():
        raise RunError(
            f"{folder} has no report: its training was stopped, or is under way; train again, or go on with "
            "`mnistnet train --resume CHECKPOINT`"
        )
    try:
        return read_report(folder / REPORT)
    except RunError as error:
        if not model.is_file():
            raise
        show_error(f"NOTICE: {error}; this is what {model} says")
        return report_of_model(model)


def report_of_model(path: Path) -> Report:
    """The report that a model file carries; single test images are not told of."""
    return make_report(load_model(path), path=str(path))


def model_of(report: Report) -> Path:
    """The model that a report is on. Raises RunError."""
    if not isinstance(report.get("model"), str):
        raise RunError("the report names no model; train again")
    return Path(report["model"])


def new_scorecard(report: Report, args: argparse.Namespace) -> Score:
    """The scorecard of a report's model."""
    from mnistnet.commands.scorecard import make_scorecard  # the reader and rich, only where they are needed

    count = SCORECARD_DIGITS if args.count is None else args.count
    return make_scorecard(model_of(report), data=args.data, count=count, quiet=args.quiet)


def keep(report: Report, folder: Path, args: argparse.Namespace) -> None:
    """Have the run's own report and page contain the scorecard; say so where they cannot."""
    try:
        whole, model, dataset = examine(report, args)
        write_page(folder / PAGE, whole, model, dataset, overwrite=True)
        write_text(folder / REPORT, json.dumps(whole), overwrite=True)
    except (DataError, ModelError, OutputError) as error:
        show_error(f"NOTICE: the run's own report stays without the scorecard: {error}")


def examine(report: Report, args: argparse.Namespace) -> tuple[Report, Model, Dataset]:
    """Have a report's model read the test images again: the report that tells of each of them, model and images."""
    path = model_of(report)
    model = load_model(path)
    dataset = obtain_tested(model.provenance, args, model=str(path))
    judgement = judge(model.network, model.params, model.calibration, dataset.test.images)
    kept = {name: report.get(name) for name in ("trained", "seconds")}
    whole = make_report(model, path=str(path), judgement=judgement, labels=dataset.test.labels, **kept)
    return whole | {"scorecard": report.get("scorecard")}, model, dataset


def own_page(report: Report) -> Path:
    """Where the page of a model goes that nobody named a place for."""
    return home() / "reports" / f"{model_of(report).stem}.html"


def show(report: Report, page: Path | None, args: argparse.Namespace) -> None:
    """Print the report or the scorecard."""
    if args.json:
        print(json.dumps(report["scorecard"] if args.scorecard else report))
        return
    if args.scorecard:
        from mnistnet.commands.scorecard import scorecard_report

        text = scorecard_report(report["scorecard"])
    else:
        text = text_of(report, args.source or "the last run")
    files = [f"Page     {page}"] if page else []
    files += [f"Figures  {args.figures}"] if args.figures else []
    print("\n".join(map(printable, [*text.splitlines(), *files])))


def text_of(report: Report, name: str) -> str:
    """The report in words. Raises RunError, which tells its name."""
    try:
        return report_text(report)
    except RunError as error:
        raise RunError(f"{name}: {error}") from error

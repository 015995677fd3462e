"""`mnistnet report`: the accuracy report of a run or a model."""

import argparse
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.browser import open_page
from mnistnet.commands.data import add_mirror_option, obtain_tested
from mnistnet.commands.gallery import cut_name
from mnistnet.commands.models import REPORT, file_sha256, model_in, model_path, run_folder
from mnistnet.commands.options import whole_number
from mnistnet.commands.report_files import require_figures_writable, write_figures, write_page
from mnistnet.commands.run_folder import PAGE
from mnistnet.data.mnist import Dataset
from mnistnet.errors import DataError, OutputError, RunError
from mnistnet.evaluation.calibration import judge
from mnistnet.evaluation.reading_score import Score
from mnistnet.evaluation.report import Report, make_report, read_report
from mnistnet.evaluation.report_text import report_text
from mnistnet.files import require_writable, write_text
from mnistnet.model_file import Model, load_model
from mnistnet.places import home

SCORECARD_DIGITS = 200
"""Under a minute on one slow core."""


class Found(NamedTuple):
    """The report that was asked for, as it stands somewhere."""

    report: Report
    model: Path
    folder: Path | None
    """Of its run,"""
    page: Path | None
    """and the page in it."""


class Tested(NamedTuple):
    """A report that tells of each test image, and what it was made from."""

    report: Report
    model: Model
    dataset: Dataset


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
        if args.html and args.figures.resolve() in (args.html.resolve(), *args.html.resolve().parents):
            raise UsageError(f"report: --html {args.html} is in the folder of --figures, or is it; name another")
    found = find_report(args.source or "last")
    with whole_records(args.source or "the last run"):
        if args.scorecard:
            found.report["scorecard"] = new_scorecard(found.model, args)
        written = args.html or (own_page(found.model) if args.open and not found.page else None)
        tested = examine(found, args, must=bool(written or args.figures or (args.data and not args.scorecard)))
        if tested:
            write_files(tested, written, args)
            if args.scorecard and found.folder:
                keep(tested, found.folder)
        show(tested.report if tested else found.report, written or found.page, args)
    if args.open and (shown := written or found.page):
        open_page(shown)
    return 0


@contextmanager
def whole_records(name: str) -> Iterator[None]:
    """Raise RunError where what a report or a model file has on record is not what it should be."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise RunError(f"{name}: the record of the training is not whole ({reason:.200}); train again") from error


def find_report(source: str) -> Found:
    """The report that source names. Raises RunError or ModelError."""
    folder = run_folder(source)
    if not folder:
        path = model_path(source)
        return Found(report_of_model(path), path, None, None)
    model, page = model_in(folder), folder / PAGE
    report = report_of_run(folder, model) | {"model": str(model)}  # the run may have been moved
    return Found(report, model, folder, page if page.is_file() else None)


def report_of_run(folder: Path, model: Path) -> Report:
    """The report that a run left; where that is missing or broken, what its model says. Raises RunError, ModelError."""
    try:
        return read_report(folder / REPORT)
    except RunError as error:
        report = report_of_model(model)
        show_error(f"NOTICE: {error}; this is what {model} says")
        return report


def report_of_model(path: Path) -> Report:
    """What a model file says of itself; single test images are not told of."""
    return make_report(load_model(path), path=str(path), sha256=file_sha256(path))


def new_scorecard(model: Path, args: argparse.Namespace) -> Score:
    """The scorecard of a model."""
    from mnistnet.commands.scorecard import make_scorecard  # the reader and rich, only where they are needed

    count = SCORECARD_DIGITS if args.count is None else args.count
    return make_scorecard(model, data=args.data, count=count, quiet=args.quiet)


def examine(found: Found, args: argparse.Namespace, *, must: bool) -> Tested | None:
    """Have the model read its test images again, for a report that tells of each of them.

    A run's report does already. Unless it must be, it is done where the images are at hand, and nothing is fetched.
    """
    if not must and found.report.get("answers") and not args.scorecard:
        return None
    model = load_model(found.model)
    try:
        dataset = obtain_tested(model, args, path=str(found.model), fetch=must)
    except DataError as error:
        if must:
            raise
        if args.scorecard and found.folder:
            show_error(f"NOTICE: the run's own report stays without the scorecard: {error}")
        return None
    kept = {name: found.report.get(name) for name in ("trained", "seconds")}
    if found.folder and found.report.get("data_sha256") and not is_same(found.report, model):
        raise RunError(f"{found.model} is another model than that of the report in {found.folder}; train again")
    judgement = judge(model.network, model.params, model.calibration, dataset.test.images)
    report = make_report(
        model,
        path=str(found.model),
        sha256=file_sha256(found.model),
        judgement=judgement,
        labels=dataset.test.labels,
        **kept,
    )
    return Tested(report | {"scorecard": found.report.get("scorecard")}, model, dataset)


def is_same(report: Report, model: Model) -> bool:
    """Whether a report tells of this model, by how it was trained."""
    facts = asdict(model.provenance)
    return all(report.get(name) == facts[name] for name in ("settings", "data_sha256", "epochs", "best_epoch"))


def write_files(tested: Tested, page: Path | None, args: argparse.Namespace) -> None:
    """Write page and figures, where they were asked for."""
    if page:
        write_page(page, *tested, overwrite=args.force or page != args.html)
    if args.figures:
        write_figures(args.figures, *tested, overwrite=args.force)


def keep(tested: Tested, folder: Path) -> None:
    """Have the run's own report and page contain the scorecard; say so where they cannot."""
    try:
        write_page(folder / PAGE, *tested, overwrite=True)
        write_text(folder / REPORT, json.dumps(tested.report), overwrite=True)
    except OutputError as error:
        show_error(f"NOTICE: the run's own report stays without the scorecard: {error}")


def own_page(model: Path) -> Path:
    """Where the page of a model goes that nobody named a place for: models of one name have pages of their own."""
    place = hashlib.sha256(bytes(model.resolve())).hexdigest()[:8]
    return home() / "reports" / f"{cut_name(model.stem)}-{place}.html"


def show(report: Report, page: Path | None, args: argparse.Namespace) -> None:
    """Print the report or the scorecard."""
    if args.json:
        print(json.dumps(report["scorecard"] if args.scorecard else report))
        return
    from mnistnet.commands.scorecard import scorecard_report  # the reader and rich: not where JSON is wanted

    if args.scorecard:
        text = scorecard_report(report["scorecard"])
    else:
        text = report_text(report)
        if report.get("scorecard"):
            text += f"\n\n{scorecard_report(report['scorecard'])}"
    files = [f"Page     {page}"] if page else []
    files += [f"Figures  {args.figures}"] if args.figures else []
    print("\n".join(map(printable, [*text.splitlines(), *files])))

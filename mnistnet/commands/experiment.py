"""`mnistnet experiment`: training settings compared, each over several seeds."""

import argparse
import json
import statistics
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from mnistnet.commands import UsageError, filled, filled_path, printable, show_error
from mnistnet.commands.cluster import add_scheduler_option
from mnistnet.commands.data import add_source_options, dataset_loader, obtain_dataset
from mnistnet.commands.experiment_bar import ExperimentBar
from mnistnet.commands.grid import DEFAULT_RECIPE, Cell, read_cells
from mnistnet.commands.options import add_recipe_options
from mnistnet.commands.other_data import suit
from mnistnet.data.mnist import Dataset
from mnistnet.errors import OutputError
from mnistnet.evaluation.ranking import Alternative, rank, ranking_json, ranking_text
from mnistnet.evaluation.report_text import DATASETS
from mnistnet.files import require_writable, write_text
from mnistnet.places import home
from mnistnet.training.environment import usable_cores, versions
from mnistnet.training.experiment import Result, experiment_name, read_result, write_result
from mnistnet.training.settings import Settings
from mnistnet.training.workers import packed, train_all

SCHEMA = 1


def build_parser() -> argparse.ArgumentParser:
    """The options of experimenting."""
    parser = argparse.ArgumentParser(
        prog="mnistnet experiment",
        description="Train with every combination of the settings varied, each with several seeds, in parallel "
        "processes, and compare the validation accuracies. The same command goes on where it was stopped.",
        epilog="example: mnistnet experiment --vary optimizer=sgd,momentum,adam --vary hidden=512x512,256 --seeds 3 "
        "--epochs 5",
    )
    add = parser.add_argument
    add(
        "--vary",
        action="append",
        type=filled,
        required=True,
        metavar="NAME=VALUE,VALUE",
        help="a setting below and its values, such as hidden=512x512,256 or batch-norm=on,off; again for further ones",
    )
    add("--seeds", type=int, default=1, metavar="N", help="trainings a combination, from --seed on (%(default)s)")
    add("--jobs", type=int, metavar="N", help="processes side by side, which share the cores (one a core)")
    add_scheduler_option(parser, what="train, instead of in --jobs processes,")
    add("--output", type=filled_path, metavar="DIR", help="where results go (a folder in MNISTNET_HOME/experiments)")
    add("--force", action="store_true", help="use a folder that holds something else, and replace results in it")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    add_source_options(parser)
    add_recipe_options(parser, recipe=DEFAULT_RECIPE)
    return parser


def run(args: argparse.Namespace) -> int:
    """Train what is not trained yet, and show the ranking; 130 if Ctrl-C stopped it."""
    cells = read_cells(args)
    if args.scheduler and args.jobs:
        raise UsageError("experiment: --jobs are this machine's processes, --scheduler others': pass one of them")
    dataset = obtain_dataset(args)
    cells = [suit_cell(cell, dataset, args) for cell in cells]
    runs = [settings for cell in cells for settings in cell.runs]
    name = experiment_name(runs, dataset.sha256)
    folder = args.output.absolute() if args.output else home() / "experiments" / name
    require_own(folder, name, force=args.force)
    found = [read_result(folder / "runs", settings, dataset.sha256) for settings in runs]
    results = {number: result for number, result in enumerate(found) if result}
    write_facts(folder, {"schema": SCHEMA, "experiment": name, "runs": len(runs)})
    if results and not args.quiet:
        show_error(f"{len(results)} of {len(runs)} runs were done before, in {folder}")
    try:
        train_missing(cells, results, dataset, folder, args)
    except KeyboardInterrupt:
        show_error(f"stopped; {len(results)} of {len(runs)} runs are done: the same command goes on")
        return 130
    publish(cells, [results[number] for number in range(len(runs))], dataset, folder, as_json=args.json)
    return 0


def require_own(folder: Path, name: str, *, force: bool) -> None:
    """Raise OutputError unless the folder can be written, and is new, empty, or this experiment's."""
    path = folder / "results.json"
    require_writable(path, overwrite=True)
    require_writable(folder / "runs" / "new", overwrite=True)
    if force or not folder.exists() or not any(folder.iterdir()):
        return
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or facts.get("experiment") != name:
        raise OutputError(
            f"{folder} holds something else than this experiment; choose another folder, or pass --force to add to "
            "it what is missing, and replace results.json and curves.png"
        )


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write results.json, by which the folder is known as this experiment's from its start on."""
    write_text(folder / "results.json", json.dumps(facts, indent=1), overwrite=True)


def train_missing(
    cells: Sequence[Cell], results: dict[int, Result], dataset: Dataset, folder: Path, args: argparse.Namespace
) -> None:
    """Train what results lacks, by the number of the run, and put it there and in the folder."""
    named = [(describe(cell, settings), settings) for cell in cells for settings in cell.runs]
    missing = [number for number in range(len(named)) if number not in results]
    if not missing:
        return
    bar = ExperimentBar([named[number] for number in missing], before=len(results), quiet=args.quiet)
    cores = usable_cores()
    jobs, allowed = min(args.jobs or cores, len(missing)), int(versions()["threads"])
    trained = train_all(
        [named[number][1] for number in missing],
        packed(dataset) if args.scheduler else dataset_loader(dataset, args),
        jobs=jobs,
        threads=1 if args.scheduler else max(1, min(cores // jobs, allowed)),
        on_news=bar.on_news,
        scheduler=args.scheduler,
    )
    with bar.progress, closing(trained):
        for place, result in trained:
            number = missing[place]
            write_result(folder / "runs", result, named[number][1])
            results[number] = result
            bar.on_result(place, result)


def describe(cell: Cell, settings: Settings) -> str:
    """A run in a few words."""
    return ", ".join([*cell.values.values(), f"seed {settings.seed}"])


def publish(cells: Sequence[Cell], results: Sequence[Result], dataset: Dataset, folder: Path, *, as_json: bool) -> None:
    """Write table and figure, and print the table."""
    from mnistnet.evaluation import figures, training_figures  # matplotlib takes its time to start

    seeds = [settings.seed for settings in cells[0].runs]
    groups = (results[start : start + len(seeds)] for start in range(0, len(results), len(seeds)))
    ranked = rank([alternative(cell, group) for cell, group in zip(cells, groups, strict=True)])
    environments = list({json.dumps(result.versions): result.versions for result in results}.values())
    facts = {
        "schema": SCHEMA,
        "experiment": experiment_name([settings for cell in cells for settings in cell.runs], dataset.sha256),
        "measure": "validation accuracy of the best epoch",
        "dataset": dataset.name,
        "notice": dataset.notice,
        "seeds": seeds,
        "ranking": ranking_json(ranked),
        "versions": environments,
        "folder": str(folder),
    }
    write_facts(folder, facts)
    figures.save_figure(training_figures.experiment_figure(ranked), folder / "curves.png", overwrite=True)
    if as_json:
        print(json.dumps(facts))
        return
    print(f"{heading(seeds, dataset)}\n\n{ranking_text(ranked)}")
    if len(environments) > 1:
        print("The runs were not all made with the same versions and threads: times and last digits may not compare.")
    print(f"\nFigure   {printable(str(folder / 'curves.png'))}\nResults  {printable(str(folder / 'results.json'))}")


def alternative(cell: Cell, results: Sequence[Result]) -> Alternative:
    """A cell with what its runs came to."""
    failed = [f"seed {result.settings['seed']} failed: {result.failed}" for result in results if result.failed]
    return Alternative(
        values=cell.values,
        curves=[[] if result.failed else result.curve for result in results],
        seconds=statistics.fmean(result.seconds for result in results),
        failure=failed[0] if failed else "",
    )


def suit_cell(cell: Cell, dataset: Dataset, args: argparse.Namespace) -> Cell:
    """The cell with settings for this data; what is varied stays."""
    varied = [name.replace("-", "_") for name in cell.values]
    return cell._replace(runs=[suit(settings, dataset, args, varied=varied) for settings in cell.runs])


def heading(seeds: Sequence[int], dataset: Dataset) -> str:
    """What the table shows."""
    over = f"seed {seeds[0]}" if len(seeds) == 1 else f"mean over {len(seeds)} seeds, {seeds[0]} to {seeds[-1]}"
    return (
        f"Validation accuracy of the best epoch, {over}; {DATASETS.get(dataset.name, dataset.name)}.\n"
        "Chosen on validation images: the test set was not touched."
    )

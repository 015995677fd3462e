"""Seeds: what the same training comes to with several seeds.

As JSON it is one object: `schema` (1), `network` (sizes and what it was trained on, in words), `runs` (`seed`,
`test_errors`, `test_images`, `test_accuracy`, `seconds`, `model`, `run`), and of the accuracies `mean`, `spread` (the
sample standard deviation) and `interval` (95 %, of the mean, Student's t); the last two are null for one run.
"""

import statistics
from collections.abc import Sequence
from typing import Any

from mnistnet.evaluation import report_text
from mnistnet.evaluation.metrics import mean_interval
from mnistnet.evaluation.report import Report
from mnistnet.evaluation.report_text import bounds_text, dataset_text, percent

SCHEMA = 1
Summary = dict[str, Any]


def summarize(reports: Sequence[tuple[Report, str]]) -> Summary:
    """The summary of one or more reports, each with its run's folder."""
    accuracies = [report["test_accuracy"] for report, _ in reports]
    several = len(accuracies) > 1
    return {
        "schema": SCHEMA,
        "network": network_text(reports[0][0]),
        "runs": [tell_run(report, folder) for report, folder in reports],
        "mean": statistics.fmean(accuracies),
        "spread": statistics.stdev(accuracies) if several else None,
        "interval": mean_interval(accuracies) if several else None,
    }


def network_text(report: Report) -> str:
    """The network and its training in a few words."""
    return f"{report_text.network_text(report)}, {report['settings']['epochs']} epochs, {dataset_text(report)}"


def tell_run(report: Report, folder: str) -> Summary:
    """What is told of one run."""
    names = ("test_errors", "test_images", "test_accuracy", "seconds", "model")
    return {"seed": report["settings"]["seed"]} | {name: report[name] for name in names} | {"run": folder}


def summary_text(summary: Summary) -> str:
    """The summary as a table, and as a row for a table in Markdown."""
    lines = [summary["network"], "", f"seed  {'wrong':>6}  {'of':>6}  {'right':>8}  {'seconds':>8}"]
    lines += [
        f"{run['seed']:4}  {run['test_errors']:6,}  {run['test_images']:6,}  {percent(run['test_accuracy']):>8}  "
        f"{run['seconds']:8,.1f}"
        for run in summary["runs"]
    ]
    return "\n".join([*lines, f"mean {mean_text(summary)}", "", *markdown(summary)])


def mean_text(summary: Summary) -> str:
    """Mean, spread and interval."""
    if summary["interval"] is None:
        return f"{percent(summary['mean'])}; of one seed neither spread nor interval is known"
    bounds, seeds = bounds_text(summary["interval"]), len(summary["runs"])
    return (
        f"{percent(summary['mean'])}, spread {100 * summary['spread']:.2f} (sample standard deviation, percentage "
        f"points)\n95 % interval of the mean {bounds} (Student's t, n = {seeds} seeds)"
    )


def markdown(summary: Summary) -> list[str]:
    """A table of one row."""
    seeds = [run["seed"] for run in summary["runs"]]
    seconds = statistics.fmean(run["seconds"] for run in summary["runs"])
    spread = "" if summary["spread"] is None else f" ± {100 * summary['spread']:.2f}"
    bounds = "" if summary["interval"] is None else bounds_text(summary["interval"])
    named = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{seeds[0]}"
    images, network = summary["runs"][0]["test_images"], summary["network"]
    return [
        "| network | test accuracy, mean ± s.d. | 95 % interval of the mean | seeds | test images | seconds each |",
        "|---|---|---|---|---|---|",
        f"| {network} | {percent(summary['mean'])}{spread} | {bounds} | {named} | {images:,} | {seconds:.0f} |",
    ]

"""Seeds: what `mnistnet train --seeds` does."""

import argparse
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mnistnet.commands import UsageError, printable, show_error
from mnistnet.commands.models import MODEL, REPORT, file_sha256
from mnistnet.commands.run_folder import new_folder, require_room
from mnistnet.data.mnist import Dataset
from mnistnet.errors import OutputError, RunError
from mnistnet.evaluation.report import Report, read_report
from mnistnet.evaluation.seeds import summarize, summary_text
from mnistnet.files import require_free, require_writable, write_text
from mnistnet.training.environment import versions
from mnistnet.training.settings import Settings

SUMMARY = "seeds.json"
MOST_SEEDS = 1000
Train = Callable[[Settings, Dataset, Path], tuple[Report, Path]]
"""With these settings, into this folder."""


def require_plain(args: argparse.Namespace) -> None:
    """Raise UsageError where --seeds makes no sense, alone or with the other options."""
    if args.seeds is None:
        return
    if not 1 <= args.seeds <= MOST_SEEDS:
        raise UsageError(f"train: expected --seeds from 1 to {MOST_SEEDS:,}, got {args.seeds}")
    for name in ("output", "checkpoint", "resume"):
        if getattr(args, name):
            raise UsageError(f"train: --{name} is for one training, and --seeds for several: pass one of them")


def train_seeds(settings: Settings, dataset: Dataset, args: argparse.Namespace, *, train: Train) -> int:
    """Train with each seed in a folder of its own, and show what all come to; 130 if Ctrl-C stopped it."""
    seeds = range(settings.seed, settings.seed + args.seeds)
    if args.run_dir:
        require_own(args.run_dir / SUMMARY, force=args.force)
    parent = args.run_dir.absolute() if args.run_dir else new_folder("runs", instead="--run-dir")
    runs = [(replace(settings, seed=seed), parent / f"seed-{seed}") for seed in seeds]
    done = {folder: done_before(one, folder, dataset) for one, folder in runs}
    for folder, report in done.items():
        if not report:
            require_empty(folder, force=args.force)
    reports: list[tuple[Report, str]] = []
    with suppress(KeyboardInterrupt):
        for one, folder in runs:
            if not (report := done[folder]):
                if not args.quiet:
                    show_error(f"seed {one.seed}, {len(reports) + 1} of {len(seeds)}")
                report, _ = train(one, dataset, folder)
            if report["partial"]:
                break
            reports.append((report, str(folder)))
    if reports:
        publish(reports, parent, args)
    if len(reports) < len(seeds):
        show_error(f"stopped; {len(reports)} of {len(seeds)} seeds are done, in {parent}")
        return 130
    return 0


def require_own(path: Path, *, force: bool) -> None:
    """Raise OutputError unless the summary can be written, and is new or one of these."""
    require_writable(path, overwrite=True)
    with suppress(OSError, ValueError, RecursionError, TypeError):
        force = force or "runs" in json.loads(path.read_bytes())
    require_free(path, overwrite=force)


def require_empty(folder: Path, *, force: bool) -> None:
    """Raise OutputError where a seed's folder holds something that is no such run, or only a part of one."""
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise OutputError(
            f"{folder} exists already and holds something else than this training to its end; remove it, or pass "
            "--force to replace it"
        )
    require_room(folder, None, overwrite=force)


def done_before(settings: Settings, folder: Path, dataset: Dataset) -> Report | None:
    """The report of a whole run with these settings and versions on these data, if the folder has it and its model."""
    with suppress(RunError, OSError, LookupError, TypeError, ValueError):
        report = read_report(folder / REPORT)
        facts = {
            "settings": settings.resolved(),
            "data_sha256": dataset.sha256,
            "versions": versions(),
            "partial": False,
            "model_sha256": file_sha256(folder / MODEL),
        }
        if all(report.get(name) == value for name, value in facts.items()):
            summary_text(summarize([(report, str(folder))]))  # what it will be asked for is there
            return report
    return None


def publish(reports: list[tuple[Report, str]], parent: Path, args: argparse.Namespace) -> None:
    """Write the summary and print it."""
    summary = summarize(reports)
    write_text(parent / SUMMARY, json.dumps(summary, indent=1), overwrite=True)
    if args.json:
        print(json.dumps(summary | {"folder": str(parent)}))
    else:
        print("\n".join(map(printable, [*summary_text(summary).splitlines(), "", f"Runs    {parent}"])))

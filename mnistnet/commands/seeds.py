"""Seeds: what `mnistnet train --seeds` does."""

import argparse
import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from mnistnet.commands import UsageError, printable, show_error
from mnistnet.commands.config_file import CONFIG, config_text, data_named
from mnistnet.commands.models import MODEL, REPORT, file_sha256
from mnistnet.commands.run_folder import PAGE, new_folder, require_room, save_run
from mnistnet.data.mnist import Dataset
from mnistnet.errors import ModelError, OutputError, RunError
from mnistnet.evaluation.report import Report, read_report
from mnistnet.evaluation.seeds import summarize, summary_text
from mnistnet.files import is_temporary, require_free, require_writable, write_text
from mnistnet.model_file import load_model
from mnistnet.training.environment import versions
from mnistnet.training.settings import Settings
from mnistnet.training.workers import packed, train_and_test_all

SUMMARY = "seeds.json"
RUN = (MODEL, REPORT, PAGE, CONFIG)
"""What a run leaves, in this order."""
MOST_SEEDS = 1000
PACKAGES = ("mnistnet", "python", "numpy")
Runs = Sequence[tuple[Settings, Path]]
"""Settings, and the folder of each."""
Train = Callable[[Settings, Dataset, Path], tuple[Report, Path]]
"""With these settings, into this folder."""


def require_plain(args: argparse.Namespace) -> None:
    """Raise UsageError where --seeds makes no sense, alone or with the other options."""
    if args.seeds is None:
        if args.scheduler:
            raise UsageError("train: --scheduler is for several trainings: pass --seeds N")
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
    done = {folder: done_before(one, folder, dataset, elsewhere=bool(args.scheduler)) for one, folder in runs}
    found = {folder: report for folder, report in done.items() if report}
    missing = [(one, folder) for one, folder in runs if folder not in found]
    for one, folder in missing:
        require_empty(folder, force=args.force or is_unfinished(one, folder, dataset))
    trained = on_cluster(missing, dataset, args) if args.scheduler else one_by_one(missing, dataset, args, train)
    with suppress(KeyboardInterrupt), closing(trained):
        for folder, report in trained:
            found[folder] = report  # noqa: PERF403  (those before Ctrl-C are kept)
    reports = [(found[folder], str(folder)) for _, folder in runs if folder in found]
    if reports:
        publish(reports, parent, args)
    if len(reports) < len(seeds):
        show_error(f"stopped; {len(reports)} of {len(seeds)} seeds are done, in {parent}")
        return 130
    return 0


def one_by_one(
    missing: Runs, dataset: Dataset, args: argparse.Namespace, train: Train
) -> Generator[tuple[Path, Report], None, None]:
    """Train in this process, up to the first training that Ctrl-C ends."""
    for number, (settings, folder) in enumerate(missing, args.seeds - len(missing) + 1):
        if not args.quiet:
            show_error(f"seed {settings.seed}, {number} of {args.seeds}")
        remove_unfinished(settings, folder, dataset)
        report, _ = train(settings, dataset, folder)
        if report["partial"]:
            return
        yield folder, report


def on_cluster(missing: Runs, dataset: Dataset, args: argparse.Namespace) -> Generator[tuple[Path, Report], None, None]:
    """Train on the workers of a cluster, and keep each run here when it is done. Raises ClusterError."""
    if not missing:
        return
    runs = [settings for settings, _ in missing]
    done = args.seeds - len(missing)
    for place, (model, judgement, seconds) in train_and_test_all(
        runs, packed(dataset), jobs=1, threads=1, on_news=lambda _: None, scheduler=args.scheduler
    ):
        settings, folder = missing[place]
        started = time.perf_counter() - seconds
        config = config_text(model.provenance, named=data_named(args, dataset))
        remove_unfinished(settings, folder, dataset)
        report = save_run(
            model, folder / MODEL, judgement, dataset, folder, config=config, started=started, overwrite=args.force
        )
        done += 1
        if not args.quiet:
            show_error(f"seed {settings.seed} is done, {done} of {args.seeds}")
        yield folder, report


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


def done_before(settings: Settings, folder: Path, dataset: Dataset, *, elsewhere: bool) -> Report | None:
    """The report of a whole run with these settings and versions on these data, if the folder has it and its model.

    What was trained elsewhere, on other machines, may have another BLAS and number of threads.
    """
    with suppress(RunError, OSError, LookupError, TypeError, ValueError):
        report = read_report(folder / REPORT)
        facts = {
            "settings": settings.resolved(),
            "data_sha256": dataset.sha256,
            "partial": False,
            "model_sha256": file_sha256(folder / MODEL),
        }
        made_with = {name: value for name, value in versions().items() if not elsewhere or name in PACKAGES}
        made_alike = made_with.items() <= report["versions"].items()
        is_whole = (folder / CONFIG).is_file()  # which is written last
        if is_whole and made_alike and all(report.get(name) == value for name, value in facts.items()):
            summary_text(summarize([(report, str(folder))]))  # what it will be asked for is there
            return report
    return None


def is_unfinished(settings: Settings, folder: Path, dataset: Dataset) -> bool:
    """Whether all that a folder holds is of this very training, which Ctrl-C or a kill ended before it was whole."""
    with suppress(ModelError, OSError):
        names = {path.name for path in folder.iterdir() if not is_temporary(path.name)}
        if MODEL not in names:
            return not names
        provenance = load_model(folder / MODEL).provenance
        is_this = (provenance.settings, provenance.data_sha256) == (settings.resolved(), dict(dataset.sha256))
        return names <= set(RUN) and is_this and (provenance.partial or CONFIG not in names)
    return False


def remove_unfinished(settings: Settings, folder: Path, dataset: Dataset) -> None:
    """Make room for the same training. Raises OutputError."""
    if not is_unfinished(settings, folder, dataset):
        return
    for name in reversed(RUN):  # the model last, by which it is known
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {error.filename}: {error.strerror}; choose another --run-dir") from error


def publish(reports: list[tuple[Report, str]], parent: Path, args: argparse.Namespace) -> None:
    """Write the summary and print it."""
    summary = summarize(reports)
    write_text(parent / SUMMARY, json.dumps(summary, indent=1), overwrite=True)
    if args.json:
        print(json.dumps(summary | {"folder": str(parent)}))
    else:
        print("\n".join(map(printable, [*summary_text(summary).splitlines(), "", f"Runs    {parent}"])))

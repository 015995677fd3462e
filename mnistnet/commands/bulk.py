"""Bulk: what `mnistnet predict --csv FILE --workers N` does."""

import argparse
import hashlib
import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from mnistnet import __version__
from mnistnet.bulk import read_in_order, reading_duty
from mnistnet.commands import UsageError, printable, show_error
from mnistnet.commands.models import describe_model, file_sha256, find_model
from mnistnet.commands.progress import progress_bar
from mnistnet.crew import open_crew
from mnistnet.data.picture_sources import find_picture_sources, is_url
from mnistnet.table import GrowingTable, Rows

MOST_WORKERS = 60
"""As Windows has it."""


def read_to_table(args: argparse.Namespace) -> int:
    """Read every input into the table; 1 if any could not be read, 130 if Ctrl-C stopped it."""
    require_bulk(args)
    path, model = find_model(args.model)
    if sys.stderr.isatty() and not args.quiet:
        print(printable(describe_model(path, model)), file=sys.stderr)
    mark = reading_mark(args, file_sha256(path))
    seen = [Path(text).absolute() for text in args.inputs if not is_url(text) and Path(text).exists()]
    duty = reading_duty(model, single=args.single, folder=Path.cwd(), seen=seen)
    with GrowingTable(args.csv, mark=mark, overwrite=args.force) as table:
        count = Count(table, quiet=args.quiet)
        try:
            left = table.go_on(chain.from_iterable(map(find_picture_sources, args.inputs)))
            if table.before.pictures and not args.quiet:
                show_error(f"{table.before.pictures:,} pictures were read before, in {table.part}")
            with count.bar, open_crew(duty, workers=args.workers or 1, scheduler=args.scheduler) as crew:
                count.find_total(args.inputs)
                with closing(read_in_order(crew, left)) as answers:
                    for rows in answers:
                        table.append(rows.text)
                        count.add(rows)
        except KeyboardInterrupt:
            show_error(f"stopped; {count.pictures:,} pictures are read, in {table.part}: the same command goes on")
            return 130
        table.publish()
    print(f"{count}\nTable   {printable(str(args.csv))}")
    if count.errors:
        show_error(f"{count.errors:,} could not be read: the column error of {args.csv} says why")
    return 1 if count.errors else 0


def require_bulk(args: argparse.Namespace) -> None:
    """Raise UsageError for what makes no sense with many processes."""
    option = "--scheduler" if args.scheduler else "--workers"
    if args.scheduler and args.workers is not None:
        raise UsageError("predict: --workers are this machine's processes, --scheduler others': pass one of them")
    if args.workers is not None and not 1 <= args.workers <= MOST_WORKERS:
        raise UsageError(f"predict: expected --workers from 1 to {MOST_WORKERS}, got {args.workers}")
    if not args.csv:
        raise UsageError(f"predict: {option} reads into a table: pass --csv FILE")
    if args.json or args.explain:
        raise UsageError(f"predict: {option} reads into a table alone: leave --json and --explain away")
    if "-" in args.inputs:
        raise UsageError(f"predict: {option} reads files, folders and URLs, no standard input")


def reading_mark(args: argparse.Namespace, model_sha256: str) -> str:
    """The same for the same pictures read in the same way."""
    facts = [args.inputs, str(Path.cwd()), args.single, model_sha256, __version__]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:8]


class Count:
    """How many pictures are read, shown while they are."""

    def __init__(self, table: GrowingTable, *, quiet: bool) -> None:
        self.table, self.started = table, time.perf_counter()
        self.read = self.failed = 0
        self.bar = progress_bar(quiet=quiet)
        self.task = self.bar.add_task("", total=None)

    @property
    def pictures(self) -> int:
        """With those of runs before."""
        return self.table.before.pictures + self.read

    @property
    def errors(self) -> int:
        """The same of those that could not be read."""
        return self.table.before.errors + self.failed

    def add(self, rows: Rows) -> None:
        """Show that these are read."""
        self.read += rows.pictures
        self.failed += rows.errors
        self.bar.update(self.task, completed=self.pictures, description=str(self))

    def find_total(self, inputs: Sequence[str]) -> None:
        """Count what there is to read beside the reading, where the bar is shown, which then tells the time left."""
        if not self.bar.disable:
            threading.Thread(target=self._find_total, args=(inputs,), daemon=True).start()

    def _find_total(self, inputs: Sequence[str]) -> None:
        self.bar.update(self.task, total=sum(1 for text in inputs for _ in find_picture_sources(text)))

    def __str__(self) -> str:
        rate = self.read / (time.perf_counter() - self.started)
        unread = f", {self.errors:,} unreadable" if self.errors else ""
        return f"{self.pictures:,} {'picture' if self.pictures == 1 else 'pictures'}{unread}, {rate:,.0f} a second"

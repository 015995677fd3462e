"""Progress of many trainings side by side: a bar for each under way, one for all, and a line for each that is done."""

from collections.abc import Sequence

from rich.progress import BarColumn, TaskID

from mnistnet.commands.progress import progress_bar
from mnistnet.training.experiment import Result
from mnistnet.training.settings import Settings
from mnistnet.training.workers import News

ESTIMATE_SECONDS = 1800
"""Epochs of so long a time tell how long the rest takes: a single one may take minutes."""


class ExperimentBar:
    """Shows trainings: `with bar.progress:`, on_news given to train_all, on_result told what it yields."""

    def __init__(self, runs: Sequence[tuple[str, Settings]], *, before: int, quiet: bool) -> None:
        self.runs, self.before, self.done = runs, before, 0
        self.progress = progress_bar(BarColumn(), quiet=quiet)
        self.progress.speed_estimate_period = ESTIMATE_SECONDS
        self.all = self.progress.add_task("", total=sum(settings.epochs for _, settings in runs))
        self.tasks: dict[int, TaskID] = {}
        self.epochs = [0] * len(runs)
        self.count()

    def count(self) -> None:
        """Show how many are done."""
        done = self.before + self.done
        self.progress.update(self.all, description=f"{done} of {self.before + len(self.runs)} runs done")

    def on_news(self, news: News) -> None:
        """Show how far a run is."""
        name, settings = self.runs[news.run]
        if news.run not in self.tasks:
            self.tasks[news.run] = self.progress.add_task("", total=settings.epochs)
        so_far = f"  epoch {news.epoch}/{settings.epochs}  {news.accuracy * 100:.2f} %" if news.epoch else ""
        self.progress.update(self.tasks[news.run], completed=news.epoch, description=f"{name}{so_far}")
        self.advance(news.run, news.epoch)

    def on_result(self, run: int, result: Result) -> None:
        """Leave one line for a run that is done."""
        name, settings = self.runs[run]
        self.done += 1
        self.count()
        self.advance(run, settings.epochs)
        if run in self.tasks:
            self.progress.remove_task(self.tasks.pop(run))
        best = f"{max(result.curve) * 100:.2f} % in epoch {result.best_epoch}" if not result.failed else result.failed
        total = self.before + len(self.runs)
        width = len(str(total))
        line = f"run {self.before + self.done:{width}}/{total}  {name}  {best}  ({result.seconds:.1f} s)"
        self.progress.console.print(line, markup=False)

    def advance(self, run: int, epoch: int) -> None:
        """Count the epochs of a run up to this one."""
        self.progress.update(self.all, advance=epoch - self.epochs[run])
        self.epochs[run] = epoch

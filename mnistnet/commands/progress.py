"""Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import os
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn

from mnistnet.training.trainer import Epoch


class ProgressConsole(Console):
    """Standard error, where progress is shown as long as anybody listens."""

    def on_broken_pipe(self) -> None:
        """Go on in silence; rich would end the program."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def progress_bar(*columns: ProgressColumn, quiet: bool) -> Progress:
    """A bar that is gone when it is done, with a description before columns and the time left after them."""
    console = ProgressConsole(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
    shown = not quiet and console.is_terminal
    description = TextColumn("{task.description}")
    return Progress(description, *columns, TimeRemainingColumn(), console=console, transient=True, disable=not shown)


class DownloadBar:
    """Shows the bytes of each file: `with bar.progress:`, and on_bytes given to the download."""

    def __init__(self, *, quiet: bool) -> None:
        self.progress = progress_bar(BarColumn(), DownloadColumn(), quiet=quiet)
        self.tasks: dict[str, TaskID] = {}

    def on_bytes(self, name: str, done: int, total: int) -> None:
        """Show how much of a file is there."""
        if name not in self.tasks:
            self.tasks[name] = self.progress.add_task(name, total=total)
        self.progress.update(self.tasks[name], completed=done)
        if done == total:
            self.progress.console.print(f"received {name}, {total:,} bytes")


class TrainingBar:
    """Shows training: `with bar.progress:`, on_batch given to fit and on_epoch to keep_best."""

    def __init__(self, *, epochs: int, images: int, quiet: bool) -> None:
        self.progress = progress_bar(BarColumn(), quiet=quiet)
        self.task = self.progress.add_task("training", total=epochs * images)
        self.epochs, self.images = epochs, images
        self.validation = ""
        self.start_epoch(1)

    def start_epoch(self, number: int) -> None:
        """Begin to count an epoch's images and time."""
        self.number, self.seen, self.started = number, 0, time.perf_counter()

    def rate(self) -> str:
        """The present epoch's speed so far."""
        return f"{self.seen / (time.perf_counter() - self.started):,.0f} images/s"

    def on_batch(self, images: int, loss: float) -> None:
        """Count a batch."""
        self.seen += images
        description = f"epoch {self.number}/{self.epochs}  loss {loss:.4f}{self.validation}  {self.rate()}"
        self.progress.update(self.task, advance=images, description=description)

    def on_epoch(self, epoch: Epoch) -> None:
        """Leave one line for an epoch that is done."""
        self.validation = f"  validation {epoch.validation_accuracy * 100:.2f} %"
        self.progress.console.print(
            f"epoch {epoch.number:3}/{self.epochs}  loss {epoch.loss:.4f}{self.validation}  {self.rate()}"
        )
        self.start_epoch(epoch.number + 1)

"""Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import os
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, TaskID, TextColumn, TimeRemainingColumn

from mnistnet.training.diagnosis import diagnose, diagnose_last
from mnistnet.training.settings import Settings
from mnistnet.training.state import State
from mnistnet.training.teaching import Lesson, Marks


class ProgressConsole(Console):
    """Standard error, where progress is shown as long as anybody listens."""

    def on_broken_pipe(self) -> None:
        """Go on in silence; rich would end the program."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def progress_bar(*columns: ProgressColumn, quiet: bool) -> Progress:
    """A bar that is gone when it is done, with a description before columns and the time left after them."""
    terminal = sys.stderr.isatty()  # said, since rich takes FORCE_COLOR for a wish to see bars in files too
    console = ProgressConsole(stderr=True, force_terminal=terminal, quiet=quiet, highlight=False, soft_wrap=True)
    shown = not quiet and terminal
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


class PictureBar:
    """Shows how many pictures were read: `with bar.progress:`, and on_picture given to what reads them."""

    def __init__(self, *, quiet: bool) -> None:
        self.progress = progress_bar(BarColumn(), quiet=quiet)
        self.task = self.progress.add_task("reading pictures")

    def on_picture(self, done: int, total: int) -> None:
        """Show how far it is."""
        self.progress.update(self.task, completed=done, total=total)


class LessonBar:
    """Shows teaching: `with bar.progress:`, and on_marks given to teach."""

    def __init__(self, settings: Settings, lesson: Lesson, old: str, *, quiet: bool) -> None:
        self.progress = progress_bar(BarColumn(), quiet=quiet)
        self.task = self.progress.add_task("teaching", total=settings.epochs)
        self.epochs, self.old = settings.epochs, old
        self.aside, self.old_aside = len(lesson.new_aside.labels), len(lesson.old_aside.labels)

    def on_marks(self, marks: Marks) -> None:
        """Leave one line for an epoch that is done."""
        new = f"kept aside {self.aside - marks.new_wrong} of {self.aside} right, " if self.aside else ""
        right = (1 - marks.old_wrong / self.old_aside) * 100
        self.progress.update(self.task, completed=marks.epoch)
        self.progress.console.print(f"epoch {marks.epoch}/{self.epochs}  {new}{self.old} {right:.2f} %", markup=False)


class TrainingBar:
    """Shows training: `with bar.progress:`, on_batch given to fit, on_epoch and go_on told its state."""

    def __init__(self, settings: Settings, *, images: int, quiet: bool) -> None:
        self.progress = progress_bar(BarColumn(), quiet=quiet)
        self.task = self.progress.add_task("training", total=settings.epochs * images)
        self.settings, self.images = settings, images
        self.validation = ""
        self.told: set[str] = set()
        self.start_epoch(1)

    def start_epoch(self, number: int) -> None:
        """Begin to count an epoch's images and time."""
        self.number, self.seen, self.started = number, 0, time.perf_counter()

    def go_on(self, state: State) -> None:
        """Begin where state stands."""
        self.told = {diagnosis.kind for diagnosis in diagnose(state.epochs, self.settings)}
        self.progress.update(self.task, completed=len(state.epochs) * self.images + state.epoch.examples)
        self.start_epoch(len(state.epochs) + 1)

    def rate(self) -> str:
        """The present epoch's speed so far."""
        return f"{self.seen / (time.perf_counter() - self.started):,.0f} images/s"

    def on_batch(self, images: int, loss: float) -> None:
        """Count a batch."""
        self.seen += images
        description = f"epoch {self.number}/{self.settings.epochs}  loss {loss:.4f}{self.validation}  {self.rate()}"
        self.progress.update(self.task, advance=images, description=description)

    def on_epoch(self, state: State) -> None:
        """Leave one line for an epoch that is done, and one for each thing that is newly wrong."""
        epoch, show = state.epochs[-1], self.progress.console.print
        if self.settings.validation:
            self.validation = f"  validation {epoch.validation_accuracy * 100:.2f} %"
        show(f"epoch {epoch.number:3}/{self.settings.epochs}  loss {epoch.loss:.4f}{self.validation}  {self.rate()}")
        for diagnosis in diagnose_last(state.epochs, self.settings):
            if diagnosis.kind not in self.told:
                self.told.add(diagnosis.kind)
                show(f"WATCH: {diagnosis.text}", markup=False)
        self.start_epoch(epoch.number + 1)

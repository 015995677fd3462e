"""Kills: whatever writes files is killed in the midst of it, and gone on with."""

import hashlib
import importlib
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from mnistnet.commands import main
from mnistnet.data.idx_set import load_set
from mnistnet.data.idx_url import fetch_set
from mnistnet.data.mnist import load_sample
from mnistnet.data.mnist_files import cache_state
from mnistnet.evaluation.report import read_report
from mnistnet.model_file import load_model, save_model
from mnistnet.places import remember, shipped
from mnistnet.training.checkpoint import read_checkpoint
from mnistnet.web.personal import PNG, PersonalSet
from torturing import Budget, Outcome
from torturing.killing import MOST_IN_A_ROW, Job, kill_often
from torturing.mirror import MNIST, NEEDS_MNIST, made_files, mirror

DRAWINGS = 40
PICTURES = 200
TRAINING = ("--recipe", "quick", "--hidden", "16", "--epochs", "3", "--dropout", "0.1")
WARM = (
    *("commands.train", "commands.teach", "commands.report", "commands.predict", "commands.bulk", "commands.data"),
    *("commands.progress", "commands.report_files", "evaluation.figures", "evaluation.report_page", "data.download"),
    *("reader", "bulk", "crew.local"),
)
"""Modules that are imported before the first fork."""
OF_MNIST = "MNIST's own files come whole, too, whenever their download was killed"
_HIDDEN = re.compile(r"\.[0-9a-f]{16}\.tmp")


class Trial(NamedTuple):
    """A job, and what is promised of it."""

    promise: str
    job: Job
    share: float
    """Of the time."""


def run(budget: Budget) -> Iterator[Outcome]:
    """Kill each of the jobs for its share of the time."""
    if not hasattr(os, "fork"):
        return
    warm()
    tried = f"SIGKILL at random moments and before random file operations, 1 to {MOST_IN_A_ROW} times in a row"
    if not MNIST:
        yield Outcome(OF_MNIST, f"fetching MNIST: {tried}", 0, [], [NEEDS_MNIST])
    with mirror() as url:
        for promise, job, share in trials(url):
            kills, failures = kill_often(job, budget.share(share))
            yield Outcome(promise, f"{job.name}: {tried}", kills, failures)


def trials(url: str) -> Iterator[Trial]:
    """All of them, with this mirror."""
    again = "then the same command comes to the very same"
    yield Trial(f"A download may be killed: nothing half stands in the cache, {again} files", download(url), 0.08)
    if MNIST:
        yield Trial(OF_MNIST, mnist_download(url), 0.12)
    yield Trial("A training with a checkpoint may be killed: --resume goes on to the very same model", training(), 0.25)
    yield Trial("A model that is being replaced is the old one or the new one, and loads", saving(), 0.05)
    yield Trial(f"Writing a report may be killed: there is none or a whole one, {again} page", report(), 0.13)
    yield Trial(f"Reading many pictures may be killed: {again} table", bulk(), 0.17)
    yield Trial("A drawing that was kept stays kept, with its label", collecting(), 0.05)
    yield Trial(f"Teaching may be killed: the old model is as it was, {again} new model", teaching(), 0.15)


@cache
def warm() -> None:
    """Import what the jobs need, so that no process does."""
    for name in WARM:
        importlib.import_module(f"mnistnet.{name}")


def command(folder: Path, *arguments: object) -> int:
    """A command, with a home in the folder."""
    os.chdir(folder)
    os.environ["MNISTNET_HOME"] = str(folder / "home")
    return main([*map(str, arguments), "--quiet"])


def hidden(folder: Path) -> list[Path]:
    """Temporary files, and beginnings of files, anywhere in the folder."""
    return [path for path in folder.rglob("*") if _HIDDEN.fullmatch(path.name) or path.suffix == ".part"]


def nothing(_: Path) -> None:
    """A job that needs nothing."""


def hashes(*paths: Path) -> list[str]:
    """Of files that are there."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def require(held: bool, what: str) -> None:
    """Raise RuntimeError unless it held."""
    if not held:
        raise RuntimeError(what)


def download(url: str) -> Job:
    """A set's four files, and their unpacking."""

    def work(folder: Path) -> int:
        os.environ["MNISTNET_HOME"] = str(folder / "home")
        examples = load_set(fetch_set(f"{url}/made", folder / "home" / "sets")).learning
        remember("last-run", folder)  # as the training does which the data are for
        return 0 if len(examples.labels) == 800 else 1

    def require_whole(folder: Path) -> None:
        for path in folder.rglob("*.gz"):
            require(path.read_bytes() == made_files()[path.name], f"{path.name} is not whole")

    def result(folder: Path) -> object:
        return hashes(*sorted(folder.rglob("*.gz")))

    return Job("downloading", nothing, work, require_whole, result, hidden)


def mnist_download(url: str) -> Job:
    """MNIST's four files by the command."""

    def work(folder: Path) -> int:
        if status := command(folder, "data", "fetch", "--mirror", f"{url}/mnist"):
            return status
        remember("last-run", folder)
        return 0

    def require_whole(folder: Path) -> None:
        for file in cache_state(folder / "home" / "mnist", verify=True):
            require(file.right is not False, f"{file.name} is not whole")

    def result(folder: Path) -> object:
        return [file.right for file in cache_state(folder / "home" / "mnist", verify=True)]

    return Job("fetching MNIST", nothing, work, require_whole, result, hidden)


def require_whole_run(folder: Path) -> None:
    """Raise where a training or teaching left something that is not whole."""
    for path in folder.rglob("*"):
        if path.name == "training.npz":
            read_checkpoint(path)
        elif path.suffix == ".npz" and not path.name.startswith("."):
            load_model(path)
        elif path.name == "report.json":
            read_report(path)
        elif path.suffix == ".html":
            require(path.read_text().rstrip().endswith("</html>"), f"{path.name} is not whole")
        elif path.suffix == ".toml":
            tomllib.loads(path.read_text())
        elif path.name.startswith("last-"):
            require(Path(path.read_text().removesuffix("\n")).exists(), f"{path.name} names nothing")


def facts_of(report: Path) -> dict[str, object]:
    """What a report says that has no clock in it."""
    return {name: value for name, value in read_report(report).items() if name not in ("trained", "seconds")}


def training() -> Job:
    """A training with a checkpoint after every batch or so."""

    def work(folder: Path) -> int:
        begun = (folder / "training.npz").exists()
        how = ("--resume", "training.npz") if begun else (*TRAINING, "--checkpoint", "training.npz")
        written = ("--output", "model.npz", "--run-dir", "run", "--force")
        return command(folder, "train", "--data", "sample", *how, "--checkpoint-every", 0.01, *written)

    def result(folder: Path) -> object:
        run = folder / "run"
        return (
            hashes(folder / "model.npz", run / "run.toml"),
            facts_of(run / "report.json"),
            (run / "report.html").exists(),
        )

    return Job("training", nothing, work, require_whole_run, result, hidden)


def saving() -> Job:
    """A model of some megabytes that replaces another."""
    old = shipped("mnist.npz")
    model = load_model(old)
    new = replace(model, provenance=replace(model.provenance, notice="the new one"))

    def prepare(folder: Path) -> None:
        shutil.copy(old, folder / "model.npz")

    def work(folder: Path) -> int:
        save_model(new, folder / "model.npz", overwrite=True)
        return 0

    def require_whole(folder: Path) -> None:
        notice = load_model(folder / "model.npz").provenance.notice
        require(notice in (model.provenance.notice, "the new one"), "it is another model")

    return Job("saving a model", prepare, work, require_whole, lambda folder: hashes(folder / "model.npz"), hidden)


def train_small(folder: Path) -> None:
    """Put a model into the folder that reads well enough to be taught."""
    options = ("--recipe", "quick", "--hidden", "32", "--epochs", "4", "--data", "sample")
    status = command(folder, "train", *options, "--output", "model.npz", "--run-dir", "run")
    require(status == 0, f"training ended with {status}")


def report() -> Job:
    """The page of a model."""

    def work(folder: Path) -> int:
        return command(folder, "report", "model.npz", "--data", "sample", "--html", "pages/page.html", "--force")

    def result(folder: Path) -> object:
        return hashes(folder / "pages" / "page.html")

    return Job("writing a report", train_small, work, require_whole_run, result, hidden)


def bulk() -> Job:
    """Digits in files, read by two processes into a table."""

    def prepare(folder: Path) -> None:
        (folder / "pictures").mkdir()
        for number, pixels in enumerate(load_sample().test.images[:PICTURES]):
            image = Image.fromarray((255 * pixels.reshape(28, 28)).astype(np.uint8))
            image.save(folder / "pictures" / f"{number:04}.png")

    def work(folder: Path) -> int:
        was_there = (folder / "table.csv").exists()
        read = command(folder, "predict", "pictures", "--csv", "table.csv", "--workers", 2, "--model", "shipped")
        return int(read != 1) if was_there else read  # nothing is replaced unasked: one that is there is refused

    def require_whole(folder: Path) -> None:
        for path in folder.glob("table.csv"):
            require(len(path.read_text().splitlines()) == 1 + PICTURES, "the table has lost rows")

    return Job("reading in bulk", prepare, work, require_whole, lambda folder: hashes(folder / "table.csv"), hidden)


def drawing(number: int) -> bytes:
    """One of the drawings that are kept."""
    return PNG + bytes([number]) * 20_000


def collecting() -> Job:
    """Drawings that are added one by one; what was added is noted."""

    def work(folder: Path) -> int:
        personal = PersonalSet(folder / "personal")
        with (folder / "added.txt").open("a", buffering=1) as added:
            for number in range(len(personal.entries()), DRAWINGS):
                personal.add(drawing(number), str(number))
                added.write(f"{number}\n")
        return 0

    def kept(folder: Path) -> list[str]:
        personal = PersonalSet(folder / "personal")
        entries = personal.entries()[::-1]
        for number, entry in enumerate(entries):
            require(personal.picture(entry.id) == drawing(number), f"the drawing {number} is not whole")
        return [entry.label for entry in entries]

    def require_whole(folder: Path) -> None:
        labels = kept(folder)
        require(labels == [str(number) for number in range(len(labels))], f"labels are {labels}")
        added = folder / "added.txt"
        require(not added.exists() or len(labels) >= len(added.read_text().splitlines()), "a drawing is lost")

    def leftovers(folder: Path) -> list[Path]:
        known = {entry.id for entry in PersonalSet(folder / "personal").entries()}
        unseen = [path for path in (folder / "personal").glob("[0-9a-f]*") if path.stem not in known]
        return hidden(folder) + unseen

    return Job("collecting drawings", nothing, work, require_whole, kept, leftovers)


def teaching() -> Job:
    """A small model learns two signs of the user's own."""

    def prepare(folder: Path) -> None:
        train_small(folder)
        (folder / "before.txt").write_text(*hashes(folder / "model.npz"))
        rng = np.random.default_rng(0)
        for number in range(24):
            page = Image.new("L", (100, 100), 255)
            x, y = rng.integers(-8, 9, 2)
            lines = (
                [((20, 20), (80, 80)), ((20, 80), (80, 20))]
                if number % 2
                else [((50, 15), (20, 80)), ((20, 80), (85, 80)), ((85, 80), (50, 15))]
            )
            for line in lines:
                ImageDraw.Draw(page).line([(a + x, b + y) for a, b in line], fill=0, width=8)
            (folder / "signs" / ("cross" if number % 2 else "triangle")).mkdir(parents=True, exist_ok=True)
            page.save(folder / "signs" / ("cross" if number % 2 else "triangle") / f"{number}.png")

    def work(folder: Path) -> int:
        written = ("--output", "taught.npz", "--run-dir", "taught", "--force")
        return command(folder, "teach", "signs", "--model", "model.npz", "--data", "sample", *written)

    def require_whole(folder: Path) -> None:
        require_whole_run(folder)
        require(hashes(folder / "model.npz") == [(folder / "before.txt").read_text()], "the old model was changed")

    def result(folder: Path) -> object:
        return hashes(folder / "taught.npz"), facts_of(folder / "taught" / "report.json")

    return Job("teaching", prepare, work, require_whole, result, hidden)

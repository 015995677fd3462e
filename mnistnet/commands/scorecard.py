"""Scorecard: what `mnistnet report --scorecard` makes."""

from pathlib import Path

import numpy as np
from rich.progress import BarColumn

from mnistnet.commands import UsageError
from mnistnet.commands.data import cache
from mnistnet.commands.progress import progress_bar
from mnistnet.data.mnist import Dataset, Examples, load_folder, load_sample
from mnistnet.errors import DataError
from mnistnet.evaluation.reading_score import Score, share
from mnistnet.evaluation.report_text import DATASETS, percent
from mnistnet.evaluation.scorecard import CONDITIONS, score_conditions, scorecard_text
from mnistnet.model_file import Model, load_model
from mnistnet.nn.network import probabilities
from mnistnet.reader import Reader

SEED = 0
"""Of the choice of digits and of how they are rendered: the same scorecard every time."""

LEARNT = "the model was trained on these digits; pass --data for the real test set"


def make_scorecard(model_path: Path, *, data: str | None, count: int, quiet: bool) -> Score:
    """The scorecard of a model, from so many test digits, as JSON values."""
    model = load_model(model_path)
    if not model.reads_digits:
        raise DataError(
            f"the scorecard is of handwritten digits, and {model_path} reads {', '.join(model.classes):.80}"
        )
    dataset = find_digits(data)
    if not 1 <= count <= len(dataset.test.labels):
        raise UsageError(f"report: expected --count from 1 to {len(dataset.test.labels):,}, got {count:,}")
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(dataset.test.labels), count, replace=False)
    digits = Examples(dataset.test.images[chosen], dataset.test.labels[chosen])
    conditions = score_pictures(Reader(model), digits, rng=rng, quiet=quiet)
    return {
        "model": str(model_path),
        "dataset": dataset.name,
        "digits": count,
        "seed": SEED,
        "direct": score_direct(model, digits),
        "conditions": conditions,
        "notice": LEARNT if is_learnt(model, dataset) else "",
    }


def find_digits(data: str | None) -> Dataset:
    """The data named; else MNIST as it was downloaded; else the sample. Nothing is fetched."""
    if data:
        return load_sample() if data == "sample" else load_folder(Path(data))
    try:
        return load_folder(cache())
    except DataError:
        return load_sample()


def is_learnt(model: Model, dataset: Dataset) -> bool:
    """Whether the model was trained on digits of dataset's test set: the sample is from MNIST's training images."""
    return dataset.name == "sample" and model.provenance.dataset != "sample"


def score_direct(model: Model, digits: Examples) -> Score:
    """How many the network reads right that is given the images themselves."""
    answers = probabilities(model.network, model.params, digits.images).argmax(axis=1)
    return share((answers == digits.labels).tolist())


def score_pictures(reader: Reader, digits: Examples, *, rng: np.random.Generator, quiet: bool) -> dict[str, Score]:
    """Every condition's score, while progress is shown."""
    with progress_bar(BarColumn(), quiet=quiet) as progress:
        task = progress.add_task("reading", total=len(CONDITIONS) * len(digits.labels))

        def read(picture: bytes) -> tuple[str, bool]:
            progress.advance(task)
            reading = reader.try_read(picture, name="digit")
            return reading.digits, reading.sure

        scores = {}
        for name, score in score_conditions(*digits, read, rng=rng):
            scores[name] = score
            progress.console.print(f"{name}: {percent(score['right']['share'])} right")
        return scores


def scorecard_report(scorecard: Score) -> str:
    """The scorecard in words and figures."""
    name = DATASETS[scorecard["dataset"]]
    direct = percent(scorecard["direct"]["share"])
    lines = [
        f"{scorecard['digits']:,} test digits of {name} as users' pictures",
        f"Without a picture, straight to the network: {direct} right",
        *([f"NOTICE: {scorecard['notice']}"] if scorecard["notice"] else []),
        "",
        scorecard_text(scorecard["conditions"]),
        "",
        f"Model    {scorecard['model']}",
    ]
    return "\n".join(lines)

"""Report: what a training run came to, as one value, and as JSON.

`report.json` is one object. `schema` is 2. `model` is the model file's path where it was made, and `model_sha256` its
hash; `trained` is the time at which a run ended and `seconds` how long it took, from reading the data to the test,
or of a training that was resumed the last part of that (both null for a model file alone). All fields of the model's
provenance follow (see model_file): dataset, settings, data_sha256, versions, epochs, diagnoses, confusion and so on. Of
the test images:
- `test_images`, `test_errors`, `test_accuracy`, `test_interval` (95 %, Wilson); `claimed_errors`, as the file has them
- `classes`: their names, by number; `image_format`: `side` and `box` of the pictures that the network reads
- `digits`: for each class its number, `digit`, its `images`, `precision`, `recall`, each with its `_interval`, and
  `f1`; `averages`: their plain means over classes that have images
- `calibration`: see model_file; `sure_interval` is that of the share of errors among sure answers, null without any

What follows is null where the test images were not read for the report:
- `answers`: five lists with a value for each test image: `label`, `predicted`, `confidence`, `loss` (nats, calibrated),
  `sure`
- `mistakes`: all misread images, the largest loss first; `doubtful`: the right answers of least confidence. Each has
  `index` (from 0), `label`, `predicted`, `confidence`, `loss`, `sure`
- `reliability`: 15 bins of `low`, `high`, `images`, `confidence`, `accuracy`, `interval`
- `risk_coverage`: of the most confident so many `answered`, so many are `wrong`; `confidence` is the lowest of them
- `disputed`: test images whose published label is disputed, null unless they are MNIST's: `source`, `images` (`index`,
  `label`, `proposed`, and so many of five people's `votes_`) and `without`, which has the four `test_` values for all
  other images

Confidences and losses of single images are rounded to six decimals; all else is computed before.
`scorecard` is what `mnistnet report --scorecard` makes, null where it was not made.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnistnet.arrays import Labels
from mnistnet.data.disputed import DISPUTED, SOURCE
from mnistnet.errors import RunError
from mnistnet.evaluation.calibration import Judgement, reliability, risk_coverage, tested_calibration
from mnistnet.evaluation.metrics import confusion_matrix, digit_scores, wilson_interval
from mnistnet.files import read_at_most
from mnistnet.model_file import Calibration, Model

SCHEMA = 2
MOST_BYTES = 300_000_000
"""Of a file: some hundred for each of a million test images."""
DOUBTFUL = 100
"""Right answers of least confidence that are listed."""
Report = dict[str, Any]


def make_report(
    model: Model,
    *,
    path: str,
    sha256: str | None = None,
    judgement: Judgement | None = None,
    labels: Labels | None = None,
    trained: str | None = None,
    seconds: float | None = None,
) -> Report:
    """The report on the model in the file path, with every figure that follows from what it carries.

    With its judgement of the test images, whose labels are (n,), everything is measured anew and each image told of.
    """
    claimed = model.provenance.test_errors
    if judgement is not None and labels is not None:
        model, details = remeasured(model, judgement, labels), tell_answers(judgement, labels)
        details["disputed"] = tell_disputed(details["answers"]) if model.provenance.dataset == "mnist" else None
    else:
        details = dict.fromkeys(("answers", "mistakes", "doubtful", "reliability", "risk_coverage", "disputed"))
    provenance = model.provenance
    scores = digit_scores(np.array(provenance.confusion))
    tested = [score for score in scores if score.images]  # a class that was taught may have no test images
    return {
        "schema": SCHEMA,
        "model": path,
        "model_sha256": sha256,
        "trained": trained,
        "seconds": None if seconds is None else round(seconds, 2),
        **tell_accuracy(provenance.test_errors, provenance.test_images),
        "claimed_errors": claimed,
        "classes": list(model.classes),
        "image_format": model.image_format._asdict(),
        "digits": [score._asdict() for score in scores],
        "averages": {
            name: sum(getattr(score, name) for score in tested) / len(tested) for name in ("precision", "recall", "f1")
        },
        "calibration": tell_calibration(model.calibration),
        **asdict(provenance),
        **details,
        "scorecard": None,
    }


def remeasured(model: Model, judgement: Judgement, labels: Labels) -> Model:
    """The model with what its answers to the test images come to here and now."""
    predicted = judgement.probabilities.argmax(axis=1)
    confusion = confusion_matrix(labels, predicted, classes=len(model.classes)).tolist()
    calibration = tested_calibration(model.calibration, judgement, labels)
    return replace(model, calibration=calibration, provenance=replace(model.provenance, confusion=confusion))


def tell_calibration(calibration: Calibration) -> Report:
    """The calibration in JSON values."""
    errors, sure = calibration.sure_errors, calibration.sure_images
    return calibration.as_json() | {"sure_interval": wilson_interval(errors, sure) if sure else None}


def tell_accuracy(errors: int, images: int) -> Report:
    """The four values that begin with test_."""
    return {
        "test_accuracy": (images - errors) / images,
        "test_interval": wilson_interval(images - errors, images),
        "test_errors": errors,
        "test_images": images,
    }


def tell_answers(judgement: Judgement, labels: Labels) -> Report:
    """What is told of each test image, and what follows from that."""
    probabilities, _, sure = judgement
    predicted, confidences = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = predicted == labels
    of_label = probabilities[np.arange(len(labels)), labels]
    losses = -np.log(np.maximum(of_label, np.finfo(np.float32).tiny))
    answers = {
        "label": labels.tolist(),
        "predicted": predicted.tolist(),
        "confidence": [round(value, 6) for value in confidences.tolist()],
        "loss": [round(value, 6) for value in losses.tolist()],
        "sure": sure.tolist(),
    }
    wrong, rights = np.flatnonzero(~right), np.flatnonzero(right)
    by_loss = wrong[np.argsort(-losses[wrong], kind="stable")]
    by_doubt = rights[np.argsort(confidences[rights], kind="stable")][:DOUBTFUL]
    return {
        "answers": answers,
        "mistakes": [tell_answer(answers, int(index)) for index in by_loss],
        "doubtful": [tell_answer(answers, int(index)) for index in by_doubt],
        "reliability": [one._asdict() for one in reliability(confidences, right)],
        "risk_coverage": [one._asdict() for one in risk_coverage(confidences, right)],
    }


def tell_answer(answers: Report, index: int) -> Report:
    """What the lists have of one image."""
    return {"index": index} | {name: values[index] for name, values in answers.items()}


def tell_disputed(answers: Report) -> Report:
    """The disputed labels of MNIST's test set, and the accuracy without them."""
    left_out = {one.index for one in DISPUTED}
    pairs = enumerate(zip(answers["label"], answers["predicted"], strict=True))
    right = [label == predicted for index, (label, predicted) in pairs if index not in left_out]
    return {
        "source": SOURCE,
        "images": [asdict(one) for one in DISPUTED],
        "without": tell_accuracy(len(right) - sum(right), len(right)),
    }


def read_report(path: Path) -> Report:
    """A report.json, read back. Raises RunError."""
    try:
        report = json.loads(read_at_most(path, MOST_BYTES))
    except OSError as error:
        raise RunError(f"cannot read the report {path}: {error.strerror}; run `mnistnet train`") from error
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path} is not JSON ({error}); train again") from error
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        raise RunError(f"{path} is not a report of schema {SCHEMA}; train again")
    return report

"""`mnistnet verify`: whether a model keeps the claim in its file."""

import argparse
import json

import numpy as np

from mnistnet.commands import filled, printable
from mnistnet.commands.data import add_test_options, obtain_tested
from mnistnet.commands.models import find_model
from mnistnet.evaluation.calibration import judge
from mnistnet.evaluation.metrics import confusion_matrix


def build_parser() -> argparse.ArgumentParser:
    """The options of verifying."""
    parser = argparse.ArgumentParser(
        prog="mnistnet verify",
        description="Have a model read its test images again, after checking that they are those of its file, and say "
        "whether the claim in the file holds: to the count of errors. Exit status 1 where it does not.",
        epilog="example: mnistnet verify shipped",
    )
    add = parser.add_argument
    add("model", type=filled, metavar="MODEL", help="a model file, a run's folder, `last` (the last run) or `shipped`")
    add_test_options(parser)
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="show no progress")
    return parser


def run(args: argparse.Namespace) -> int:
    """Verify; 1 where the claim does not hold."""
    path, model = find_model(args.model)
    claimed = model.provenance
    dataset = obtain_tested(model, args, path=str(path))
    judgement = judge(model.network, model.params, model.calibration, dataset.test.images)
    confusion = confusion_matrix(
        dataset.test.labels, judgement.probabilities.argmax(axis=1), classes=len(model.classes)
    )
    errors = int(confusion.sum() - np.trace(confusion))
    holds = (errors, len(dataset.test.labels)) == (claimed.test_errors, claimed.test_images)
    result = {
        "claimed_errors": claimed.test_errors,
        "measured_errors": errors,
        "test_images": len(dataset.test.labels),
        "holds": holds,
        "same_confusion": claimed.confusion == confusion.tolist(),
        "model": str(path),
    }
    print(json.dumps(result) if args.json else "\n".join(map(printable, describe(result, claimed.test_images))))
    return 0 if holds else 1


def describe(result: dict[str, object], claimed_images: int) -> list[str]:
    """The result in words."""
    same = "is the same, too" if result["same_confusion"] else "is another one"
    verdict = f"The claim holds; the confusion matrix {same}." if result["holds"] else "The claim does NOT hold."
    return [
        f"claimed   {result['claimed_errors']:,} of {claimed_images:,} test images wrong",
        f"measured  {result['measured_errors']:,} of {result['test_images']:,}",
        verdict,
        f"Model     {result['model']}",
    ]

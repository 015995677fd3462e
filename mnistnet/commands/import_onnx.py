"""`mnistnet import`: a model file of a network that another program trained."""

import argparse
import json
from pathlib import Path

import numpy as np

from mnistnet.commands import UsageError, filled, filled_path, printable
from mnistnet.commands.data import cache
from mnistnet.commands.models import file_sha256
from mnistnet.commands.options import number
from mnistnet.data.mnist import Dataset, load_folder, load_sample
from mnistnet.errors import DataError, OutputError
from mnistnet.evaluation.report import make_report
from mnistnet.evaluation.report_text import headline
from mnistnet.files import require_writable
from mnistnet.model_file import save_model
from mnistnet.nn.folding import Standardization, plain_network
from mnistnet.nn.network import Network, Params
from mnistnet.training.run import adopted_model


def build_parser() -> argparse.ArgumentParser:
    """The options of importing."""
    parser = argparse.ArgumentParser(
        prog="mnistnet import",
        description="Make a model file of a multilayer perceptron in ONNX, as PyTorch and others export it: 784 "
        "inputs, layers with activations between, 10 outputs. It is calibrated and tested as a trained one is. Needs "
        "the extra `onnx`.",
        epilog="example: mnistnet import theirs.onnx --output mine.npz --mean 0.1307 --deviation 0.3081",
    )
    add = parser.add_argument
    add("file", type=filled_path, metavar="FILE.onnx", help="the network")
    add("--output", type=filled_path, required=True, metavar="FILE.npz", help="the model file to write")
    add(
        "--mean",
        type=number,
        default=0.0,
        metavar="X",
        help="where its pictures were normalised before they came to it: the mean that was taken away from them, with "
        "ink 1 and background 0 (%(default)s)",
    )
    add("--deviation", type=number, default=1.0, metavar="X", help="and what they were then divided by (%(default)s)")
    add(
        "--data",
        type=filled,
        metavar="DIR",
        help="what to calibrate and test with: a folder with the four MNIST files, or `sample` (MNIST, where it was "
        "downloaded, else the bundled sample)",
    )
    add("--force", action="store_true", help="replace a file that is there already")
    add("--json", action="store_true", help="print the result as one line of JSON")
    add("--quiet", action="store_true", help="do not tell the result")
    return parser


def run(args: argparse.Namespace) -> int:
    """Import, calibrate, test and save."""
    if args.output.suffix != ".npz":
        raise UsageError(f"import: expected --output to end in .npz, got {args.output}")
    if not (args.deviation > 0 and np.isfinite([args.mean, args.deviation]).all()):
        raise UsageError(f"import: expected a --deviation above 0, got {args.deviation:g} with --mean {args.mean:g}")
    require_writable(args.output, overwrite=args.force)
    network, params = plain_network(*read_network(args.file), [], Standardization(args.mean, args.deviation))
    dataset = at_hand(args.data)
    notice = printable(f"imported from {args.file.name}, trained elsewhere")
    model, judgement = adopted_model(network, params, dataset, notice=notice, rng=np.random.default_rng(0))
    save_model(model, args.output, overwrite=args.force)
    report = make_report(
        model,
        path=str(args.output),
        sha256=file_sha256(args.output),
        judgement=judgement,
        labels=dataset.test.labels,
    )
    if args.json:
        names = ("model", "model_sha256", "test_accuracy", "test_errors", "test_images", "dataset", "notice")
        print(json.dumps({name: report[name] for name in names} | {"sizes": network.sizes}))
    elif not args.quiet:
        print(f"{headline(report)}\n\nModel   {printable(str(args.output))}")
    return 0


def read_network(path: Path) -> tuple[Network, Params]:
    """The network in an ONNX file. Raises ModelError, and OutputError where the extra is not installed."""
    try:
        from mnistnet.export.from_onnx import read_onnx
    except Exception as error:  # a package that is there but broken may raise anything
        reason = f"it needs the package onnx ({str(error).partition(chr(10))[0]})"
        raise OutputError(
            f"cannot import {path}: {reason}; install it with: python -m pip install 'mnistnet[onnx]'"
        ) from error
    return read_onnx(path)


def at_hand(data: str | None) -> Dataset:
    """The data named; without a name MNIST from the cache, or the sample where that is not there."""
    if data:
        return load_sample() if data == "sample" else load_folder(Path(data))
    try:
        return load_folder(cache())
    except DataError:
        return load_sample()

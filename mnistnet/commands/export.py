"""`mnistnet export`: the network as a page to draw on, or as a file for other programs."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mnistnet.commands import UsageError, filled, filled_path, printable
from mnistnet.commands.data import tested_at_hand
from mnistnet.commands.models import describe_model, find_model
from mnistnet.data.mnist import load_sample
from mnistnet.errors import OutputError
from mnistnet.evaluation.calibration import judge
from mnistnet.files import new_file, require_writable
from mnistnet.model_file import Model

FORMATS = ("html", "onnx", "safetensors")
MOST = 5_000
"""Images by which weights are rounded well."""


class Export(NamedTuple):
    """A file to write, and what is said of it."""

    path: Path
    content: bytes
    format: str
    kind: str
    """In a few words."""
    facts: dict[str, Any]
    """Of its own, as JSON values."""
    lines: list[str]
    """The same in words."""
    advice: str
    """What to do with it, on lines of its own."""


def build_parser() -> argparse.ArgumentParser:
    """The options of exporting."""
    parser = argparse.ArgumentParser(
        prog="mnistnet export",
        description="Write the network as one HTML page, on which digits are drawn and read in any browser, or as an "
        "ONNX file, which ONNX Runtime and others run without mnistnet, or its weights as safetensors.",
        epilog="example: mnistnet export --html digit.html --onnx mnist.onnx --model shipped",
    )
    add = parser.add_argument
    add("--html", type=filled_path, metavar="FILE.html", help="the page to write: one file, which needs nothing else")
    add("--onnx", type=filled_path, metavar="FILE.onnx", help="the file to write; needs the extra `onnx`")
    add("--safetensors", type=filled_path, metavar="FILE.safetensors", help="the weights, for PyTorch and others")
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what to write, a run's folder, `last` or `shipped` (the one you trained last, else the shipped)",
    )
    add(
        "--data",
        type=filled,
        metavar="DIR",
        help="for --html: the images that the model was tested on, to count what weights in 8 bits change: a folder "
        "with the four MNIST files, or `sample` (those that were downloaded, or come with mnistnet)",
    )
    add("--force", action="store_true", help="replace files that are there already")
    add("--json", action="store_true", help="print what was written, one line of JSON a file")
    add("--quiet", action="store_true", help="do not say what was written")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the files and tell how to use them."""
    require_named(args)
    for path in filter(None, (getattr(args, name) for name in FORMATS)):
        require_writable(path, overwrite=args.force)
    model_path, model = find_model(args.model)
    exports = [as_page(args.html, model, model_path, args.data)] if args.html else []
    exports += [as_onnx(args.onnx, model)] if args.onnx else []
    exports += [as_safetensors(args.safetensors, model)] if args.safetensors else []
    for export in exports:
        with new_file(export.path, overwrite=args.force) as file:
            file.write(export.content)
    if args.json:
        print("\n".join(json.dumps(as_json(export, model_path, model)) for export in exports))
    elif not args.quiet:
        print("\n\n".join(describe(export, model_path, model) for export in exports))
    return 0


def require_named(args: argparse.Namespace) -> None:
    """Raise UsageError unless there is a file to write, and each has its suffix."""
    named = {name: path for name in FORMATS if (path := getattr(args, name))}
    if not named or any(path.suffix != f".{name}" for name, path in named.items()):
        got = " and ".join(f"--{name} {path}" for name, path in named.items()) or "none of them"
        raise UsageError(f"export: expected {' or '.join(f'--{name} FILE.{name}' for name in FORMATS)}, got {got}")
    if args.data and not args.html:
        raise UsageError("export: --data is for --html")


def as_page(path: Path, model: Model, model_path: Path, data: str | None) -> Export:
    """The drawing page. Raises DataError where data is not what the model was tested on."""
    from mnistnet.export.eight_bit import in_eight_bits, measure_change
    from mnistnet.export.html import drawing_page

    sample, dataset = load_sample(), tested_at_hand(model, data, path=str(model_path))
    tested = dataset or (sample if model.reads_digits else None)
    seen = sample if model.reads_digits else dataset
    judge(model.network, model.params, model.calibration, np.ones((1, model.network.sizes[0]), np.float32))  # it can
    eight_bit = in_eight_bits(model, seen.learning.images[:MOST] if seen else None)
    change = measure_change(model, eight_bit.model, tested.test) if tested else None
    content = drawing_page(eight_bit, change).encode()
    told = "not measured: the test images are not here (--data)"
    if change:
        told = f"{change.eight_bit_errors:,} of {change.images:,} test images misread instead of {change.errors:,}"
        told += "" if dataset else ", all that are here; `mnistnet data fetch` gets more"
    facts = {"eight_bit": change._asdict() if change else None}
    advice = f"Open {printable(str(path))} in a browser, or put it on any web server; it needs nothing else."
    return Export(path, content, "html", "weights in 8 bits", facts, [f"in 8 bits: {told}"], advice)


def as_onnx(path: Path, model: Model) -> Export:
    """The ONNX file. Raises OutputError where the extra is not installed."""
    try:
        from mnistnet.export import onnx
    except Exception as error:  # a package that is there but broken may raise anything
        reason = f"it needs the package onnx ({str(error).partition(chr(10))[0]})"
        raise OutputError(
            f"cannot write {path}: {reason}; install it with: python -m pip install 'mnistnet[onnx]'"
        ) from error
    facts: dict[str, Any] = {
        "opset": onnx.OPSET,
        "ir_version": onnx.IR_VERSION,
        "input": {"name": onnx.INPUT, "type": "float32", "shape": onnx.input_shape(model)},
        "output": {"name": onnx.OUTPUT, "type": "float32", "shape": onnx.output_shape(model)},
    }
    side = model.image_format.side
    lines = [
        f"input: {onnx.INPUT}, float32 ({', '.join(map(str, onnx.input_shape(model)))}), "
        f"{side} x {side} pixels, ink 1, background 0",
        f"output: {onnx.OUTPUT}, float32 ({', '.join(map(str, onnx.output_shape(model)))}), calibrated",
    ]
    return Export(
        path,
        onnx.onnx_bytes(model),
        "onnx",
        f"opset {onnx.OPSET}",
        facts,
        lines,
        trial(path) if model.reads_digits else "Its outputs are, in order: " + ", ".join(model.classes),
    )


def as_safetensors(path: Path, model: Model) -> Export:
    """The weights for other frameworks."""
    from mnistnet.export.safetensors import named_tensors, safetensors_bytes

    shapes = {name: tensor.shape for name, tensor in named_tensors(model).items()}
    lines = [f"{name}: float32 {shape}" for name, shape in shapes.items()]
    advice = (
        "PyTorch: torch.nn.Sequential(...).load_state_dict(safetensors.torch.load_file(FILE)), with a Linear for each\n"
        f"weight and {model.network.activation} between; the logits that it gives are not calibrated."
    )
    return Export(path, safetensors_bytes(model), "safetensors", "weights", {"tensors": shapes}, lines, advice)


def as_json(export: Export, model_path: Path, model: Model) -> dict[str, Any]:
    """What was written, as JSON values."""
    return {
        export.format: str(export.path),
        "model": str(model_path),
        "bytes": len(export.content),
        "sha256": hashlib.sha256(export.content).hexdigest(),
        **export.facts,
        "test_errors": model.provenance.test_errors,
        "test_images": model.provenance.test_images,
        "notice": model.provenance.notice,
    }


def describe(export: Export, model_path: Path, model: Model) -> str:
    """What was written, and what to do with it."""
    written = f"wrote {export.path}: {len(export.content):,} bytes, {export.kind}"
    lines = [written, describe_model(model_path, model), *export.lines]
    return "\n".join(map(printable, lines)) + f"\n\n{export.advice}"


def trial(path: Path) -> str:
    """Three lines of Python that have ONNX Runtime read the sample's test digits, and what they print."""
    return (
        "After `pip install onnxruntime`, this Python prints the share of 1,000 digits that it reads right:\n"
        "import onnxruntime; from mnistnet.data.mnist import load_sample\n"
        f"session, test = onnxruntime.InferenceSession({str(path)!a}), load_sample().test\n"
        'print((session.run(None, {"images": test.images})[0].argmax(axis=1) == test.labels).mean())'
    )

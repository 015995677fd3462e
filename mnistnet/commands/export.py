"""`mnistnet export`: the network as a file that other programs run."""

import argparse
import hashlib
import json
from pathlib import Path

from mnistnet.commands import UsageError, filled, filled_path, printable
from mnistnet.commands.models import describe_model, find_model
from mnistnet.errors import OutputError
from mnistnet.files import new_file, require_writable
from mnistnet.model_file import Model


def build_parser() -> argparse.ArgumentParser:
    """The options of exporting."""
    parser = argparse.ArgumentParser(
        prog="mnistnet export",
        description="Write the network as an ONNX file, which ONNX Runtime and others run without mnistnet.",
        epilog="example: mnistnet export --onnx mnist.onnx --model shipped",
    )
    add = parser.add_argument
    add("--onnx", type=filled_path, metavar="FILE.onnx", help="the file to write; needs the extra `onnx`")
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what to write, a run's folder, `last` or `shipped` (the one you trained last, else the shipped)",
    )
    add("--force", action="store_true", help="replace FILE.onnx if it is there already")
    add("--json", action="store_true", help="print what was written as one line of JSON")
    add("--quiet", action="store_true", help="do not say what was written")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write the file and tell how to use it."""
    path: Path | None = args.onnx
    if path is None or path.suffix != ".onnx":
        raise UsageError(f"export: expected --onnx FILE.onnx, got {f'--onnx {path}' if path else 'no --onnx'}")
    require_writable(path, overwrite=args.force)
    model_path, model = find_model(args.model)
    content = content_of(model, path)
    with new_file(path, overwrite=args.force) as file:
        file.write(content)
    if args.json:
        print(json.dumps(as_json(path, content, model_path, model)))
    elif not args.quiet:
        print(describe(path, content, model_path, model))
    return 0


def content_of(model: Model, path: Path) -> bytes:
    """What is written to path. Raises OutputError where the extra is not installed."""
    try:
        from mnistnet.export.onnx import onnx_bytes
    except Exception as error:  # a package that is there but broken may raise anything
        reason = f"it needs the package onnx ({str(error).partition(chr(10))[0]})"
        raise OutputError(
            f"cannot write {path}: {reason}; install it with: python -m pip install 'mnistnet[onnx]'"
        ) from error
    return onnx_bytes(model)


def as_json(path: Path, content: bytes, model_path: Path, model: Model) -> dict[str, object]:
    """What was written, as JSON values."""
    from mnistnet.export import onnx

    return {
        "onnx": str(path),
        "model": str(model_path),
        "opset": onnx.OPSET,
        "ir_version": onnx.IR_VERSION,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"name": onnx.INPUT, "type": "float32", "shape": onnx.INPUT_SHAPE},
        "output": {"name": onnx.OUTPUT, "type": "float32", "shape": onnx.OUTPUT_SHAPE},
        "test_errors": model.provenance.test_errors,
        "test_images": model.provenance.test_images,
        "notice": model.provenance.notice,
    }


def describe(path: Path, content: bytes, model_path: Path, model: Model) -> str:
    """What was written, and three lines of Python that try it."""
    from mnistnet.export import onnx

    facts = [
        f"wrote {path}: {len(content):,} bytes, opset {onnx.OPSET}",
        describe_model(model_path, model),
        f"input: {onnx.INPUT}, float32 ({', '.join(map(str, onnx.INPUT_SHAPE))}), ink 1, background 0",
        f"output: {onnx.OUTPUT}, float32 ({', '.join(map(str, onnx.OUTPUT_SHAPE))})",
    ]
    return "\n".join(map(printable, facts)) + f"\n\n{trial(path)}"


def trial(path: Path) -> str:
    """Three lines of Python that have ONNX Runtime read the sample's test digits, and what they print."""
    return (
        "After `pip install onnxruntime`, this Python prints the share of 1,000 digits that it reads right:\n"
        "import onnxruntime; from mnistnet.data.mnist import load_sample\n"
        f"session, test = onnxruntime.InferenceSession({str(path)!a}), load_sample().test\n"
        'print((session.run(None, {"images": test.images})[0].argmax(axis=1) == test.labels).mean())'
    )

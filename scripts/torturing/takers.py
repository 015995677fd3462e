"""Takers: what takes in a file of each kind, as the program does, and holds what it made of it against what is right.

Each raises one of OURS where it refuses the file, and WrongAnswerError where it should have.
"""

import asyncio
import json
import math
import struct
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from mnistnet.arrays import SIDE
from mnistnet.commands import UsageError
from mnistnet.commands.config_file import OF_THE_RUN, read_config
from mnistnet.commands.options import make_settings
from mnistnet.data.folder import read_table
from mnistnet.data.idx import parse_idx
from mnistnet.data.idx_set import SetFiles, load_set
from mnistnet.errors import MnistnetError
from mnistnet.evaluation.calibration import judge
from mnistnet.model_file import load_model
from mnistnet.places import shipped
from mnistnet.reader import Reader
from mnistnet.training.checkpoint import read_checkpoint, require_same, restore
from mnistnet.training.recipes import RECIPES
from mnistnet.training.settings import Settings
from torturing.specimens import DATA, PICTURES, TRAINED, digits, idx_files, specimens, untrained

OURS = (MnistnetError, UsageError)
LONGEST_MESSAGE = 1_000
Message = MutableMapping[str, Any]


class WrongAnswerError(Exception):
    """What was answered cannot be right."""


def require(holds: bool, what: str) -> None:
    """Raise WrongAnswerError unless it holds."""
    if not holds:
        raise WrongAnswerError(what)


def take_idx(path: Path) -> None:
    """As an array, which has what stands in the file."""
    content = path.read_bytes()
    array = parse_idx(content, name="file")
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    require(array.shape == shape and array.tobytes() == content[4 + 4 * len(shape) :], "another array")


def take_packed(path: Path) -> None:
    """As a set's images, or its labels, beside good ones."""
    good = [path.with_name(name) for name in ("images", "labels")]
    for beside, content in zip(good, idx_files(), strict=False):
        if not beside.exists():
            beside.write_bytes(content)
    refused = None
    for files in ((path, good[1], *good), (good[0], path, *good)):
        try:
            dataset = load_set(SetFiles("some-", cast(Any, files)))
        except MnistnetError as error:
            refused = error
            continue
        images, labels = dataset.learning
        require(0 <= images.min() <= images.max() <= 1 and len(images) == len(labels) > 0, "no images in [0, 1]")
        require(0 <= labels.min() <= labels.max() < len(dataset.classes), "labels without a class")
        return
    if refused:
        raise refused


def take_model(path: Path) -> None:
    """As a model that answers."""
    model = load_model(path)
    require(np.isfinite(model.params.flat).all().item(), "parameters that are no numbers")
    answers = judge(model.network, model.params, model.calibration, np.ones((1, model.image_format.pixels), np.float32))
    require(math.isclose(answers.probabilities.sum(), 1, abs_tol=1e-3), "probabilities that do not make 1")
    json.dumps(model.calibration.as_json(), allow_nan=False).encode()


def take_checkpoint(path: Path) -> None:
    """As what a training goes on from."""
    checkpoint = read_checkpoint(path)
    state = untrained()
    require_same(checkpoint, TRAINED, DATA)
    restore(checkpoint, state, examples=len(digits().labels))
    require(np.isfinite(state.params.flat).all().item(), "parameters that are no numbers")
    state.rng.random()


def take_table(path: Path) -> None:
    """As labels of pictures that are there."""
    for name in ("a.png", "b.png", "c.png"):
        if not path.with_name(name).exists():
            path.with_name(name).write_bytes(specimens("png")[0])
    for picture in read_table(path):
        require(picture.path.is_file() and (picture.label.isdecimal() or not picture.label), "no picture, or no label")


def take_config(path: Path) -> None:
    """As the settings of a training."""
    values = read_config(path)
    base = RECIPES[values["recipe"]] if "recipe" in values else Settings()
    settings = make_settings(
        base, {name: value for name, value in values.items() if name not in OF_THE_RUN}, command="train"
    )
    json.dumps(settings.resolved(), allow_nan=False).encode()


def take_onnx(path: Path) -> None:
    """As a network."""
    from mnistnet.export.from_onnx import read_onnx

    network, params = read_onnx(path)
    require(np.isfinite(params.flat).all().item() and network.sizes[0] == SIDE * SIDE, "no network of numbers")


@cache
def reader() -> Reader:
    """Of the shipped model."""
    return Reader(load_model(shipped("mnist.npz")))


def take_picture(path: Path) -> None:
    """As a reading."""
    values = reader().read(path, name="picture").as_json()
    require_reading(values)


def require_reading(values: Mapping[str, Any]) -> None:
    """Raise WrongAnswerError where a reading cannot be one."""
    json.dumps(values, allow_nan=False).encode()
    require(0 <= values["confidence"] <= 1 and len(values["digits"]) == len(values["parts"]), "digits without parts")
    require(bool(values["digits"] or values["warnings"]), "no digit, and no reason")
    for part, digit in zip(values["parts"], values["digits"], strict=True):
        require(math.isclose(sum(part["probabilities"]), 1, abs_tol=1e-3), "probabilities that do not make 1")
        require(str(part["digit"]) == digit, "another digit")
        x0, y0, x1, y1 = part["box"]
        require(0 <= x0 < x1 and 0 <= y0 < y1, "a box that is none")


class SameProcess:
    """Reads in this process what the server has others read: here it is watched."""

    waiting = 0

    async def ask(self, job: Any) -> Any:
        """The answer."""
        from mnistnet.web.desk import Desk

        return Desk(reader().model)(job)


@cache
def application(home: Path) -> Callable[..., Any]:
    """The server's application behind its guards."""
    from mnistnet.web.app import make_app
    from mnistnet.web.guards import Guards
    from mnistnet.web.personal import PersonalSet
    from mnistnet.web.settings import Limits
    from mnistnet.web.site import Site

    site = Site(reader().model, "shipped", cast(Any, SameProcess()), PersonalSet(home / "personal"), Limits(), b"")
    return Guards(make_app(site), site.limits, is_ours=lambda host: host == "localhost", log=as_line)


def as_line(facts: Mapping[str, Any]) -> None:
    """What the server's log has of it, which must be JSON."""
    json.dumps(facts).encode()


@cache
def loop() -> asyncio.AbstractEventLoop:
    """In which the application lives."""
    return asyncio.new_event_loop()


def take_request(path: Path) -> None:
    """As a request of the server's."""
    scope, body = as_scope(path.read_bytes())
    loop().run_until_complete(answered(scope, body, path.parent))


async def answered(scope: Message, body: bytes, home: Path) -> None:
    """Ask the application, and look at its answer."""
    sent: list[Message] = []
    pieces = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(home)(scope, receive, send)
    require(bool(sent), "no answer")
    headers = dict(sent[0]["headers"])
    require(sent[0]["status"] < 500 or sent[0]["status"] in (503, 507), f"status {sent[0]['status']}")
    require(headers.get(b"x-content-type-options") == b"nosniff", "no safe headers")
    content = b"".join(message.get("body", b"") for message in sent[1:])
    require(b"Traceback" not in content and str(home).encode() not in content, "an answer that tells of this machine")
    if b"json" in headers.get(b"content-type", b"") and scope["method"] != "HEAD":
        values = json.loads(content, parse_constant=refuse)
        require(sent[0]["status"] < 400 or values["status"] == sent[0]["status"], "a problem with another status")


def refuse(name: str) -> None:
    """JSON knows no NaN."""
    raise WrongAnswerError(f"{name} in an answer")


def as_scope(content: bytes) -> tuple[Message, bytes]:
    """A request as the application gets it, whatever it was."""
    head, _, body = content.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, _, target = first.decode("latin-1").partition(" ")
    path, _, query = target.partition("?")
    pairs = [line.partition(b":") for line in lines]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method or "GET",
        "scheme": "http",
        "path": path or "/",
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.strip().lower(), value.strip()) for name, _, value in pairs],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }, body


TAKERS: Mapping[str, Callable[[Path], None]] = {
    "idx": take_idx,
    "gzip": take_packed,
    "model": take_model,
    "checkpoint": take_checkpoint,
    "labels.csv": take_table,
    "run.toml": take_config,
    "onnx": take_onnx,
    **dict.fromkeys(PICTURES, take_picture),
    "api": take_request,
}


def take(kind: str, path: Path) -> str:
    """Have a file taken in: "" where that went as it must, else what is wrong with what came of it."""
    try:
        TAKERS[kind](path)
    except OURS as error:
        return f"a message of {len(str(error)):,} characters" if len(str(error)) > LONGEST_MESSAGE else ""
    except Exception as error:  # the very thing that is looked for
        return f"{type(error).__name__}: {error}"
    return ""

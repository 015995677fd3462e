"""Checks: what mnistnet needs, one finding for each thing.

Every check imports what it looks at, so that whatever is broken breaks this check and no other.
"""

import importlib
import logging
import os
import platform
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from mnistnet import __version__
from mnistnet.errors import MnistnetError

OK, MISSING, BROKEN = "ok", "missing", "broken"
OLDEST_PYTHON = (3, 11)
DEVELOPMENT = ("bench", "test", "dev")
"""Extras that only those who work on mnistnet need."""
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
DIGITS, LEAST_RIGHT = 100, 90
"""Of the sample's digits, so many are read by the shipped model, which misreads none of them."""


class Finding(NamedTuple):
    """What a check found."""

    name: str
    state: str
    """OK, MISSING (something to do without) or BROKEN."""
    text: str
    remedy: str = ""
    facts: Mapping[str, Any] = MappingProxyType({})
    """The same as JSON values."""


def find_all() -> Iterator[Finding]:
    """Every finding, in the order in which they are shown."""
    yield check_python()
    yield Finding("mnistnet", OK, f"{__version__}, {Path(__file__).parents[1]}", facts={"version": __version__})
    yield from check_packages()
    yield examine("BLAS", check_blas)
    yield examine("home", check_home, remedy="set MNISTNET_HOME to a folder that you may write to")
    yield examine("MNIST", check_data)
    yield examine("shipped model", check_shipped, remedy="install mnistnet again")
    yield examine("model", check_model, remedy="train again, or pass --model shipped")
    yield examine("browser", check_browser)


def examine(name: str, check: Callable[[], Finding], *, remedy: str = "") -> Finding:
    """What a check finds; where it breaks down, that."""
    try:
        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # as below: it warns of a home that is missing
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they would stand on standard error, between the findings
            return check()
    except MnistnetError as error:
        return Finding(name, BROKEN, str(error), remedy)
    except Exception as error:  # a broken package may raise anything
        return Finding(name, BROKEN, f"{type(error).__name__}: {error}", remedy)


def check_python() -> Finding:
    """The interpreter."""
    version, needed = platform.python_version(), ".".join(map(str, OLDEST_PYTHON))
    facts = {"version": version, "executable": sys.executable, "platform": platform.platform()}
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", BROKEN, f"{version}, {sys.executable}", f"use Python {needed} or newer", facts)
    return Finding("Python", OK, f"{version}, {sys.executable}", facts=facts)


def check_packages() -> Iterator[Finding]:
    """A finding for every package that is always needed, and for every extra."""
    try:
        needed = requirements(metadata.requires("mnistnet") or [])
        modules = {
            name.lower(): module for module, names in metadata.packages_distributions().items() for name in names
        }
    except Exception as error:
        remedy = "install mnistnet: python -m pip install ."
        yield Finding("packages", MISSING, f"not known which are needed ({type(error).__name__}: {error})", remedy)
        return
    for name in needed.pop("", []):
        remedy = f"python -m pip install --force-reinstall {name}"
        yield examine(name, partial(check_package, name, modules), remedy=remedy)
    for extra, names in sorted(needed.items()):
        if extra not in DEVELOPMENT:
            remedy = f"python -m pip install 'mnistnet[{extra}]'"
            yield examine(f"extra {extra}", partial(check_extra, extra, names, modules), remedy=remedy)


def requirements(lines: Iterable[str]) -> dict[str, list[str]]:
    """The names of packages by extra, "" for those always needed, from lines such as `onnx>=1.16; extra == "onnx"`."""
    needed: dict[str, list[str]] = {}
    for line in lines:
        extra = re.search(r"""extra == ['"]([\w-]+)""", line)
        needed.setdefault(extra[1] if extra else "", []).append(re.split(r"[^\w.-]", line, maxsplit=1)[0])
    return needed


def check_package(name: str, modules: Mapping[str, str]) -> Finding:
    """A package that must be there, and must import."""
    version = metadata.version(name)
    own = name.replace("-", "_")
    importlib.import_module(own if own in modules.values() else modules[name.lower()])
    return Finding(name, OK, version, facts={"version": version})


def check_extra(extra: str, names: Iterable[str], modules: Mapping[str, str]) -> Finding:
    """An extra's packages: all there and importable, or something to install."""
    missing = [name for name in names if name.lower() not in modules]
    if missing:
        remedy = f"python -m pip install 'mnistnet[{extra}]'"
        return Finding(f"extra {extra}", MISSING, f"without {', '.join(missing)}", remedy, {"missing": missing})
    versions = {name: check_package(name, modules).text for name in names}
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Finding(f"extra {extra}", OK, text, facts={"versions": versions})


def check_blas() -> Finding:
    """What NumPy multiplies with, and on how many threads."""
    from mnistnet.training.environment import usable_cores, versions

    found = versions()
    named = {name: value for name in THREADS if (value := os.environ.get(name))}
    said = "".join(f", {name}={value}" for name, value in named.items())
    text = f"{found['blas']}, threads: {found['threads'] or 'not known'}, cores: {usable_cores()}{said}"
    facts = {"blas": found["blas"], "threads": found["threads"], "cores": usable_cores(), "environment": named}
    return Finding("BLAS", OK, text, facts=facts)


def check_home() -> Finding:
    """Where data, runs and models are kept."""
    from mnistnet.files import require_writable
    from mnistnet.places import home

    folder = home()
    require_writable(folder / "last-run", overwrite=True)
    runs = sum(1 for _ in folder.glob("runs/*/model.npz"))
    text = f"{folder}, {f'runs: {runs:,}' if folder.exists() else 'not made yet'}"
    return Finding("home", OK, text, facts={"folder": str(folder), "runs": runs})


def check_data() -> Finding:
    """Whether MNIST is in the cache, byte by byte."""
    from mnistnet.data.mnist_files import cache_state
    from mnistnet.places import home

    files, remedy = cache_state(home() / "mnist", verify=True), "mnistnet data fetch"
    facts = {"folder": str(home() / "mnist"), "files": {file.name: file.right for file in files}}
    if wrong := [file.name for file in files if file.right is False]:
        return Finding("MNIST", BROKEN, f"{', '.join(wrong)}: not the right bytes", remedy, facts)
    if absent := [file.name for file in files if file.size is None]:
        text = f"{len(absent)} of {len(files)} files are not downloaded; training would fetch them"
        return Finding("MNIST", MISSING, text, remedy, facts)
    return Finding("MNIST", OK, f"{facts['folder']}, every byte verified", facts=facts)


def check_shipped() -> Finding:
    """Whether the model that comes with mnistnet reads digits."""
    from mnistnet.data.mnist import load_sample
    from mnistnet.evaluation.calibration import judge
    from mnistnet.model_file import load_model
    from mnistnet.places import shipped

    path, test = shipped("mnist.npz"), load_sample().test
    model = load_model(path)
    answers = judge(model.network, model.params, model.calibration, test.images[:DIGITS]).probabilities.argmax(axis=1)
    right = int((answers == test.labels[:DIGITS]).sum())
    facts = {"path": str(path), "right": right, "of": DIGITS}
    text = f"{path}, reads {right} of {DIGITS} digits of the sample right"
    state = OK if right >= LEAST_RIGHT else BROKEN
    return Finding("shipped model", state, text, "" if state == OK else "install mnistnet and numpy again", facts)


def check_model() -> Finding:
    """The model that `predict` takes unasked."""
    from mnistnet.commands.models import describe_model, find_model

    path, model = find_model(None)
    return Finding("model", OK, describe_model(path, model).removeprefix("model: "), facts={"path": str(path)})


def check_browser() -> Finding:
    """What `--open` shows pages in."""
    import webbrowser

    try:
        name = str(getattr(webbrowser.get(), "name", ""))
    except webbrowser.Error:
        return Finding("browser", MISSING, "none was found: --open cannot show pages", "open pages yourself")
    return Finding("browser", OK, name, facts={"name": name})

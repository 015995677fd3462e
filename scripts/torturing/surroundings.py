"""Surroundings: clocks, paths, homes, locales and streams as some machines have them."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from torturing import Budget, CannotTryError, Outcome
from torturing.jobs import (
    JOBS,
    SMALL,
    STATUSES,
    Job,
    Ran,
    broken_files,
    command,
    copy_of,
    environment,
    finish,
    in_turn,
    start,
    trouble,
)
from torturing.mirror import MNIST
from torturing.mounts import done
from torturing.terminal import on_terminal

DATES = {
    "1901": -2_177_452_800,
    "1969": -1,
    "1970": 0,
    "1979": 300_000_000,
    "2038": 2**31,
    "2106": 2**32,
    "2261": 9_190_000_000,
    "2500": 16_725_225_600,
}
"""Moments around which programs err, in seconds since 1970."""
ZONES = ("Nowhere/Land", "XXX-99", "", ":/dev/null", "Pacific/Kiritimati")
NAMES = {
    "spaces": " with  spaces ",
    "letters": "ключ-数字-é-שלום-🔢",
    "200 characters": "n" * 200,
    "quotes": 'it\'s "quoted" $HOME `x` ; & | <b>',
    "percent": "100%20%s{0}#?x=1",
    "bracket": "[a-z]*?",
    "line break": "two\nlines",
    "dash": "-dash",
    "no text": os.fsdecode(b"\xff\xfe-bytes"),
}
SHOWING = (
    "--help",
    "train --help",
    "completion bash",
    "data",
    "report model.npz",
    "report model.npz --json",
    "predict pictures --model model.npz",
    "predict pictures --model model.npz --json",
    "evaluate pictures --model model.npz",
    "gradcheck --hidden 4",
    "doctor",
)
PLACED = (
    f"train {SMALL} --checkpoint {{}}/training.npz --output {{}}/model.npz --run-dir {{}}/run",
    f"train {SMALL}",
    "predict {} --model {}/model.npz --csv {}/table.csv",
    "predict {} --model {}/model.npz --csv {}/bulk.csv --workers 1",
    "evaluate {} --model {}/model.npz",
    "report {}/model.npz --html {}/report.html --figures {}/figures --data sample",
    "export --model {}/model.npz --html {}/digit.html --safetensors {}/digit.safetensors",
    "inspect {}/8_0.png --model {}/model.npz --output {}/inside.html",
    "data",
    *([f"data fetch --mirror {MNIST}", "data verify"] if MNIST else []),
)
"""{} is a folder with a model and pictures."""
STRANGER = 54_321
HOMELESS = (
    "predict pictures/8_0.png --model shipped",
    "data",
    "doctor",
    f"train {SMALL} --run-dir out/run",
    "evaluate pictures",
    "export --html out/digit.html --model shipped",
)


def clocks(budget: Budget, workplace: Path) -> Outcome:
    """Files dated as no clock should have it, and time zones that are none."""
    cases: list[Callable[[], str]] = [partial(at_date, workplace, job, date) for job in JOBS for date in DATES]
    cases += [partial(in_zone, workplace, job, zone) for job in JOBS for zone in ZONES]
    counts = in_turn(cases, budget, least=8)
    how = f"each command with its files dated {min(DATES)} to {max(DATES)}, and with time zones that are none"
    return Outcome("Commands work whatever the clock and the files' dates say", how, *counts)


def at_date(workplace: Path, job: Job, date: str) -> str:
    """What goes wrong where all files, home and folders are of that date."""
    with copy_of(workplace) as place:
        for path in place.rglob("*"):
            with suppress(OSError, OverflowError):  # not every system knows every date
                os.utime(path, (DATES[date], DATES[date]))
        wrong = trouble(finish(start(command(job.arguments), place)), statuses=(0,)) or "; ".join(broken_files(place))
        return f"{job.name}, files of {date}: {wrong}" if wrong else ""


def in_zone(workplace: Path, job: Job, zone: str) -> str:
    """What goes wrong in a time zone."""
    with copy_of(workplace) as place:
        wrong = trouble(finish(start(command(job.arguments), place, variables={"TZ": zone})), statuses=(0,))
        return f"{job.name}, TZ={zone}: {wrong}" if wrong else ""


def places(budget: Budget, workplace: Path) -> Outcome:
    """Homes, inputs and outputs on odd paths, and no home at all."""
    cases: list[Callable[[], str]] = [
        partial(at_path, workplace, arguments, name) for arguments in PLACED for name in NAMES
    ]
    cases += [partial(without_home, workplace, arguments, kind) for arguments in HOMELESS for kind in HOMES]
    counts = in_turn(cases, budget, least=8)
    how = f"cache, input and output in folders named with {', '.join(NAMES)}; and without a home"
    return Outcome("Any path that the system has will do, and reading needs no home", how, *counts)


def at_path(workplace: Path, arguments: str, name: str) -> str:
    """What goes wrong where everything is in a folder of this name."""
    with copy_of(workplace) as place:
        odd = place / "pictures" / NAMES[name]
        odd.mkdir()
        for path in (*(place / "pictures").glob("*.png"), place / "model.npz"):
            (odd / path.name).write_bytes(path.read_bytes())
        words = [word.replace("{}", str(odd)) for word in arguments.split()]
        if arguments.startswith("train ") and "{}" in arguments:
            (odd / "model.npz").unlink()
        ran = finish(start(command(words), place, variables={"MNISTNET_HOME": str(odd / "home")}))
        wrong = trouble(ran, statuses=(0,)) or "; ".join(broken_files(place))
        return f"{arguments}, {name}: {wrong}" if wrong else ""


HOMES: Mapping[str, Mapping[str, str]] = {
    "HOME missing": {},
    "HOME empty": {"HOME": ""},
    "HOME nowhere": {"HOME": "/nonexistent/home"},
    "HOME a device": {"HOME": "/dev/null"},
    "MNISTNET_HOME a file": {"MNISTNET_HOME": "model.npz"},
    "XDG_DATA_HOME relative": {"HOME": "/nonexistent/home", "XDG_DATA_HOME": "here"},
}


def without_home(workplace: Path, arguments: str, kind: str) -> str:
    """What goes wrong where no home can be had, as a user whom the system does not know."""
    become = as_stranger()
    if become is None:
        raise CannotTryError("setpriv, and a package that others may read")
    with copy_of(workplace) as place:
        for path in (place.parent, place, *place.rglob("*")):
            if become:
                os.chown(path, STRANGER, STRANGER)
        others = ("HOME", "XDG_DATA_HOME", "USER", "LOGNAME", "MNISTNET_HOME")
        changed = [*(f"--unset={name}" for name in others), *(f"{name}={value}" for name, value in HOMES[kind].items())]
        ran = finish(start(["env", *changed, *become, *command(arguments)], place))
        can = arguments.startswith(("predict", "export"))  # they need none
        wrong = trouble(ran, statuses=(0,) if can else (0, 1)) or "; ".join(broken_files(place))
        return f"{arguments}, {kind}: {wrong}" if wrong else ""


@cache
def as_stranger() -> list[str] | None:
    """What has root start a command as somebody whom the system does not know, nothing for other users; None where
    that cannot be done. Root's own home is found without HOME, and is no place for trials."""
    if os.geteuid():
        return []
    become = ["setpriv", f"--reuid={STRANGER}", "--clear-groups"]
    return become if done([*become, sys.executable, "-P", "-c", "import mnistnet.commands"]) else None


def streams(budget: Budget, workplace: Path) -> Outcome:
    """Standard streams that are closed, full, nobody's or narrow, and locales without letters."""
    ways = (*SHELL, "terminal of 40 columns", "terminal of 1 column", *LOCALES)
    lines = (*SHOWING, *(job.arguments for job in JOBS))
    cases: list[Callable[[], str]] = [partial(in_way, workplace, line, way) for line in lines for way in ways]
    counts = in_turn(cases, budget, least=12)
    how = "each command with closed, full and broken streams, terminals of 40 columns and of 1, and five locales"
    return Outcome("No stream, terminal or locale makes a command break down", how, *counts)


SHELL = {
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "stdin closed": "<&-",
    "all closed": "<&- >&- 2>&-",
    "stdout full": ">/dev/full",
    "stderr full": "2>/dev/full",
    "both full": ">/dev/full 2>&1",
    "head": "| head -n 1",
    "nobody": "| true",
    "errors to nobody": "2>&1 >/dev/null | true",
}
LOCALES: Mapping[str, Mapping[str, str]] = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "none such": {"LC_ALL": "xx_YY.nonsense", "LANG": "zz"},
    "odd terminal": {"TERM": "no-such", "COLUMNS": "-3", "LINES": "x"},
}


def in_way(workplace: Path, line: str, way: str) -> str:
    """What goes wrong where a command is run in this way."""
    with copy_of(workplace) as place:
        if way in SHELL:
            wrong = in_shell(place, line, way)
        elif way in LOCALES:
            wrong = trouble(finish(start(command(line), place, variables=LOCALES[way])), statuses=(0,))
        else:
            variables = environment(place / "home", {"TERM": "xterm", "COLUMNS": ""})
            status, shown = on_terminal(command(line), variables, columns=1 if "of 1 " in way else 40, folder=place)
            wrong = trouble(Ran(status, "", shown), statuses=(0,))
        wrong = wrong or "; ".join(broken_files(place))
        return f"{line}, {way}: {wrong}" if wrong else ""


def in_shell(place: Path, line: str, way: str) -> str:
    """What goes wrong in a shell that redirects streams; the command's own status and words are kept aside."""
    quoted = " ".join(f"'{word}'" for word in command(line))
    errors = "" if "2>" in SHELL[way] else "2>>../errors"
    before, bar, after = SHELL[way].partition("|")
    script = f"{{ {quoted} {before} {errors}; echo $? >../status; }} {bar} {after}"
    shell = start(["sh", "-c", script], place)
    ended = finish(shell)
    said = (place.parent / "errors").read_text(errors="replace") if errors else ended.err
    status = int((place.parent / "status").read_text()) if ended.status != -9 else -9
    wrong = trouble(Ran(status, "", said or "mnistnet: (unheard)"), statuses=STATUSES)
    needs_output = "stdout full" in way and status == 0 and ended.out == ""
    return wrong or ("status 0 although nothing could be shown" if needs_output and not silent(line) else "")


def silent(line: str) -> bool:
    """Whether a command shows nothing on standard output."""
    return line.startswith("data fetch")

"""`mnistnet serve`: the page and the API, on this machine."""

import argparse
import re
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path

import numpy as np

from mnistnet.commands import UsageError, filled, printable, show_error
from mnistnet.commands.browser import open_page
from mnistnet.commands.models import describe_model, find_model
from mnistnet.commands.options import number, whole_number
from mnistnet.commands.server_log import Log, ignore
from mnistnet.errors import ServerError
from mnistnet.evaluation.calibration import judge
from mnistnet.export.weights import packed_weights
from mnistnet.places import home, shipped
from mnistnet.web.settings import MEGABYTE, Limits

HOST, PORT = "127.0.0.1", 8000
MOST_WORKERS = 64
LARGEST_MB, LONGEST, MOST_PLACES = 1_000, 3_600, 100_000


def build_parser() -> argparse.ArgumentParser:
    """The options of serving, with defaults read from Limits."""
    parser = argparse.ArgumentParser(
        prog="mnistnet serve",
        description="Serve a page to draw digits on and an API that reads pictures, on this machine. Ctrl-C stops it.",
        epilog="example: mnistnet serve --open",
    )
    add = parser.add_argument
    add("--host", type=filled, default=HOST, metavar="HOST", help=f"address or name to listen at ({HOST})")
    add("--port", type=whole_number, default=PORT, metavar="PORT", help=f"its port, 0 for any free one ({PORT})")
    add(
        "--model",
        type=filled,
        metavar="FILE.npz",
        help="what to read with, or `shipped` (the one you trained last, else the shipped)",
    )
    add("--workers", type=whole_number, metavar="N", help="processes that read (one a core)")
    add("--open", action="store_true", help="show the page in a browser")
    add(
        "--max-body",
        type=number,
        default=Limits.body / MEGABYTE,
        metavar="MB",
        help=f"most that a request may send ({Limits.body / MEGABYTE:g})",
    )
    add(
        "--timeout",
        type=number,
        default=Limits.seconds,
        metavar="S",
        help=f"seconds for a request to arrive, and for a picture to be read ({Limits.seconds:g})",
    )
    add(
        "--queue", type=whole_number, default=Limits.queue, metavar="N", help=f"pictures that may wait ({Limits.queue})"
    )
    add(
        "--allow-origin",
        type=origin,
        action="append",
        default=[],
        metavar="ORIGIN",
        help="another site, such as https://example.org, whose pages may use the server (none); may be given again",
    )
    add("--quiet", action="store_true", help="show no address and no log of requests")
    return parser


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    limits = limits_of(args)
    path, model = find_model(args.model)
    judge(model.network, model.params, model.calibration, np.ones((1, model.network.sizes[0]), np.float32))  # it can
    try:
        from mnistnet.web import app, desk, guards, personal, server, site, workers
    except ImportError as error:
        raise ServerError(
            f"the server needs packages that are missing ({str(error).partition(chr(10))[0]}); install them with: "
            "python -m pip install 'mnistnet[web]'"
        ) from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listening = server.listen(args.host, args.port)
    seconds, places = limits.seconds, limits.queue
    pool = workers.Pool(desk.Desk(model), workers=workers_of(args), places=places, seconds=seconds)
    log = Log()
    with closing(listening), closing(pool):
        weights = packed_weights(model)
        kept = personal.PersonalSet(home() / "personal")
        here = site.Site(model, name_of(path), pool, kept, limits, weights)
        of_requests = ignore if args.quiet else log.put
        guarded = guards.Guards(app.make_app(here), limits, is_ours=server.own_hosts(args.host), log=of_requests)
        address = server.address_of(listening, args.host)

        def announce() -> None:
            if not args.quiet:
                print(f"{printable(describe_model(path, model))}\nserving at {address}  (Ctrl-C stops it)", flush=True)
            if args.open:
                threading.Thread(target=open_page, args=(address,), daemon=True).start()  # a browser may wait

        if not server.is_loopback(args.host):
            show_error(f"warning: whoever reaches {args.host} over the network can use this server")
        log.show_warnings()
        server.make_server(guarded, limits, on_start=announce).run(sockets=[listening])
        log.finish()
    return 0


def limits_of(args: argparse.Namespace) -> Limits:
    """The limits that were asked for. Raises UsageError for what makes no sense."""
    for name, value, low, high in (
        ("port", args.port, 0, 65_535),
        ("workers", 1 if args.workers is None else args.workers, 1, MOST_WORKERS),
        ("max-body", args.max_body, 0.001, LARGEST_MB),
        ("timeout", args.timeout, 0.1, LONGEST),
        ("queue", args.queue, 1, MOST_PLACES),
    ):
        if not low <= value <= high:
            raise UsageError(f"serve: --{name} must be from {low:g} to {high:,}, got {value!s:.20}")
    body = round(args.max_body * MEGABYTE)
    bodies = max(Limits.bodies, 4 * body)
    return Limits(body, bodies, args.timeout, args.queue, friends=tuple(args.allow_origin))


def origin(text: str) -> str:
    """A site's origin: scheme, host and, where it is not the usual one, port. Raises ValueError."""
    scheme, _, host = text.lower().removesuffix("/").partition("://")
    if scheme not in ("http", "https") or not re.fullmatch(r"[^/\s@?#,*]+", host):
        raise ValueError(text)
    return f"{scheme}://{host}"


def workers_of(args: argparse.Namespace) -> int:
    """How many processes read."""
    from mnistnet.training.environment import usable_cores

    return args.workers or min(usable_cores(), MOST_WORKERS)


def name_of(path: Path) -> str:
    """A model's name for whoever asks the server: the run or the file, and not where on this machine it is."""
    if path == shipped("mnist.npz"):
        return "shipped"
    return printable(path.parent.name if path.parent.parent == home() / "runs" else path.name)

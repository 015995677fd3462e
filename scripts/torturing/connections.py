"""Connections: TLS with certificates that do not match, and proxies that the environment names, each in a process."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mnistnet.data.arriving import RemoteFile
from torturing import Budget, Outcome
from torturing.faults import good, head
from torturing.faulty_server import FaultyServer, Reply

DATA = bytes(range(256)) * 40
FILE = RemoteFile("digits.gz", len(DATA), hashlib.sha256(DATA).hexdigest())
FETCH = """
import json, sys
from pathlib import Path
from mnistnet.commands import exit_status
from mnistnet.data.arriving import RemoteFile
from mnistnet.data.download import fetch
from mnistnet.data.http_get import Limits
file, mirror, folder = json.loads(sys.argv[1])
limits = Limits(connection=2, read=1, pauses=(0.01,))
sys.exit(exit_status(lambda: len(fetch([RemoteFile(*file)], [mirror], Path(folder), limits=limits)) - 1))
"""
MOST_SECONDS = 60.0
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
CERTIFICATES = {
    "right": ("IP:127.0.0.1", 2, True),
    "expired": ("IP:127.0.0.1", -1, True),
    "for another name": ("DNS:mirror.example", 2, True),
    "for another address": ("IP:127.0.0.2", 2, True),
    "for no name": ("email:nobody@example.com", 2, True),
    "of an unknown CA": ("IP:127.0.0.1", 2, False),
}
"""What it is for, for how many days, and whether the CA that vouches for it is trusted."""
PROXIES = {
    "broken": ({"http_proxy": "http://127.0.0.1:1"}, "near", "proxy: "),
    "broken, all": ({"all_proxy": "http://127.0.0.1:1"}, "near", "proxy: "),
    "broken, https": ({"https_proxy": "http://127.0.0.1:1"}, "secure", "proxy: "),
    "broken, but not for this": ({"http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}, "near", ""),
    "broken, but for nothing": ({"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"}, "near", ""),
    "working": ({"http_proxy": "{origin}"}, "far", ""),
    "working, without a scheme": ({"http_proxy": "{address}"}, "far", ""),
    "that says what it likes": ({"http_proxy": "{origin}"}, "page", "cannot fetch"),
    "that knows no CONNECT": ({"https_proxy": "{origin}"}, "secure", "cannot fetch"),
    "with a password": ({"http_proxy": "http://me:secret@127.0.0.1:1"}, "near", "proxy: "),
    "no address": ({"http_proxy": "http://me:secret@[::1"}, "near", "cannot fetch"),
    "no port": ({"http_proxy": "http://me:secret@127.0.0.1:99999"}, "near", "cannot fetch"),
    "no host": ({"http_proxy": "http://"}, "near", "cannot fetch"),
    "no kind": ({"http_proxy": "nonsense://me:secret@127.0.0.1:1"}, "near", "cannot fetch"),
    "SOCKS": ({"all_proxy": "socks5://127.0.0.1:1"}, "near", "cannot fetch"),
}
"""The environment, the mirror asked for, and what is said: "" where all goes well."""


def run(budget: Budget) -> Iterator[Outcome]:
    """Every certificate and every proxy, as often as there is time, at least once."""
    has_openssl = shutil.which("openssl") is not None
    yield Outcome(
        "Over https nothing is taken from a server that cannot show who it is",
        "a CA made for it; certificates expired, for others, of nobody",
        *repeated(certificate_trials if has_openssl else dict, budget.share(0.5)),
        () if has_openssl else ["openssl"] * len(CERTIFICATES),
    )
    yield Outcome(
        "Proxies of the environment are used, or named in the one line that says what failed",
        "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, right, broken and malformed",
        *repeated(proxy_trials, budget.share(0.5)),
    )


def repeated(trials: Callable[[], Mapping[str, str]], budget: Budget) -> tuple[int, list[str]]:
    """How many cases there were, and what failed of them."""
    cases, failures = 0, []
    while True:
        said = trials()
        cases += len(said)
        failures += [f"{name}: {wrong}" for name, wrong in said.items() if wrong]
        if failures or not said or not budget.is_left():
            return cases, failures


def certificate_trials() -> dict[str, str]:
    """What went wrong with each of CERTIFICATES; needs openssl."""
    with tempfile.TemporaryDirectory() as made, ThreadPoolExecutor(4) as pool:
        folder = Path(made)
        make_authority(folder, "trusted")
        make_authority(folder, "unknown")
        return dict(zip(CERTIFICATES, pool.map(lambda name: try_certificate(folder, name), CERTIFICATES), strict=True))


def try_certificate(folder: Path, name: str) -> str:
    """What went wrong."""
    alternative, days, is_known = CERTIFICATES[name]
    own = make_certificate(folder, name.replace(" ", "-"), "trusted" if is_known else "unknown", alternative, days)
    with FaultyServer({"good": [good]}, {FILE.name: DATA}, certificate=own) as server:
        trust = {"REQUESTS_CA_BUNDLE": str(folder / "trusted.pem")}
        return try_fetch(server.url("good"), trust, "" if name == "right" else "certificate verify failed")


def proxy_trials() -> dict[str, str]:
    """What went wrong with each of PROXIES."""
    page = head("200 OK", "Content-Type: text/html", "Content-Length: 5") + b"hello"
    mirrors = {"good": [good], "page": [lambda _: Reply(page)]}
    with FaultyServer(mirrors, {FILE.name: DATA}) as server, ThreadPoolExecutor(4) as pool:
        return dict(zip(PROXIES, pool.map(lambda name: try_proxy(server, name), PROXIES), strict=True))


def try_proxy(server: FaultyServer, name: str) -> str:
    """What went wrong."""
    named, place, said = PROXIES[name]
    origin, address = server.url("").rstrip("/"), f"127.0.0.1:{server.port}"
    environment = {key: value.format(origin=origin, address=address) for key, value in named.items()}
    places = {
        "near": server.url("good"),
        "far": "http://mirror.example/good",
        "page": "http://mirror.example/page",
        "secure": "https://mirror.example/good",
    }
    return try_fetch(places[place], environment, said)


def try_fetch(mirror: str, environment: Mapping[str, str], expected: str) -> str:
    """What went wrong in a process of its own, which should say this, "" for success."""
    variables = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    variables |= environment
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", FETCH, json.dumps([FILE, mirror, folder])]
        try:
            done = subprocess.run(
                command,
                env=variables,
                capture_output=True,
                text=True,
                timeout=MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no end after {MOST_SECONDS:g} s"
        found = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return wrong_in(done.returncode, done.stderr, found, expected)


def wrong_in(status: int, said: str, found: Mapping[str, bytes], expected: str) -> str:
    """What is not as expected."""
    if expected:
        is_line = said.count("\n") == 1 and said.startswith("mnistnet: cannot fetch ")
        if status != 1 or not is_line or expected not in said or "secret" in said or found:
            return f"expected one line with {expected!r} and no file, got {status}, {said!r}, {sorted(found)}"
    elif status or said or found != {FILE.name: DATA}:
        return f"expected the very file, got {status}, {said!r}, {sorted(found)}"
    return ""


def make_authority(folder: Path, name: str) -> None:
    """NAME.pem and NAME.key in folder: a CA."""
    files: list[str | Path] = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
    openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", f"/CN={name} CA", *files)


def make_certificate(folder: Path, name: str, authority: str, alternative: str, days: int) -> Path:
    """A file with a key and a certificate by this CA for what is in alternative."""
    key, request, certificate = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
    openssl("req", *NEW_KEY, "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", request)
    (extension := folder / f"{name}.cnf").write_text(f"subjectAltName={alternative}\n")
    signing: list[str | Path] = ["-set_serial", "1", "-CA", folder / f"{authority}.pem"]
    signing += ["-CAkey", folder / f"{authority}.key"]
    openssl("x509", "-req", "-in", request, "-days", str(days), "-extfile", extension, "-out", certificate, *signing)
    both = folder / f"{name}.both"
    both.write_text(key.read_text() + certificate.read_text())
    return both


def openssl(*arguments: str | Path) -> None:
    """Run it."""
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)

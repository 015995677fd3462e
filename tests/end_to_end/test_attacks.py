"""What the internet and its pages may try on `mnistnet serve`: it answers each, and goes on as before."""

import io
import re
import shutil
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.end_to_end.attacked import LIMIT, POST, client, detail, goes_on_as_before, home, server
from tests.end_to_end.servers import Serving

__all__ = ["client", "goes_on_as_before", "home", "server"]

BOUNDARY = "boundary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, pixels: bytes, *, depth: int = 8) -> bytes:
    """A PNG with this header, whatever its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def form(*parts: bytes) -> bytes:
    """A multipart body."""
    return b"".join(b"--boundary\r\n" + part + b"\r\n" for part in parts) + b"--boundary--\r\n"


def file_part(name: bytes, content: bytes = b"x") -> bytes:
    return b'Content-Disposition: form-data; name="a"; filename="' + name + b'"\r\n\r\n' + content


def test_a_header_of_50000_times_50000_pixels(client: httpx.Client) -> None:
    began = time.monotonic()
    answer = client.post("/api/read", content=png(50_000, 50_000, zlib.compress(b"")))
    assert "too large: 50000 x 50000" in detail(answer, 422)
    assert time.monotonic() - began < 2


def test_a_decompression_bomb(client: httpx.Client) -> None:
    squeezer = zlib.compressobj(1)
    pixels = b"".join(squeezer.compress(bytes(10_000_000)) for _ in range(15)) + squeezer.flush()
    assert len(pixels) < LIMIT
    answer = client.post("/api/read", content=png(30_000, 30_000, pixels, depth=1))
    assert "too large" in detail(answer, 422)
    assert client.post("/api/read", content=png(10, 10, pixels)).status_code in (200, 422)
    text = chunk(b"zTXt", b"Comment\0\0" + pixels)
    bomb = png(10, 10, zlib.compress(bytes(110)))
    assert client.post("/api/read", content=bomb[:33] + text + bomb[33:]).status_code in (200, 422)


@pytest.mark.slow
def test_a_picture_as_large_as_it_may_be(client: httpx.Client) -> None:
    file = io.BytesIO()
    Image.new("1", (9_990, 9_990)).save(file, "GIF")
    content = file.getvalue()
    assert len(content) < LIMIT
    answer = client.post("/api/read", content=content)
    assert answer.status_code in (200, 422)


def test_polyglots(client: httpx.Client, draw: Callable[[int], Path]) -> None:
    picture = draw(3).read_bytes()
    evil = b"<html><script>alert(1)</script>"
    assert client.post("/api/read", content=picture + evil).json()["digits"] == "8"
    for content in (evil + picture, b"PK\x03\x04" + picture, b"%PDF-1.7\n" + picture, b"GIF89a" + evil):
        assert detail(client.post("/api/read", content=content, headers={"Content-Type": "image/png"}), 422)
    for start in (b"BM", b"II*\0", b"RIFF____WEBP", b"\xff\xd8\xff"):
        assert detail(client.post("/api/read", content=start + picture), 422)


def test_a_form_of_10000_parts(client: httpx.Client) -> None:
    body = form(*[file_part(b"a.png")] * 10_000)
    assert len(body) < LIMIT
    began = time.monotonic()
    assert "at most 100 parts" in detail(client.post("/api/read", content=body, headers=FORM), 413)
    assert time.monotonic() - began < 2


def test_forms_that_are_none(client: httpx.Client) -> None:
    for kind, body in (
        ("multipart/form-data", form(file_part(b"a.png"))),
        ("multipart/form-data; boundary=", form(file_part(b"a.png"))),
        (f"multipart/form-data; boundary={'x' * 5_000}", form(file_part(b"a.png"))),
        (FORM["Content-Type"], b""),
        (FORM["Content-Type"], b"--boundary--\r\n"),
        (FORM["Content-Type"], b"nothing of the kind"),
        (FORM["Content-Type"], form(file_part(b"a.png")).removesuffix(b"--\r\n")),
        (FORM["Content-Type"], b"--boundary\r\n" + b"X: y\r\n" * 10_000),
        (FORM["Content-Type"], b"--boundary\r\nX: " + b"y" * 900_000),
    ):
        assert detail(client.post("/api/read", content=body, headers={"Content-Type": kind}), 422)


def test_a_form_made_to_keep_its_reader_busy_leaves_time_for_others(server: Serving, client: httpx.Client) -> None:
    body = form(file_part(b"a", b"\r\n--bounda" * 90_000))
    with server.connect() as connection:
        head = f"Content-Length: {len(body)}\r\nContent-Type: {FORM['Content-Type']}\r\n\r\n"
        connection.sendall(POST + head.encode() + body)
        began = time.monotonic()
        assert client.get("/healthz").status_code == 200
        assert time.monotonic() - began < 1
        connection.recv(65_536)


@pytest.mark.parametrize("charset", ["utf-8", "idna", "undefined", "punycode", "hex", "\\xff"])
def test_file_names_that_are_no_text_or_paths(client: httpx.Client, charset: str) -> None:
    names = [b"\xff\xfe.png", b"a\nb.png", b"\xed\xa0\x80", b"a\0b", b"\\", b"../../../../etc/passwd", b"C:\\x\\y"]
    kind = {"Content-Type": f"{FORM['Content-Type']}; charset={charset}"}
    answer = client.post("/api/read", content=form(*map(file_part, names)), headers=kind)
    assert answer.status_code == 200
    assert len(answer.json()) == len(names)
    assert all("is not a picture" in reading["error"] for reading in answer.json())


def test_bad_text_wherever_text_can_be(server: Serving, client: httpx.Client) -> None:
    for query in ("label=%ff%fe", "label=%ed%a0%80", "label=%00", "label[]=7", "label=7%0a"):
        answer = client.post(f"/api/corrections?{query}", content=b"x")
        assert answer.status_code in (415, 422)
    for path in (b"/%ff", b"/api/corrections/%ff%00", b"/static/%ed%a0%80", b"/%"):
        assert server.send(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 404
    for name in (b"Content-Type", b"Origin", b"X-Y"):
        status, _ = server.send(POST + name + b": \xff\xfe\r\nContent-Length: 1\r\n\r\nx")
        assert status in (403, 422)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_another_sites_name_for_this_machine(client: httpx.Client, host: str) -> None:
    for path in ("/", "/healthz", "/api/corrections", "/nothing"):
        assert "Host header" in detail(client.get(path, headers={"Host": host}), 421)


def test_a_page_of_another_site(server: Serving, client: httpx.Client, draw: Callable[[int], Path]) -> None:
    picture = draw(3).read_bytes()
    for origin in ("http://evil.example", "null", f"http://localhost:{server.port}", "http://127.0.0.1:1"):
        headers = {"Origin": origin}
        detail(client.post("/api/read", content=picture, headers=headers), 403)
        detail(client.post("/api/corrections?label=7", content=picture, headers=headers), 403)
        detail(client.delete("/api/corrections", headers=headers), 403)
        detail(client.get("/api/corrections", headers=headers), 403)
        answer = client.options("/api/read", headers=headers | {"Access-Control-Request-Method": "POST"})
        detail(answer, 403)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    submitted = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}  # a form without an Origin
    detail(client.post("/api/corrections?label=7", content=picture, headers=submitted), 403)
    own = client.post("/api/read", content=picture, headers={"Origin": server.url})
    assert own.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%5capp.py",
        "/static//etc/passwd",
        "/static/index.html/..",
        "/static/",
        "/static",
        "/static/.",
        "/static/CON",
        "/static/index.html%00.png",
        "//etc/passwd",
        "/../../../etc/passwd",
        "/api/corrections/..%2f..%2fserver.log",
        "/api/corrections/../../server.log",
        "/api/corrections/server",
        "/api/corrections/%2e%2e",
    ],
)
def test_paths_lead_to_no_file(server: Serving, path: str) -> None:
    for method in (b"GET", b"DELETE"):
        status, problem = server.send(method + b" " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert status in (404, 405)
        assert re.fullmatch(r"there is no.*|this address.*", problem["detail"])


@pytest.mark.slow
def test_whatever_its_own_description_allows(server: Serving, client: httpx.Client) -> None:
    """Schemathesis asks what the description allows and what it does not, and checks the answers against it."""
    import schemathesis
    from hypothesis import HealthCheck, given, settings
    from schemathesis.checks import CHECKS, load_all_checks

    load_all_checks()
    conforms = ("not_a_server_error", "status_code_conformance", "content_type_conformance")
    checks = [
        CHECKS.get_one(name) for name in (*conforms, "response_headers_conformance", "response_schema_conformance")
    ]
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    schema.config.update(base_url=server.url)
    statuses = set()
    for operation in (result.ok() for result in schema.get_all_operations()):

        @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            statuses.add(case.call_and_validate(checks=checks).status_code)

        ask()
    assert statuses >= {200, 404, 422}
    client.delete("/api/corrections")  # some of what it sent were pictures
    shutil.rmtree(server.home / "personal", ignore_errors=True)

"""Faults: what a mirror may do to a download, each drawn at random within its kind."""

import gzip
from collections.abc import Callable

import numpy as np

from torturing.faulty_server import Asked, Fault, Reply

POSITIONS = ("status line", "headers", "before the body", "first byte", "middle", "last byte", "end")
PAGE = b"<!doctype html><html><body>This domain is for sale</body></html>"
OTHER_STATUS = (
    *("204 No Content", "206 Partial Content", "304 Not Modified", "403 Forbidden", "404 Not Found", "410 Gone"),
    *("416 Range Not Satisfiable", "429 Too Many Requests", "500 Oops", "502 Bad", "503 Busy", "999 What", "0 Zero"),
)
LENGTHS = ("-1", "0", "1", "abc", "1e3", "", "9" * 15, "9" * 30, "9" * 5000, "+{size}", "0{size}", "{size}, {size}")
LOCATIONS = (
    *("file:///etc/hostname", "ftp://127.0.0.1/x", "https://127.0.0.1:1/x", "http://127.0.0.1:1/x", "//", "", "http:"),
    *("http://[::1", "http://a b/", "javascript:alert(1)", "http://x.invalid/", "\xff\xfe", "http://" + "a" * 300),
    *("http://127.0.0.1:99999/", "http://127.0.0.1:x/", "data:,hello", "gopher://127.0.0.1/", "http://me:secret@[/"),
)
GARBAGE = (
    b"",
    b"\x00" * 100,
    b"\x1b[31mnot HTTP\r\n\r\n",
    b"HTTP/9.9 200 OK\r\n\r\n",
    b"HTTP/1.1 OK\r\n\r\n",
    b"HTTP/1.1 200 \xff\xfe\x1b[2J\r\nno colon here\r\n: empty\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 200 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
)


def pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    """One of them."""
    return options[int(rng.integers(len(options)))]


def head(status: str, *headers: str) -> bytes:
    """A status line and headers, to their end."""
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode("latin-1")


def good(asked: Asked) -> Reply:
    """The file, or what of it was asked for, as it should be."""
    return Reply(b"".join(framed(asked, "length")))


def framed(asked: Asked, framing: str, *headers: str) -> tuple[bytes, bytes]:
    """The head and the body of a right answer: with its length, in chunks, or ended by the connection's end."""
    rest, status = asked.data[asked.offset or 0 :], "200 OK"
    if asked.offset is not None:
        status = "206 Partial Content"
        headers += (f"Content-Range: bytes {asked.offset}-{len(asked.data) - 1}/{len(asked.data)}",)
    if framing == "length":
        return head(status, f"Content-Length: {len(rest)}", *headers), rest
    if framing == "none":
        return head(status, *headers), rest
    middle = len(rest) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (rest[:middle], rest[middle:]) if part)
    return head(status, "Transfer-Encoding: chunked", *headers), chunks + b"0\r\n\r\n"


def cut(rng: np.random.Generator) -> Fault:
    """Breaks off somewhere, by closing, by a reset, or by saying nothing more."""
    return cut_at(pick(rng, POSITIONS), pick(rng, ("close", "reset", "hold")), any_framing(rng))


def any_framing(rng: np.random.Generator) -> str:
    """How the end of a body is known."""
    return pick(rng, ("length", "chunks", "none"))


def cut_at(position: str, end: str, framing: str = "length") -> Fault:
    """Breaks off at a position of POSITIONS."""

    def fault(asked: Asked) -> Reply:
        start, body = framed(asked, framing)
        wire, before = start + body, len(start)
        line = wire.index(b"\r\n")
        places = (
            line // 2,
            (line + before) // 2,
            before,
            before + 1,
            before + len(body) // 2,
            len(wire) - 1,
            len(wire),
        )
        return Reply(wire[: dict(zip(POSITIONS, places, strict=True))[position]], end)

    return fault


def drip(rng: np.random.Generator) -> Fault:
    """Sends in small pieces, slowly: some are still quick enough."""
    framing, piece, pause = any_framing(rng), int(rng.choice([1, 50, 5_000])), float(rng.choice([0.001, 0.02, 0.2]))
    return lambda asked: Reply(b"".join(framed(asked, framing)), piece=piece, pause=pause)


def length(rng: np.random.Generator) -> Fault:
    """Says a wrong length, or two."""
    said, by = pick(rng, (*LENGTHS, "more", "less", "two")), int(rng.integers(1, 5000))

    def fault(asked: Asked) -> Reply:
        size = len(asked.data)
        texts = {"more": [size + by], "less": [max(size - by, 0)], "two": [size, size + by]}
        values = texts.get(said, [said.replace("{size}", str(size))])
        return Reply(head("200 OK", *(f"Content-Length: {value}" for value in values)) + asked.data)

    return fault


def body(rng: np.random.Generator) -> Fault:
    """Sends another body than it should, in the right form."""
    kind, framing = pick(rng, ("flip", "longer", "shorter", "page", "packed page", "zeros")), any_framing(rng)

    def fault(asked: Asked) -> Reply:
        data = asked.data
        middle = len(data) // 2
        others = {
            "flip": data[:middle] + bytes(byte ^ 1 for byte in data[middle : middle + 1]) + data[middle + 1 :],
            "longer": data + b"more",
            "shorter": data[:-1],
            "page": PAGE,
            "packed page": gzip.compress(PAGE),
            "zeros": bytes(len(data)),
        }
        kept = asked.offset if framing == "length" else None
        return Reply(b"".join(framed(asked._replace(data=others[kind], offset=kept), framing)))

    return fault


def status(rng: np.random.Generator) -> Fault:
    """Another status than 200, with a page or the file behind it."""
    line, wait = pick(rng, OTHER_STATUS), pick(rng, ("0", "1", "99999", "9" * 400, "-1", "soon"))
    with_file = bool(rng.integers(2))
    return lambda asked: Reply(head(line, f"Retry-After: {wait}") + (asked.data if with_file else PAGE))


def ranges(rng: np.random.Generator) -> Fault:
    """Answers a range wrongly."""
    kind, by = (
        pick(rng, ("whole", "ignored", "elsewhere", "no header", "parts", "416", "total")),
        int(rng.integers(1, 9)),
    )

    def fault(asked: Asked) -> Reply:
        data, size, start = asked.data, len(asked.data), asked.offset
        if start is None:
            return cut_at("middle", "close")(asked)  # so that a range is asked for next
        rest = f"{start}-{size - 1}"
        answers = {
            "whole": (f"bytes {rest}/{size}", data),
            "elsewhere": (f"bytes {start + by}-{size - 1}/{size}", data[start + by :]),
            "no header": ("", data[start:]),
            "parts": ("multipart/byteranges", data[start:]),
            "total": (f"bytes {rest}/{size + by}", data[start:]),
        }
        if kind not in answers:
            return (
                good(asked._replace(offset=None)) if kind == "ignored" else Reply(head("416 No", "Content-Length: 0"))
            )
        named, part = answers[kind]
        return Reply(head("206 Partial Content", f"Content-Range: {named}", f"Content-Length: {len(part)}") + part)

    return fault


def redirect(rng: np.random.Generator) -> Fault:
    """Sends elsewhere: into a loop, out of the network, to nowhere, or, at last, to the file."""
    code = pick(rng, ("301", "302", "303", "307", "308"))
    where = pick(
        rng, (*LOCATIONS, "{path}", "{path}?again", "{origin}/good{name}", "http://localhost:{port}/good{name}")
    )

    def fault(asked: Asked) -> Reply:
        name, port = asked.path[asked.path.rindex("/") :], asked.origin.rpartition(":")[2]
        location = where.replace("{path}", asked.path).replace("{origin}", asked.origin)
        location = location.replace("{name}", name).replace("{port}", port)
        return Reply(head(f"{code} Go", f"Location: {location}", "Content-Length: 0"))

    return fault


def encoding(rng: np.random.Generator) -> Fault:
    """Packs once more, or lies that it does."""
    said, packs, framing = (
        pick(rng, ("gzip", "br", "deflate", "gzip, gzip", "\xff")),
        bool(rng.integers(2)),
        any_framing(rng),
    )

    def fault(asked: Asked) -> Reply:
        data = gzip.compress(asked.data) if packs else asked.data
        offset = None if packs else asked.offset
        return Reply(b"".join(framed(asked._replace(data=data, offset=offset), framing, f"Content-Encoding: {said}")))

    return fault


def garbage(rng: np.random.Generator) -> Fault:
    """Sends what is no HTTP, or hardly."""
    chosen = int(rng.integers(len(GARBAGE) + 1))
    wire, end = GARBAGE[chosen] if chosen < len(GARBAGE) else rng.bytes(500), pick(rng, ("close", "reset", "hold"))
    return lambda _: Reply(wire, end)


def endless(rng: np.random.Generator) -> Fault:
    """Never comes to an end: in interim answers, headers, the body, a chunk's extension, or the trailers."""
    return endless_in(pick(rng, ENDLESS), float(rng.choice([0.0, 0.01, 0.1])))


ENDLESS = ("interim", "header", "headers", "body", "chunks", "extension", "trailers")


def endless_in(where: str, pause: float) -> Fault:
    """Never comes to the end of one of ENDLESS."""

    def fault(asked: Asked) -> Reply:
        chunks = head("200 OK", "Transfer-Encoding: chunked")
        whole = chunks + framed(asked._replace(offset=None), "chunks")[1]
        starts = {
            "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            "header": (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
            "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            "body": (head("200 OK"), asked.data[:1000] or b"x"),
            "chunks": (chunks, b"1\r\nx\r\n"),
            "extension": (chunks + b"5;", b"x"),
            "trailers": (whole.removesuffix(b"\r\n"), b"X: y\r\n"),
        }
        start, forever = starts[where]
        return Reply(start, pause=pause, endless=forever)

    return fault


KINDS: tuple[Callable[[np.random.Generator], Fault], ...] = (
    *(cut, cut, cut, drip, length, body, status, ranges, ranges, redirect, encoding, garbage, endless),
)


def any_fault(rng: np.random.Generator) -> Fault:
    """Of any kind."""
    return KINDS[int(rng.integers(len(KINDS)))](rng)

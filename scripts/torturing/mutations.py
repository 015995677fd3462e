"""Mutations: from good files, files that are hardly or not at all what they seem."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import numpy as np

NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
"""That may be written where a length or a size stands."""
VALUES: Sequence[Any] = (
    *(None, True, -1, 0, 1, 2, 10, 1.5, 1e308, 10**20, -(10**9), 100_000_000, "", "0", "relu", "\ud800", "x" * 300),
    *([], {}, [0], [[]], {"": 0}, [784, 5, 10], [784, 100_000, 10], "\x1b[31m", "<script>", "../../x"),
)
"""That may stand in the place of another in JSON."""
MOST_BYTES = 1_000_000
HEAD = 64

Rng = np.random.Generator
One = TypeVar("One")


def mutated(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """content after one to four changes, some of which take pieces of others."""
    for _ in range(rng.integers(1, 5)):
        content = chosen(CHANGES, rng)(content, others, rng)
    return content[:MOST_BYTES]


def chosen(among: Sequence[One], rng: Rng) -> One:
    """One of them."""
    return among[int(rng.integers(len(among)))]


def place(content: bytes, rng: Rng) -> int:
    """A place in it, as often near its beginning as anywhere."""
    most = len(content) if rng.random() < 0.5 else min(len(content), HEAD)
    return int(rng.integers(most + 1))


def piece(content: bytes, rng: Rng) -> tuple[int, int]:
    """Where a piece of it begins and ends, mostly a short one."""
    start = place(content, rng)
    return start, start + int(rng.integers(1, 17) if rng.random() < 0.7 else rng.integers(1, len(content) + 2))


def flip(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """A bit of it turned."""
    if not content:
        return content
    start = min(place(content, rng), len(content) - 1)
    return content[:start] + bytes([content[start] ^ (1 << rng.integers(8))]) + content[start + 1 :]


def renumber(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """A number of one, two or four bytes in it replaced."""
    number, size = chosen(NUMBERS, rng), chosen((1, 2, 4), rng)
    told = int(number % 256**size).to_bytes(size, "little" if rng.random() < 0.5 else "big")
    start = place(content, rng)
    return content[:start] + told + content[start + size :]


def cut(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """Its beginning."""
    return content[: rng.integers(len(content) + 1)]


def drop(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """It without a piece."""
    start, end = piece(content, rng)
    return content[:start] + content[end:]


def repeat(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """It with a piece several times."""
    start, end = piece(content, rng)
    return content[:start] + content[start:end] * int(rng.integers(2, 6)) + content[end:]


def insert(content: bytes, _: Sequence[bytes], rng: Rng) -> bytes:
    """It with bytes of any kind in between."""
    start = place(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, 17))) + content[start:]


def splice(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """Its beginning, and the end of another."""
    other = chosen(others, rng)
    return content[: place(content, rng)] + other[place(other, rng) :]


def graft(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """It with a piece of another over or between its own bytes."""
    other = chosen(others, rng)
    start, end = piece(other, rng)
    to = place(content, rng)
    return content[:to] + other[start:end] + content[to + (end - start) * int(rng.integers(2)) :]


CHANGES: Sequence[Callable[[bytes, Sequence[bytes], Rng], bytes]] = (
    *(flip, flip, renumber, renumber, renumber),
    *(cut, drop, repeat, insert, splice, graft),
)


def mutated_png(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """A PNG of which one chunk is changed and has the right checksum all the same, or any change."""
    chunks = png_chunks(content)
    if rng.random() < 0.3 or not chunks:
        return mutated(content, others, rng)
    number = int(rng.integers(len(chunks)))
    kind, inside = chunks[number]
    if kind == b"IDAT" and rng.random() < 0.5:
        inside = zlib.compress(mutated(zlib.decompress(inside), others, rng), 1)
    else:
        inside = mutated(inside, others, rng)
    chunks[number] = (kind, inside)
    if rng.random() < 0.2:
        chunks.insert(int(rng.integers(len(chunks))), chunks[int(rng.integers(len(chunks)))])
    return content[:8] + b"".join(png_chunk(kind, inside) for kind, inside in chunks)


def png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The chunks of a good PNG."""
    chunks, start = [], 8
    while start + 8 <= len(content):
        size = int.from_bytes(content[start : start + 4])
        chunks.append((content[start + 4 : start + 8], content[start + 8 : start + 8 + size]))
        start += size + 12
    return chunks


def png_chunk(kind: bytes, inside: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(inside)) + kind + inside + struct.pack(">I", zlib.crc32(kind + inside))


def mutated_gzip(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """A gzip file of which what is inside, or all, is changed."""
    if rng.random() < 0.4:
        return mutated(content, others, rng)
    inside = mutated(gzip.decompress(content), [gzip.decompress(other) for other in others], rng)
    return gzip.compress(inside, 1, mtime=0) if rng.random() < 0.8 else inside


def mutated_archive(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """A zip archive of which one member is changed and has the right checksum all the same, or any change."""
    if rng.random() < 0.3:
        return mutated(content, others, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    names = list(members)
    name = chosen(names, rng) if rng.random() < 0.4 else names[0]
    if name.endswith(".json") and rng.random() < 0.8:
        members[name] = mutated_json(members[name], rng)
    else:
        members[name] = mutated(members[name], [members[other] for other in names], rng)
    if rng.random() < 0.1:
        members["../../" + chosen(names, rng)] = members.pop(name)
    return archived(members, zipfile.ZIP_DEFLATED if rng.random() < 0.2 else zipfile.ZIP_STORED)


def archived(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression, compresslevel=1) as archive:
        for name, inside in members.items():
            archive.writestr(name, inside)
    return file.getvalue()


def mutated_json(content: bytes, rng: Rng) -> bytes:
    """JSON of which one to three values are others."""
    facts = json.loads(content)
    for _ in range(rng.integers(1, 4)):
        inside = facts
        while True:
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            if not keys:
                break
            key = chosen(keys, rng)
            if isinstance(inside[key], dict | list) and inside[key] and rng.random() < 0.8:
                inside = inside[key]
                continue
            if rng.random() < 0.1:
                del inside[key]
            else:
                inside[key] = deepcopy(chosen(VALUES, rng))  # else one could come to stand in itself
            break
    return json.dumps(facts).encode()


def mutated_lines(content: bytes, others: Sequence[bytes], rng: Rng) -> bytes:
    """Text of which lines and cells change places with those of others, or any change."""
    if rng.random() < 0.4:
        return mutated(content, others, rng)
    pool = [line for text in (content, *others) for line in text.splitlines(keepends=True)]
    lines = content.splitlines(keepends=True)
    for _ in range(rng.integers(1, 4)):
        at, line = int(rng.integers(len(lines) + 1)), chosen(pool, rng)
        tail = chosen(pool, rng).partition(b"=")[2]
        lines[at : at + int(rng.integers(2))] = [line.partition(b"=")[0] + b"=" + tail if rng.random() < 0.5 else line]
    return b"".join(lines)

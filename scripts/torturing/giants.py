"""Giants: small files that claim to be huge, or become so when they are unpacked."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from torturing.mutations import archived, png_chunk
from torturing.specimens import drawing, request, saved, specimens


class Giant(NamedTuple):
    """A file of a kind."""

    kind: str
    make: Callable[[], bytes]


def png(width: int, height: int, pixels: bytes, *, depth: int = 8, colours: int = 0, interlaced: int = 0) -> bytes:
    """A PNG with this header, whatever its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """So many zeros, deflated."""
    squeezer = zlib.compressobj(1)
    whole = b"".join(squeezer.compress(bytes(10_000_000)) for _ in range(count // 10_000_000))
    return whole + squeezer.compress(bytes(count % 10_000_000)) + squeezer.flush()


def png_with_text() -> bytes:
    """A PNG with a comment that unpacks to 150 MB."""
    good = saved(drawing(7), "PNG")
    return good[:33] + png_chunk(b"zTXt", b"Comment\0\0" + zeros(150_000_000)) + good[33:]


def jpeg(width: int, height: int, *, frame: int = 0xC0, scans: int = 1, components: int = 3) -> bytes:
    """A JPEG whose blocks are told to be that many, of which nothing stands in the file; the frame of a progressive one
    is 0xC2."""
    good = saved(Image.new("RGB" if components == 3 else "L", (16, 16), "white"), "JPEG")
    start = good.index(b"\xff\xc0")
    size = int.from_bytes(good[start + 2 : start + 4])
    told = bytearray(good[start : start + 2 + size])
    told[1] = frame
    told[5:9] = struct.pack(">HH", height, width)
    scan = good.index(b"\xff\xda")
    if scans == 1 and frame == 0xC0:
        return good[:start] + bytes(told) + good[start + 2 + size : scan + 8 + 2 * components] + b"\xff\xd9"
    head = good[:start] + bytes(told) + good[start + 2 + size : scan]
    spectrum = b"\0\0\0" if frame == 0xC2 else b"\0\x3f\0"
    each = [b"\xff\xda\0\x08\x01" + bytes([number + 1, 0x11 if number else 0]) + spectrum for number in range(scans)]
    return head + b"".join(one + bytes(40) for one in each) + b"\xff\xd9"


def bmp(width: int, height: int, *, bits: int = 8, compression: int = 1, content: bytes = b"\0\1") -> bytes:
    """A BMP, of 8 bits with run lengths unless told otherwise."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(content), 0, 0, 256, 0)
    palette = bytes(1024)
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + head + palette + content


def tiff(width: int, height: int, *, strip: bytes, compression: int = 8, bits: int = 8, tile: int = 0) -> bytes:
    """A TIFF of one strip, or of tiles of which there is one."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, compression), (262, 3, 1), (277, 3, 1)]
    place = 8 + 2 + 12 * (len(tags) + (4 if tile else 3)) + 4
    if tile:
        tags += [(322, 4, tile), (323, 4, tile), (324, 4, place), (325, 4, len(strip))]
    else:
        tags += [(273, 4, place), (278, 4, height), (279, 4, len(strip))]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + strip


def plain(mode: str, side: int, kind: str, **options: object) -> Callable[[], bytes]:
    """A picture of one colour, as large as that."""
    return lambda: saved(Image.new(mode, (side, side)), kind, **options)


@cache
def members(kind: str) -> dict[str, bytes]:
    """Of a good archive."""
    with zipfile.ZipFile(io.BytesIO(specimens(kind)[0])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_member(kind: str, name: str, content: bytes) -> bytes:
    """A good archive with another member, deflated."""
    return archived(members(kind) | {name: content}, zipfile.ZIP_DEFLATED)


def lying(kind: str, name: str, content: bytes) -> bytes:
    """The same, but the archive tells of 1,000 bytes, and of a checksum that is right for these."""
    true = with_member(kind, name, content)
    size, told = struct.pack("<I", len(content)), struct.pack("<I", 1_000)
    right, wrong = struct.pack("<I", zlib.crc32(content)), struct.pack("<I", zlib.crc32(content[:1_000]))
    return true.replace(size, told).replace(right, wrong)


def listing(kind: str, count: int, *, comment: bytes = b"") -> bytes:
    """A good archive that lists so many members more."""
    good = specimens(kind)[0]
    end = good.rindex(b"PK\5\6")
    one = b"PK\1\2" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    start = struct.unpack_from("<I", good, end + 16)[0]
    told = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, end - start + count * len(one), start, len(comment))
    return good[:end] + one * count + told + comment


def wide_model(units: int) -> bytes:
    """A model with so many units, all of whose parameters are 0."""
    facts = json.loads(members("model")["model.json"])
    facts["sizes"] = [784, units, 10]
    facts["calibration"]["detector_sizes"] = [units, 1]
    shapes = {"weights_0": (784, units), "bias_0": (units,), "weights_1": (units, 10), "bias_1": (10,)}
    shapes |= {"detector_weights_0": (units, 1), "detector_bias_0": (1,)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("model.json", json.dumps(facts))
        for name, shape in shapes.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": shape})
                left = 4 * int(np.prod(shape))
                while left:
                    left -= member.write(bytes(min(left, 10_000_000)))
    return file.getvalue()


def npy(header: str) -> bytes:
    """An array file with this header."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


def bomb_of_images() -> bytes:
    """A gzip file of 60,000 bytes in which an IDX file of 900 MB is."""
    count = 900_000_000 // 784
    return gzip.compress(struct.pack(">HBB3I", 0, 8, 3, count, 28, 28), mtime=0) + gzip_zeros(count * 784)


def gzip_zeros(count: int) -> bytes:
    """So many zeros, packed."""
    squeezer = zlib.compressobj(1, wbits=31)
    whole = b"".join(squeezer.compress(bytes(10_000_000)) for _ in range(count // 10_000_000))
    return whole + squeezer.compress(bytes(count % 10_000_000)) + squeezer.flush()


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 2000000000), }"
GIANTS: Mapping[str, Giant] = {
    "PNG of 50,000 x 50,000": Giant("png", lambda: png(50_000, 50_000, zlib.compress(b""))),
    "PNG of one bit": Giant("png", lambda: png(30_000, 30_000, zeros(112_500_000), depth=1)),
    "PNG of 10,000 x 10,000": Giant("png", lambda: png(10_000, 10_000, zeros(100_010_000))),
    "PNG of 10,000 x 10,000 in colours": Giant("png", lambda: png(10_000, 10_000, zeros(300_010_000), colours=2)),
    "PNG with transparency": Giant("png", lambda: png(10_000, 10_000, zeros(400_010_000), colours=6)),
    "PNG of 16 bits": Giant("png", lambda: png(10_000, 10_000, zeros(200_010_000), depth=16)),
    "PNG of 16 bits in colours": Giant("png", lambda: png(10_000, 10_000, zeros(600_010_000), depth=16, colours=2)),
    "PNG with more pixels than it has": Giant("png", lambda: png(10, 10, zeros(500_000_000))),
    "PNG with a comment": Giant("png", png_with_text),
    "PNG, interlaced": Giant("png", lambda: png(10_000, 10_000, zeros(300_100_000), colours=2, interlaced=1)),
    "JPEG of 65,500 x 65,500": Giant("jpeg", lambda: jpeg(65_500, 65_500)),
    "JPEG of 65,500 x 65,500, grey": Giant("jpeg", lambda: jpeg(65_500, 65_500, components=1)),
    "JPEG of 16,000 x 16,000": Giant("jpeg", lambda: jpeg(16_000, 16_000)),
    "JPEG, progressive": Giant("jpeg", lambda: jpeg(65_500, 65_500, frame=0xC2, scans=3)),
    "JPEG, progressive, of 12,000 x 12,000": Giant("jpeg", lambda: jpeg(12_000, 12_000, frame=0xC2, scans=3)),
    "JPEG of many scans": Giant("jpeg", lambda: jpeg(30_000, 30_000, scans=3)),
    "JPEG, progressive, of 1,000 scans": Giant(
        "jpeg", lambda: jpeg(4_000, 4_000, frame=0xC2, scans=1)[:-2] + many_scans(1_000)
    ),
    "BMP of 50,000 x 50,000": Giant("bmp", lambda: bmp(50_000, 50_000)),
    "BMP of 10,000 x 10,000": Giant("bmp", lambda: bmp(10_000, 10_000)),
    "BMP of 10,000 x 10,000, not packed": Giant(
        "bmp", lambda: bmp(10_000, 10_000, bits=24, compression=0, content=bytes(300_000_000))
    ),
    "BMP of 7,700 x 7,700, not packed": Giant(
        "bmp", lambda: bmp(7_700, 7_700, bits=24, compression=0, content=bytes(7_700 * 7_700 * 3))
    ),
    "BMP upside down": Giant("bmp", lambda: bmp(10_000, -10_000)),
    "GIF of 60,000 x 60,000": Giant(
        "gif", lambda: specimens("gif")[0][:6] + b"\x60\xea" * 2 + specimens("gif")[0][10:]
    ),
    "GIF of 9,990 x 9,990": Giant("gif", plain("1", 9_990, "GIF")),
    "WebP of 16,383 x 16,383": Giant("webp", plain("RGB", 16_383, "WebP", lossless=True, quality=0, method=0)),
    "WebP of 10,000 x 10,000": Giant("webp", plain("RGB", 10_000, "WebP", lossless=True, quality=0, method=0)),
    "WebP of 6,000 x 6,000": Giant("webp", plain("RGBA", 6_000, "WebP", lossless=True, quality=0, method=0)),
    "TIFF of 60,000 x 60,000": Giant("tiff", lambda: tiff(60_000, 60_000, strip=zeros(1_000))),
    "TIFF of one strip": Giant("tiff", lambda: tiff(10_000, 10_000, strip=zeros(100_000_000))),
    "TIFF of 32 bits": Giant("tiff", lambda: tiff(10_000, 10_000, strip=zeros(400_000_000), bits=32)),
    "TIFF of one bit": Giant("tiff", lambda: tiff(10_000, 10_000, strip=zeros(12_500_000), bits=1)),
    "TIFF of a tile": Giant("tiff", lambda: tiff(100, 100, strip=zeros(1_000_000), tile=50_000)),
    "TIFF as JPEG": Giant(
        "tiff", lambda: tiff(10_000, 10_000, strip=jpeg(10_000, 10_000, components=1), compression=7)
    ),
    "model of a bomb": Giant("model", lambda: with_member("model", "model.json", b" " * 500_000_000)),
    "model that lies": Giant("model", lambda: lying("model", "model.json", b" " * 600_000_000)),
    "model of parameters that lie": Giant("model", lambda: lying("model", "weights_0.npy", b" " * 600_000_000)),
    "model of 100,000,000 zeros": Giant("model", lambda: wide_model(125_000)),
    "model of 20,000,000 zeros": Giant("model", lambda: wide_model(25_000)),
    "model of a gigantic array": Giant("model", lambda: with_member("model", "weights_0.npy", npy(HUGE))),
    "model of nested lists": Giant("model", lambda: with_member("model", "model.json", b"[" * 15_000_000)),
    "model of 39,000,000 zeros": Giant("model", lambda: wide_model(49_000)),
    "model of empty objects": Giant("model", lambda: with_member("model", "model.json", objects(b'{"":0}'))),
    "model of many members": Giant("model", lambda: listing("model", 500_000)),
    "model of many members, with a comment": Giant("model", lambda: listing("model", 500_000, comment=b"x")),
    "model of numbers": Giant("model", lambda: with_member("model", "model.json", objects(b"1.1"))),
    "model of a long number": Giant("model", lambda: with_member("model", "model.json", b"9" * 15_000_000)),
    "checkpoint of a bomb": Giant(
        "checkpoint", lambda: with_member("checkpoint", "checkpoint.json", b" " * 500_000_000)
    ),
    "checkpoint that lies": Giant("checkpoint", lambda: lying("checkpoint", "checkpoint.json", b" " * 600_000_000)),
    "checkpoint of objects": Giant(
        "checkpoint", lambda: with_member("checkpoint", "checkpoint.json", objects(b'{"":0}'))
    ),
    "IDX of 2^64 bytes": Giant("idx", lambda: struct.pack(">HBB4I", 0, 8, 4, *[65_536] * 4)),
    "IDX of 255 dimensions": Giant("idx", lambda: struct.pack(">HBB255I", 0, 8, 255, *[1] * 255) + b"\0"),
    "gzip of zeros": Giant("gzip", lambda: gzip_zeros(1_000_000_000)),
    "gzip of images": Giant("gzip", bomb_of_images),
    "gzip of labels": Giant(
        "gzip", lambda: gzip.compress(struct.pack(">HBBI", 0, 8, 1, 10**9), mtime=0) + gzip_zeros(10**9)
    ),
    "gzip of many members": Giant("gzip", lambda: gzip.compress(b"", mtime=0) * 100_000),
    "labels.csv of one cell": Giant("labels.csv", lambda: b"file,label\n" + b"x" * 50_000_000),
    "labels.csv of many lines": Giant("labels.csv", lambda: b"file,label\n" + b"a.png,7\n" * 1_000_000),
    "labels.csv of many columns": Giant("labels.csv", lambda: b"file,label\n" + b"," * 9_900_000),
    "labels.csv of more columns": Giant("labels.csv", lambda: b"file,label\n" + b"," * 50_000_000),
    "labels.csv of zeros": Giant("labels.csv", lambda: b"file,label\n" + bytes(600_000_000)),
    "run.toml of nested lists": Giant("run.toml", lambda: b"hidden = " + b"[" * 19_000),
    "run.toml of tables": Giant("run.toml", lambda: b"a." * 9_000 + b"b = 1"),
    "run.toml of keys": Giant("run.toml", lambda: b"".join(b"k%d=1\n" % number for number in range(2_000))),
    "run.toml of a long number": Giant("run.toml", lambda: b"seed = " + b"9" * 19_000),
    "run.toml of many layers": Giant("run.toml", lambda: b"hidden = [" + b"1," * 9_000 + b"]"),
    "run.toml of tables, too long": Giant("run.toml", lambda: b"a." * 400_000 + b"b = 1"),
    "run.toml of zeros": Giant("run.toml", lambda: bytes(600_000_000)),
    "API: PNG with a comment": Giant("api", lambda: request("POST /api/read", png_with_text())),
    "API: 10,000 parts": Giant("api", lambda: form(10_000, b"")),
    "API: 100 parts": Giant("api", lambda: form(100, b"\x89PNG")),
    "API: a long address": Giant("api", lambda: request("GET /" + "a/" * 500_000)),
    "API: many headers": Giant("api", lambda: request("GET /", b"", **{f"x{number}": "" for number in range(10_000)})),
    "API: a long label": Giant("api", lambda: request("POST /api/corrections?label=" + "7" * 1_000_000, b"x")),
}


def many_scans(count: int) -> bytes:
    """Scans of a progressive JPEG, in which nothing stands."""
    return (b"\xff\xda\0\x08\x01\x01\0\0\0\0" + bytes(4)) * count + b"\xff\xd9"


def objects(one: bytes) -> bytes:
    """A list of them, of 15 MB."""
    return b"[" + (one + b",") * (15_000_000 // (len(one) + 1)) + one + b"]"


def form(parts: int, content: bytes) -> bytes:
    """A request with a form of so many parts."""
    part = b'--boundary\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\n' + content + b"\r\n"
    head = request("POST /api/read", content_type="multipart/form-data; boundary=boundary")
    return head + part * parts + b"--boundary--\r\n"


def make_giant(_: str, __: int, number: int) -> bytes:
    """The giant of this number."""
    return list(GIANTS.values())[number].make()

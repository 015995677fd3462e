"""IDX, the format of MNIST's files: a header with the shape, then unsigned bytes.

two zero bytes, type (0x08: unsigned byte), number of dimensions, each dimension as a big-endian uint32, the values
"""

import math
import struct

import numpy as np

from mnistnet.arrays import Bytes
from mnistnet.errors import DataError

UNSIGNED_BYTES = 0x08
LONGEST_HEADER = 4 + 4 * 255
MOST_BYTES = 1 << 30
"""Of a file that is taken from others, packed or unpacked."""


def parse_idx(data: bytes, *, name: str) -> Bytes:
    """The array in data, a read-only view of it. DataError, which calls the file `name`, if a header field is wrong."""
    shape = _shape(data, name)
    start = 4 + 4 * len(shape)
    expected, got = math.prod(shape), len(data) - start
    if got != expected:
        wrong = "cut short" if got < expected else "too long"
        raise DataError(
            f"{name} is {wrong}: expected {expected:,} bytes after the header for {shape!s:.80}, got {got:,}"
        )
    try:
        return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
    except ValueError as error:  # more or larger dimensions than NumPy's arrays have
        raise DataError(f"{name} has dimensions no array can have: {shape!s:.80}") from error


def announced_bytes(header: bytes, *, name: str) -> int:
    """How long a file is by its first LONGEST_HEADER bytes. Raises what parse_idx does of a header."""
    shape = _shape(header, name)
    return 4 + 4 * len(shape) + math.prod(shape)


def _shape(data: bytes, name: str) -> tuple[int, ...]:
    if len(data) < 4:
        raise DataError(f"{name} is cut short: expected an IDX header of at least 4 bytes, got {len(data)} bytes")
    magic, kind, dimensions = struct.unpack_from(">HBB", data)
    if magic != 0:
        raise DataError(f"{name} is not an IDX file: expected two zero bytes at its start, got {data[:2].hex(' ')}")
    if kind != UNSIGNED_BYTES:
        raise DataError(f"{name}: expected IDX type 0x{UNSIGNED_BYTES:02x} (unsigned bytes), got 0x{kind:02x}")
    if dimensions == 0:
        raise DataError(f"{name}: expected at least one IDX dimension, got 0")
    if len(data) < 4 + 4 * dimensions:
        raise DataError(f"{name} is cut short: expected a header of {4 + 4 * dimensions} bytes, got {len(data)} bytes")
    return struct.unpack_from(f">{dimensions}I", data, 4)

"""IDX: the worked example of its definition, and every header field wrong in turn."""

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mnistnet.data.idx import parse_idx
from mnistnet.errors import DataError

TWO_BY_THREE = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 13, 14, 15])


def test_parses_the_worked_example() -> None:
    array = parse_idx(TWO_BY_THREE, name="worked")
    assert array.dtype == np.uint8
    assert array.tolist() == [[10, 11, 12], [13, 14, 15]]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_gives_back_what_was_written(shape: list[int]) -> None:
    values = np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    assert np.array_equal(parse_idx(header + values.tobytes(), name="any"), values)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "at least 4 bytes, got 0"),
        (b"<!DOCTYPE html>", "expected two zero bytes at its start, got 3c 21"),
        (b"\0\0\x0d\1" + TWO_BY_THREE[4:], "expected IDX type 0x08 (unsigned bytes), got 0x0d"),
        (b"\0\0\x08\0", "expected at least one IDX dimension, got 0"),
        (TWO_BY_THREE[:11], "expected a header of 12 bytes, got 11"),
        (TWO_BY_THREE[:-1], "cut short: expected 6 bytes after the header for (2, 3), got 5"),
        (TWO_BY_THREE + b"\0", "too long: expected 6 bytes after the header for (2, 3), got 7"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "cut short"),
        (b"\0\0\x08\x48" + b"\0\0\0\1" * 0x48 + b"!", "no array can have"),
        (b"\0\0\x08\x04" + b"\0\0\0\0" + b"\xff" * 12, "no array can have"),
    ],
)
def test_says_what_is_wrong(data: bytes, expected: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_idx(data, name="digits")
    assert str(caught.value).startswith("digits")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\0\0\x08" + rest))
@example(b"\0\0\x08\1\0\0\0\0")
def test_any_bytes_are_an_array_or_a_data_error(data: bytes) -> None:
    try:
        array = parse_idx(data, name="any")
    except DataError:
        return
    assert data.endswith(array.tobytes())

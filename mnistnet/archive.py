"""Archive: facts as JSON and arrays, in one .npz without pickle. What models and checkpoints are kept in.

The same content gives the same file, byte for byte. `numpy.load` opens it too.
"""

import io
import json
import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, BinaryIO, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from mnistnet.errors import OutputError
from mnistnet.files import new_file

DEEPEST = 20
"""Levels of values in JSON."""
MAX_JSON_BYTES = 16_000_000
MAX_JSON_VALUES = 1_000_000
"""In memory an empty object takes thirty times its two bytes."""
MAX_DIRECTORY_BYTES = 100_000
"""Of an archive's list of members, about 1,000 of them: a file of 20 MB may list half a million."""
NPY_HEADER_BYTES = 1_000
LARGEST = 1e300
"""Number in JSON."""
END, LOCATOR_64 = "<4s4H2IH", "<4sIQI"
"""Of a zip archive: its last record, and what stands before that where the archive is too large for it."""

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError, EOFError, NotImplementedError, RuntimeError),
    *(ValueError, LookupError, ArithmeticError, TypeError, SyntaxError, MemoryError, AttributeError),
)
"""What reading an archive that is cut short, of another kind or tampered with may raise."""


def write_archive(
    path: Path, name: str, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], *, overwrite: bool
) -> None:
    """Write facts as the member name, and each array under its own; the file appears whole or not at all.

    Raises OutputError.
    """
    for array_name, array in arrays.items():
        if not np.isfinite(array).all():  # it could not be read back
            raise OutputError(f"cannot write {path}: {array_name} holds numbers that are not finite; train again")
    with new_file(path, overwrite=overwrite) as file, zipfile.ZipFile(file, "w") as archive:
        write_member(archive, name, json.dumps(facts, indent=1).encode())
        for array_name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            write_member(archive, array_name, content.getvalue())


def narrowest(array: NDArray[Any]) -> NDArray[Any]:
    """The array in half precision, where that loses nothing."""
    with np.errstate(over="ignore"):
        halves = array.astype(np.float16)
    return halves if (halves == array).all() else array


def write_member(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Store one member, dated 1980 as a bare ZipInfo is, so that equal contents are equal files."""
    archive.writestr(zipfile.ZipInfo(name), content)


def open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """An archive to read, once its list of members is known to be short. Raises one of BROKEN, as all that follows."""
    locator, end = struct.calcsize(LOCATOR_64), struct.calcsize(END)
    file.seek(max(0, file.seek(0, io.SEEK_END) - locator - end))
    tail = file.read()
    signature, *_, size, _, comment = struct.unpack(END, tail[-end:].ljust(end, b"\0"))
    if signature != b"PK\5\6" or comment or tail[:4] == b"PK\6\7":  # where zipfile would look elsewhere for the size
        raise zipfile.BadZipFile("expected a plain zip archive to its end")
    if size > MAX_DIRECTORY_BYTES:
        raise ValueError(f"expected a list of members of at most {MAX_DIRECTORY_BYTES:,} bytes, got {size:,}")
    return zipfile.ZipFile(file)


def read_facts(archive: zipfile.ZipFile, name: str, *, kind: str, versions: Sequence[int]) -> dict[str, Any]:
    """The facts in the member name, once it is known that their `format` is kind and their `format_version` among
    versions.

    Raises one of BROKEN.
    """
    if name not in archive.namelist():
        raise ValueError(f"expected a member {name}, got none")
    content = read_member(archive, name, limit=MAX_JSON_BYTES)
    if sum(map(content.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        raise ValueError(f"expected {name} to have at most {MAX_JSON_VALUES:,} values")
    facts = json.loads(content, parse_constant=refuse_constant)
    require_sound(facts)
    if not isinstance(facts, dict) or facts.get("format") != kind:
        raise ValueError(f"expected a {name} of format {kind!r}")
    if facts.get("format_version") not in versions:
        known = " or ".join(map(str, versions))
        raise ValueError(f"expected format version {known}, got {facts.get('format_version')!r}")
    return facts


def require_sound(value: object, *, depth: int = DEEPEST) -> None:
    """Raise ValueError where what JSON held is nested too deep, infinite as 1e999 is, or text that is none."""
    if isinstance(value, str):
        value.encode()  # half a surrogate pair is none
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("expected finite numbers")
    elif isinstance(value, dict | list):
        if not depth:
            raise ValueError(f"expected values nested at most {DEEPEST} deep")
        inner = [*value, *value.values()] if isinstance(value, dict) else value
        for one in inner:
            require_sound(one, depth=depth - 1)


def refuse_constant(name: str) -> None:
    """JSON knows no NaN and no Infinity; Python's reader does."""
    raise ValueError(f"expected JSON, got {name}")


def read_member(archive: zipfile.ZipFile, name: str, *, limit: int) -> bytes:
    """One member's bytes, refused before anything is allocated if it claims more than limit."""
    member = archive.getinfo(name)
    if member.file_size > limit:
        raise ValueError(f"expected {name} to have at most {limit:,} bytes, got {member.file_size:,}")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"expected {name} stored or deflated, got compression {member.compress_type}")
    with archive.open(member) as file:
        return file.read(member.file_size)  # without a number it would unpack all there is, whatever was claimed


def fill_arrays(archive: zipfile.ZipFile, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Read the members of these names into these arrays, whose shapes and dtypes, or half precision, they must have."""
    for name, array in arrays.items():
        array[...] = read_array(archive, name, array)


def read_array(archive: zipfile.ZipFile, name: str, expected: NDArray[Any]) -> NDArray[Any]:
    """One array of finite numbers, of the shape of expected, and of its dtype or half precision."""
    content = io.BytesIO(read_member(archive, name, limit=expected.nbytes + NPY_HEADER_BYTES))
    if np.lib.format.read_magic(content) != (1, 0):
        raise ValueError(f"expected {name} to be an array file of version 1.0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what NumPy finds odd in a header is refused below
        shape, column_major, dtype = np.lib.format.read_array_header_1_0(content)
    if (shape, column_major) != (expected.shape, False) or dtype not in (expected.dtype, np.float16):
        raise ValueError(f"expected {name} to be {expected.dtype} {expected.shape}, got {dtype} {shape}")
    array: NDArray[Any] = np.frombuffer(content.getbuffer()[content.tell() :], dtype).reshape(shape)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are not finite")
    return array


def require_types(record: Any) -> None:
    """Raise TypeError unless every field of a dataclass or NamedTuple is of its annotated type, and no number infinite.

    What JSON held may be anything.
    """
    for name, hint in get_type_hints(type(record)).items():
        value = getattr(record, name)
        if not fits(value, hint):
            raise TypeError(f"expected {name} to be {getattr(hint, '__name__', hint)}, got {value!r:.40}")


def fits(value: object, hint: Any) -> bool:
    """Whether value is of a type as annotations name them, and what it holds, too."""
    if hint is Any:
        return True
    kind, arguments = get_origin(hint) or hint, get_args(hint)
    if kind in (UnionType, Union):
        return any(fits(value, one) for one in arguments)
    if kind is int:
        return type(value) is int  # to isinstance, True is one too
    if kind is float:
        return isinstance(value, int | float) and type(value) is not bool and not abs(value) > LARGEST
    if not isinstance(value, kind):
        return False
    if kind is dict and arguments:
        return all(fits(key, arguments[0]) and fits(one, arguments[1]) for key, one in value.items())
    return kind not in (list, tuple) or all(fits(one, arguments[0]) for one in value)

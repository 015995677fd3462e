"""Picture files: PNG, JPEG, BMP, GIF, WebP or TIFF -> upright lightness."""

import math
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image

from mnistnet.arrays import Floats
from mnistnet.errors import PictureError
from mnistnet.files import require_size
from mnistnet.vision.box import Box
from mnistnet.vision.patient_file import PatientFile

MAX_PIXELS = 100_000_000
"""Of a picture as it is decoded; a JPEG is decoded at a half, a quarter or an eighth where that is enough."""

MAX_BYTES = 400_000_000
"""That a decoder may hold: of some formats it has the pixels several times."""
MAX_WITH_FILE = 420_000_000
"""Together with the file, which lies in memory meanwhile."""
COPIES = {"TIFF": 2, "WEBP": 4}
MAX_COEFFICIENTS = 600_000_000
"""Of a JPEG that is told in several scans, over all of them: its decoder goes through all of it in each, and holds six
bytes a pixel. Other JPEGs are decoded row by row."""
USUAL_SCANS = 10
MAX_PROFILES = 100
"""Of colours in a PNG, which has one; each may unpack to a megabyte."""

MAX_SIDE = 65_535
"""As JPEG has it; a strip that is longer yet is no picture of a digit."""

WORKING_SIDE = 2048
"""The longer side of a picture is reduced to at most this many pixels."""

_FORMATS = (  # leading bytes, name, Pillow's module and class: importing one decoder instead of all saves start-up time
    (rb"\x89PNG\r\n\x1a\n", "PNG", "PngImagePlugin", "PngImageFile"),
    (rb"\xff\xd8\xff", "JPEG", "JpegImagePlugin", "JpegImageFile"),
    (rb"BM", "BMP", "BmpImagePlugin", "BmpImageFile"),
    (rb"GIF8[79]a", "GIF", "GifImagePlugin", "GifImageFile"),
    (rb"RIFF....WEBP", "WebP", "WebPImagePlugin", "WebPImageFile"),
    (rb"II[*+]\0|MM\0[*+]", "TIFF", "TiffImagePlugin", "TiffImageFile"),
)
_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_STDERR = threading.Lock()
_ONE_BYTE = ("1", "L", "P")
_DEEP_MODES = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N")
_STRIP = 2**21  # pixels that are made grey at once
_DEEP_WHITES = (1, 2**8 - 1, 2**12 - 1, 2**16 - 1, 2**32 - 1)

Decoded = TypeVar("Decoded")


class Picture(NamedTuple):
    """An upright picture of width x height pixels.

    grey is its lightness, (h, w) float32 in [0, 1], white 1. One pixel of grey stands for scale x scale pixels.
    """

    grey: Floats
    width: int
    height: int
    scale: int

    def in_pixels(self, box: Box) -> Box:
        """A box in grey as the box in the picture."""
        x0, y0, x1, y1 = (self.scale * edge for edge in box)
        return Box(x0, y0, min(x1, self.width), min(y1, self.height))

    def in_grey(self, box: Box) -> Box:
        """A box in the picture as the box in grey."""
        x0, y0, x1, y1 = box
        return Box(x0 // self.scale, y0 // self.scale, -(-x1 // self.scale), -(-y1 // self.scale))


def open_picture(source: Path | bytes, *, name: str) -> Picture:
    """The picture in a file, or in a file's bytes; of several frames or pages the first.

    Raises PictureError, in which the picture is called name, for all but a whole picture of at most MAX_PIXELS.
    """
    return _opened(source, name, _grey_picture)


def open_colours(source: Path | bytes, *, name: str) -> Image.Image | None:
    """The same picture as it is to be shown: RGB, as large as grey; None where it is partly transparent.

    Raises PictureError as open_picture does.
    """
    return _opened(source, name, _colours)


def _opened(source: Path | bytes, name: str, decode: Callable[[Image.Image, str], Decoded]) -> Decoded:
    data = source if isinstance(source, bytes) else _read_file(source, name)
    kind, module, decoder = _recognise(data, name)
    if kind == "PNG" and data.count(b"iCCP") > MAX_PROFILES:
        raise PictureError(f"{name} has more than {MAX_PROFILES} colour profiles; save it anew")
    try:
        with warnings.catch_warnings(action="ignore"), _silence(kind):
            file = PatientFile(data, name)
            image: Image.Image = getattr(import_module(f"PIL.{module}"), decoder)(file)
            file.let_pixels_pass(kind)
            return decode(image, name)
    except PictureError:
        raise
    except MemoryError as error:
        raise PictureError(f"there is not enough memory for {name}; make it smaller") from error
    except Exception as error:  # a decoder may raise anything on a broken file
        reason = " ".join(str(error).split()) or type(error).__name__
        raise PictureError(f"{name} is a damaged or truncated {kind} ({reason}); save or copy it again") from error


def _read_file(path: Path, name: str) -> bytes:
    if path.is_dir():
        raise PictureError(f"cannot read {name}: it is a folder; name a picture")
    try:
        with path.open("rb") as file:
            head = file.read(16)
            _recognise(head, name)  # before reading the rest of what may be a huge file of another kind
            require_size(file, MAX_BYTES)
            if not file.seekable():  # a pipe
                return head + file.read(MAX_BYTES)
        return path.read_bytes()  # at once: of pieces that are put together there are two
    except OSError as error:
        raise PictureError(f"cannot read {name}: {error.strerror or error}") from error


def _recognise(data: bytes, name: str) -> tuple[str, str, str]:
    if not data:
        raise PictureError(f"cannot read {name}: it is empty (0 bytes)")
    for start, kind, module, decoder in _FORMATS:
        if re.match(start, data, re.DOTALL):
            return kind, module, decoder
    raise PictureError(f"{name} is not a picture (expected PNG, JPEG, BMP, GIF, WebP or TIFF); save it as one of these")


@contextmanager
def _silence(kind: str) -> Iterator[None]:
    """Keep complaints about TIFFs off stderr: libtiff writes them straight to file descriptor 2."""
    if kind != "TIFF":
        yield
        return
    with _STDERR, Path(os.devnull).open("wb") as nowhere:
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _grey_picture(image: Image.Image, name: str) -> Picture:
    full_width, full_height = image.size
    _load(image, name, "L")
    scale = _reduction(image) * round(max(full_width, full_height) / max(image.size))
    orientation = _orientation(image)
    if orientation >= 5:
        full_width, full_height = full_height, full_width
    grey = _lightness(image, _reduction(image), _UPRIGHT.get(orientation))
    return Picture(grey, full_width, full_height, scale)


def _colours(image: Image.Image, name: str) -> Image.Image | None:
    _load(image, name, "RGB")
    factor = _reduction(image)
    if image.mode in _DEEP_MODES or not _is_opaque(image):
        return None
    small = Image.new("RGB", (math.ceil(image.width / factor), math.ceil(image.height / factor)))
    for top, strip in _strips(image, factor):
        small.paste(strip.convert("RGB").reduce(factor), (0, top // factor))
    turn = _UPRIGHT.get(_orientation(image))
    return small if turn is None else small.transpose(turn)


def _load(image: Image.Image, name: str, mode: str) -> None:
    """Decode it, a JPEG in this mode and no larger than needed. Raises PictureError if it is too large."""
    full_width, full_height = image.size
    factor = _reduction(image)
    if image.format == "JPEG" and full_width * full_height * _scans(image) > MAX_COEFFICIENTS:
        raise PictureError(
            f"{name} is too large for a JPEG of several scans: {full_width} x {full_height} pixels; make it smaller, "
            "or save it without `progressive`"
        )
    image.draft(mode, (max(1, full_width // factor), max(1, full_height // factor)))
    pixels = image.width * image.height
    file: Any = image
    held = pixels * (1 if image.mode in _ONE_BYTE else 4) * COPIES.get(image.format or "", 1)
    with_file = held + len(file.fp.getvalue())
    if pixels > MAX_PIXELS or held > MAX_BYTES or with_file > MAX_WITH_FILE or max(image.size) > MAX_SIDE:
        most = min(MAX_PIXELS, MAX_BYTES * pixels // held, MAX_WITH_FILE * pixels // with_file)
        raise PictureError(
            f"{name} is too large: {full_width} x {full_height} pixels, expected at most "
            f"{most // 1_000_000} megapixels and {MAX_SIDE:,} a side; make it smaller"
        )
    image.load()


def _scans(image: Image.Image) -> int:
    """How often a JPEG's decoder goes through all of it, at least USUAL_SCANS; 0 where it need not hold it."""
    file: Any = image
    data: bytes = file.fp.getvalue()
    first = file.fp.tell() - 8 - 2 * file.layers  # of all colours at once
    if "progressive" not in image.info and data[first : first + 2] == b"\xff\xda":
        return 0
    return max(USUAL_SCANS, data.count(b"\xff\xda"))


def _reduction(image: Image.Image) -> int:
    return math.ceil(max(image.size) / WORKING_SIDE)


def _orientation(image: Image.Image) -> int:
    try:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # a broken note beside whole pixels
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _lightness(image: Image.Image, factor: int, turn: Image.Transpose | None) -> Floats:
    deep = image.mode in _DEEP_MODES
    mode = "F" if deep else "L" if all(_is_opaque(strip) for _, strip in _strips(image, factor)) else "LA"
    small = Image.new(mode, (math.ceil(image.width / factor), math.ceil(image.height / factor)))
    for top, strip in _strips(image, factor):
        small.paste(strip.convert(mode).reduce(factor), (0, top // factor))
    image.close()  # what follows does not need its hundreds of megabytes
    if turn is not None:
        small = small.transpose(turn)
    pixels = np.asarray(small, np.float32)
    if deep:
        return _scale_deep(pixels)
    return _on_paper(pixels[..., 0] / 255, pixels[..., 1] / 255) if pixels.ndim == 3 else pixels / np.float32(255)


def _strips(image: Image.Image, factor: int) -> Iterator[tuple[int, Image.Image]]:
    """The picture in pieces as wide as it is, each with its top: what is made of a large one stays small."""
    height = max(1, _STRIP // (image.width * factor)) * factor
    for top in range(0, image.height, height):
        yield top, image.crop((0, top, image.width, min(top + height, image.height)))


def _is_opaque(image: Image.Image) -> bool:
    if "A" in image.getbands():
        return bool(image.getchannel("A").getextrema()[0] == 255)
    return not image.has_transparency_data


def _scale_deep(pixels: Floats) -> Floats:
    """Lightness from numbers whose white is not written anywhere: the usual one that holds them all."""
    pixels = np.nan_to_num(pixels.astype(np.float64), nan=0, posinf=0, neginf=0)  # a float32 range can overflow float32
    pixels -= min(pixels.min(), 0)
    top = pixels.max()
    return np.asarray(pixels / next((white for white in _DEEP_WHITES if top <= white), top), np.float32)


def _on_paper(lightness: Floats, alpha: Floats) -> Floats:
    """Lay what is partly transparent on white or black, whichever contrasts with what is visible.

    A picture that is mostly opaque and has light and dark of its own brings its paper along.
    """
    visible = alpha.mean()
    level = (lightness * alpha).mean() / max(visible, np.float32(1e-6))
    paper = 1.0 if level < 0.5 else 0.0
    if visible > 0.5 and lightness[alpha > 0.5].std() > 0.1:
        paper = float(np.median(lightness[alpha > 0.5]))
    return lightness * alpha + np.float32(paper) * (1 - alpha)

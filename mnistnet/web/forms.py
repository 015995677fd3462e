"""Forms: the files in a multipart/form-data body, all in memory."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from mnistnet.web.problems import ProblemError

FORM = "multipart/form-data"
NAMELESS = "picture"


class File(NamedTuple):
    """A part with a file's name."""

    name: str
    content: bytes


class Parts:
    """Collects the parts of a form as a parser finds them."""

    def __init__(self, most: int) -> None:
        self.most, self.count = most, 0
        self.files: list[File] = []
        self.is_whole = False
        self.callbacks = {name: getattr(self, name) for name in dir(self) if name.startswith("on_")}

    def on_part_begin(self) -> None:
        self.count += 1
        if self.count > self.most:
            raise ProblemError(413, f"expected a form of at most {self.most} parts; send fewer pictures at once")
        self.field, self.value, self.disposition = bytearray(), bytearray(), b""
        self.content = bytearray()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self.field += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def on_header_end(self) -> None:
        if self.field.lower() == b"content-disposition":
            self.disposition = bytes(self.value)
        self.field, self.value = bytearray(), bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.content += data[start:end]

    def on_part_end(self) -> None:
        name = parse_options_header(self.disposition)[1].get(b"filename", b"")
        if name or self.content:  # a browser sends an empty part where no file was chosen
            text = "".join(one if one.isprintable() else "\ufffd" for one in name.decode("utf-8", "replace"))
            self.files.append(File(text or NAMELESS, bytes(self.content)))

    def on_end(self) -> None:
        self.is_whole = True


def is_form(content_type: str) -> bool:
    """Whether a Content-Type names a form with parts."""
    return content_type.partition(";")[0].strip().lower() == FORM


async def read_form(content_type: str, body: AsyncIterator[bytes], *, most: int) -> list[File]:
    """The files of a form of at most so many parts. Raises ProblemError for another number and for what is no form."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise ProblemError(422, f"expected a boundary in the Content-Type {FORM}, got none")
    parts = Parts(most)
    try:
        parser = MultipartParser(boundary, parts.callbacks)  # type: ignore[arg-type]  # its names are checked by tests
        async for piece in body:
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise ProblemError(422, f"the form is damaged ({error})") from error
    if not parts.is_whole:
        raise ProblemError(422, "the form breaks off before its end; send it again")
    if not parts.files:
        raise ProblemError(422, "expected a form with one or more pictures, got none")
    return parts.files

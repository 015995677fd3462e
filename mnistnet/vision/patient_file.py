"""Patient file: a picture's bytes, which a decoder may not go through for ever."""

import io
import math

from mnistnet.errors import PictureError

MAX_READS = 200_000
"""By which a decoder takes a file: it asks at least once for each chunk, and for each byte of filling."""
MAX_HEAD_BYTES = 20_000_000
"""That it takes before the pixels: of a JPEG's notes it copies the first ones with each that follows."""


class PatientFile(io.BytesIO):
    """A picture file in memory, which refuses a decoder that asks too often, or for too much before the pixels."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name, self.reads, self.taken = name, 0, 0
        self.most_reads, self.most_taken = float(MAX_READS), float(MAX_HEAD_BYTES)

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes. Raises PictureError."""
        if self.reads >= self.most_reads or self.taken > self.most_taken:
            raise PictureError(f"{self.name} has too many or too long notes beside its pixels; save it anew")
        content = super().read(size)
        self.reads, self.taken = self.reads + 1, self.taken + len(content)
        return content

    def let_pixels_pass(self, kind: str) -> None:
        """From now on take what is read for pixels, which of some BMPs are asked for one by one."""
        self.most_taken = math.inf
        if kind == "BMP":
            self.most_reads = math.inf

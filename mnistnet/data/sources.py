"""Sources: what a user may name as data, and the data set that it stands for."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mnistnet.arrays import SIDE
from mnistnet.data.address import is_url
from mnistnet.data.folder import find_pictures
from mnistnet.data.idx_set import find_set, load_set
from mnistnet.data.mnist import Dataset, load_sample
from mnistnet.errors import DataError

if TYPE_CHECKING:
    from mnistnet.data.arriving import OnBytes
    from mnistnet.data.picture_set import OnPicture

SAMPLE = "sample"


class Source(NamedTuple):
    """Data that a user names."""

    where: str
    """`sample`, a folder with IDX files or with labelled pictures, a set's training images, or the address of either
    kind of IDX files."""
    classes: Sequence[str] | None = None
    """Their names; None for what is known of them."""
    transposed: bool | None = None
    """IDX files have columns where rows should be; None for EMNIST's, which have."""
    side: int | None = None
    """Of what pictures are made to; None for MNIST's."""


def load_source(
    source: Source, cache: Path, *, on_bytes: "OnBytes | None" = None, on_picture: "OnPicture | None" = None
) -> Dataset:
    """The data set. What is fetched from an address goes into a folder in cache, and is not fetched again.

    Raises DataError, DownloadError and OutputError.
    """
    where, classes, transposed, side = source
    if where == SAMPLE:
        dataset = load_sample()
        if transposed or tuple(classes or dataset.classes) != dataset.classes:
            raise DataError("the sample is of MNIST's: upright pictures of the digits 0 to 9 and no others")
        return of_side(dataset, side)
    from mnistnet.data import idx_url

    if is_url(where):
        files = idx_url.fetch_set(where, cache, on_bytes=on_bytes)
        origin = idx_url.split_url(where)[0]
        return of_side(load_set(files, origin=origin, classes=classes, transposed=transposed), side)
    if found := find_set(Path(where)):
        return of_side(load_set(found, classes=classes, transposed=transposed), side)
    if transposed:
        raise DataError(f"--transposed is for IDX files, and there are none in {where}; turn the pictures instead")
    return load_picture_folder(source, on_picture)


def load_picture_folder(source: Source, on_picture: "OnPicture | None") -> Dataset:
    """The labelled pictures in a folder. Raises DataError."""
    folder = Path(source.where)
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; name one with the four files of a set, or with labelled pictures")
    files = find_pictures(source.where)
    if not files:
        raise DataError(
            f"{folder} has no train-images-idx3-ubyte.gz, nor that unpacked, nor pictures; put the four files of a set "
            "or labelled pictures there, or leave out --data to download MNIST"
        )
    from mnistnet.data.picture_set import load_pictures

    name = folder.resolve().name or "pictures"
    name = f"{name} (pictures)" if name in ("mnist", SAMPLE) else name
    return load_pictures(
        folder, files, name=name, classes=source.classes, side=source.side or SIDE, on_picture=on_picture
    )


def of_side(dataset: Dataset, side: int | None) -> Dataset:
    """The data set, if its pictures are of this side or none is asked for. Raises DataError."""
    if side not in (None, dataset.image_format.side):
        raise DataError(f"--side is for folders of pictures; those of {dataset.name} have {dataset.image_format.side}")
    return dataset

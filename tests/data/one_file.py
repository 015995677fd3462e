"""The file that the download tests fetch."""

import hashlib
from pathlib import Path

import numpy as np

from mnistnet.data.arriving import RemoteFile

DATA = np.random.default_rng(1).bytes(300_001)
FILE = RemoteFile("digits.gz", len(DATA), hashlib.sha256(DATA).hexdigest())


def check_only_the_file(folder: Path) -> None:
    """folder holds the file, right and whole, and nothing else."""
    assert [path.name for path in folder.iterdir()] == [FILE.name]
    assert (folder / FILE.name).read_bytes() == DATA

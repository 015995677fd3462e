"""Make mnistnet/shipped/non_digits.npz: what models learn to turn down, and digits cut out of numbers that they accept.

    python scripts/make_non_digits.py

They are drawn with the fonts that come with matplotlib: the same version of it, Pillow and NumPy gives the same bytes
again. Drawn beforehand they cost a training no time, and are the same wherever it runs. Pairs, fragments and cut digits
are made of digits that the bundled sample has for learning.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

from mnistnet.data.mnist import load_sample
from mnistnet.data.non_digits import cut_digits, digit_fragments, digit_pairs, non_digits, number_signs
from mnistnet.data.non_digits_file import pack
from mnistnet.files import new_file

NON_DIGITS, PAIRS, FRAGMENTS, CUT, NUMBER_SIGNS = 6000, 3000, 3000, 3000, 1200
SEED = 6000
TARGET = Path(__file__).parent.parent / "mnistnet" / "shipped" / "non_digits.npz"


def main() -> None:
    """Write the file and print its size and SHA-256."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=TARGET, help="default: %(default)s")
    arguments = parser.parse_args()
    rng = np.random.default_rng(SEED)
    sample = load_sample().learning.images
    pairs, fragments = digit_pairs(sample, PAIRS, rng=rng), digit_fragments(sample, FRAGMENTS, rng=rng)
    others = [non_digits(NON_DIGITS, rng=rng), pairs, fragments]
    cut = cut_digits(sample, CUT, rng=rng)
    others.append(number_signs(NUMBER_SIGNS, rng=rng))
    with new_file(arguments.output, overwrite=True) as file:
        np.savez_compressed(file, non_digits=pack(np.concatenate(others)), cut_digits=pack(cut))
    data = arguments.output.read_bytes()
    print(f"{arguments.output}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()

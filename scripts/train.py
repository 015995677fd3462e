"""Train a network on MNIST, test it, save the model and its report.

python scripts/train.py
python scripts/train.py --help
"""

import sys

try:
    from mnistnet.commands import main
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e .")

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))

"""Solve XOR, and with --problem a ball or a sine wave, with the engine that learns MNIST.

python scripts/xor.py
python scripts/xor.py --help
"""

import sys

try:
    from mnistnet.commands import main
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e .")

if __name__ == "__main__":
    sys.exit(main(["xor", *sys.argv[1:]]))

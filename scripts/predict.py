"""Read the digits in pictures.

python scripts/predict.py my_digit.png
python scripts/predict.py --help
"""

import sys

try:
    from mnistnet.commands import main
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e .")

if __name__ == "__main__":
    sys.exit(main(["predict", *sys.argv[1:]]))

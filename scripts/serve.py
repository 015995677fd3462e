"""Serve a page to draw digits on, and an API that reads pictures.

python scripts/serve.py --open
python scripts/serve.py --help
"""

import sys

try:
    from mnistnet.commands import main
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e .")

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))

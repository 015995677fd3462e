"""Show the accuracy report of a run or a model.

python scripts/report.py
python scripts/report.py --help
"""

import sys

try:
    from mnistnet.commands import main
except ImportError:
    sys.exit("mnistnet is not installed; from the checkout's folder run: python -m pip install -e .")

if __name__ == "__main__":
    sys.exit(main(["report", *sys.argv[1:]]))

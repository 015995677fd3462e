"""`python -m mnistnet`: the same as the command `mnistnet`."""

import sys

from mnistnet.commands import main

if __name__ == "__main__":
    sys.exit(main())

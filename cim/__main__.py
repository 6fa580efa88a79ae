"""`python -m cim ...`: the command line (cim/cli)."""

import sys

from cim.cli import main

if __name__ == "__main__":
    sys.exit(main())

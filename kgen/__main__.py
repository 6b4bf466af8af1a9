"""`python -m kgen` does what the command `kgen` does."""

import sys

from kgen.cli import main

if __name__ == "__main__":
    sys.exit(main())

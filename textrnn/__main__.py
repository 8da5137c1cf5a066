"""`python -m textrnn`."""

import sys

from textrnn.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

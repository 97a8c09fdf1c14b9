"""`python -m stemmata` is the command line."""

import sys

from stemmata.cli import main

if __name__ == "__main__":
    sys.exit(main())

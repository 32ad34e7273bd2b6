"""Lets `python -m smsgw` do what `smsgw` does."""

import sys

from smsgw.cli import main

if __name__ == "__main__":
    sys.exit(main())

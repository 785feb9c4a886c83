"""`python -m lightning_eda.cli`."""

import sys

from lightning_eda.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())

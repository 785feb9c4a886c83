"""The command line, `lightning-eda`: one file a command.

demo, simulate, grid, lake   the commands
commands                     joins them, and says what went wrong
__main__                     for `python -m lightning_eda.cli`
"""

from lightning_eda.cli.commands import main

__all__ = ["main"]

"""The command line, `lightning-eda`: one file a command, and `commands` to join them."""

from lightning_eda.cli.commands import main

__all__ = ["main"]

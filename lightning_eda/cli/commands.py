"""The commands of `lightning-eda`, and what becomes of their errors."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from lightning_eda.errors import LightningEdaError
from lightning_eda.storage.atomic import DATA_FOLDER, storage_error

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code, which for Ctrl-C is the shell's, 130."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except LightningEdaError as error:
        print(f"lightning-eda: {error}", file=sys.stderr)
    except OSError as error:  # of a folder that cannot be made or written
        told = storage_error(Path(error.filename or "."), error, f"the argument, or {DATA_FOLDER}")
        print(f"lightning-eda: {told}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lightning-eda: interrupted; run it again", file=sys.stderr)
        return 130
    return 1


def _parser() -> argparse.ArgumentParser:
    from lightning_eda.cli.demo import add_demo
    from lightning_eda.cli.grid import add_grid
    from lightning_eda.cli.lake import add_lake
    from lightning_eda.cli.simulate import add_simulate

    parser = argparse.ArgumentParser(prog="lightning-eda", description="Lightning from space.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_demo, add_simulate, add_grid, add_lake):
        add(commands)
    return parser

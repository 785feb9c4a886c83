"""`lightning-eda lake`: whether the lake holds what it names, and the removal of what nobody names.

`vacuum` takes the place of any Delta table, too, such as one of CSVs.
"""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lightning_eda.cli.commands import Commands
from lightning_eda.errors import SettingError
from lightning_eda.texts import counted

if TYPE_CHECKING:
    from lightning_eda.lake.location import Lake

WEEK_DAYS = 7.0


def add_lake(commands: Commands) -> None:
    """Adds the commands to the parser's."""
    lake = commands.add_parser("lake", help="look after the Delta tables of LIGHTNING_LAKE")
    commands = lake.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="is every file there, with the rows that are counted?")
    check.set_defaults(run=run_check)
    vacuum = commands.add_parser("vacuum", help="remove files that no table has named for some days")
    vacuum.add_argument(
        "table",
        nargs="?",
        metavar="TABLE",
        help="the place of one Delta table, such as one of CSVs, in place of LIGHTNING_LAKE",
    )
    vacuum.add_argument(
        "--days", type=float, default=WEEK_DAYS, help="how many, from 7: no run or reader is at it so long"
    )
    vacuum.add_argument("--dry-run", action="store_true", help="only say what would go")
    vacuum.set_defaults(run=run_vacuum)


def run_check(_: argparse.Namespace) -> int:
    """`lightning-eda lake check`; 1 when something is wrong."""
    from lightning_eda.lake.upkeep import check_lake

    lake = _lake()
    found = check_lake(lake)
    print(f"{lake.describe()}: {counted(found.hours, 'hour')}, {counted(found.files, 'file')}", end="")
    print(f" ({found.size_bytes / 1e6:,.1f} MB), {counted(len(found.orphans), 'file')} that no table names")
    for key, size in found.orphans.items():
        print(f"no table names {lake.store.url(key)} ({size:,} bytes)")
    for mistake in found.mistakes:
        print(f"mistake: {mistake}")
    return 1 if found.mistakes else 0


def run_vacuum(options: argparse.Namespace) -> int:
    """`lightning-eda lake vacuum`."""
    from lightning_eda.lake.upkeep import vacuum_lake
    from lightning_eda.storage.delta.log import DeltaLog
    from lightning_eda.storage.delta.vacuum import vacuum_table

    place = _lake(options.table)
    if options.table:
        log = DeltaLog(place.store, place.prefix)
        gone = vacuum_table(log, datetime.now(UTC), options.days, options.dry_run)
    else:
        gone = vacuum_lake(place, datetime.now(UTC), options.days, options.dry_run)
    verb = "would be removed" if options.dry_run else "removed"
    print(f"{counted(len(gone), 'file')} ({sum(gone.values()) / 1e6:,.1f} MB) {verb} from {place.describe()}")
    return 0


def _lake(table: str | None = None) -> "Lake":
    """The place of a table, or else of the lake."""
    from lightning_eda.lake.location import VARIABLE, open_lake
    from lightning_eda.settings import read_settings

    settings = read_settings()
    place = table or settings.lake
    if not place:
        raise SettingError(VARIABLE, None, "s3://bucket/prefix, or a folder with a slash")
    setting = "TABLE" if table else VARIABLE
    return open_lake(place, settings.s3_endpoint_url, settings.aws_region, setting=setting)

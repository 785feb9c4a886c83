"""`lightning-eda simulate`: granules that NOAA might have published, with faults if wanted."""

import argparse
import re
from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.cli.commands import Commands
from lightning_eda.errors import SettingError
from lightning_eda.glm.names import GRANULES_PER_HOUR
from lightning_eda.glm.windows import floor_hour
from lightning_eda.series import HOUR

LAST = datetime.max.replace(tzinfo=UTC)


def add_simulate(commands: Commands) -> None:
    """Adds the command to the parser's."""
    from lightning_eda.simulator import FAULTS

    simulate = commands.add_parser(
        "simulate",
        help="write simulated granules under the bucket's layout",
        epilog="faults:\n" + "\n".join(f"  {name:20} {kind.text}" for name, kind in FAULTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    simulate.add_argument("folder", type=Path, help="stands in for the bucket: GLM_ARCHIVE_DIR")
    simulate.add_argument("--satellite", default="G18", help="G16, G17, G18 or G19 (default: G18)")
    simulate.add_argument(
        "--hour", type=_hour, required=True, help="the first hour, UTC, for example 2022-12-31T05"
    )
    simulate.add_argument("--hours", type=int, default=1, help="how many hours (default: 1)")
    simulate.add_argument("--seed", type=int, default=1, help="decides all chance (default: 1)")
    simulate.add_argument(
        "--era", default="current", help="current, do07 (2018-10) or milliseconds (before; default: current)"
    )
    most = GRANULES_PER_HOUR
    simulate.add_argument("--granules", type=int, default=most, help=f"granules an hour (default: {most})")
    simulate.add_argument(
        "--flashes", type=float, help="mean flashes in 20 s (default: what is usual for the satellite)"
    )
    simulate.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="NAME:GRANULE",
        help="put a fault into a granule of each hour, for example empty:7; may be repeated",
    )
    simulate.set_defaults(run=run_simulate)


def run_simulate(options: argparse.Namespace) -> int:
    """`lightning-eda simulate`."""
    from tqdm import tqdm

    from lightning_eda.simulator import Activity, simulate_hour

    if options.hours < 1:
        raise SettingError("hours", options.hours, "a whole number from 1")
    if options.hours > (LAST - options.hour) // HOUR:
        raise SettingError("hours", options.hours, "hours that end before the year 10000")
    written: list[Path] = []
    for number in tqdm(range(options.hours), unit="hour", disable=None, leave=False):
        written += simulate_hour(
            options.folder,
            options.satellite,
            options.hour + number * HOUR,
            options.seed,
            era=options.era,
            activity=Activity(flashes_per_granule=options.flashes),
            granules=options.granules,
            faults=options.fault,
        )
    size = sum(path.stat().st_size for path in written)
    print(f"{len(written)} simulated granules ({size / 1e6:.1f} MB) under {options.folder}")
    return 0


def _hour(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        if not re.search(r"[Tt ]\d\d", text):
            raise ValueError("no hour")
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        hour = floor_hour(time)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2022-12-31T05") from error
    if time != hour:
        raise argparse.ArgumentTypeError(f"{text!r} is not a full hour")
    return hour


def _fault(text: str) -> tuple[str, int]:
    name, separator, granule = text.partition(":")
    if not separator or not granule.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:GRANULE, for example empty:7")
    return name, int(granule)

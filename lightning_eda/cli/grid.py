"""`lightning-eda grid`: a window and sector of the density grids as the product's NetCDF."""

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.cli.commands import Commands
from lightning_eda.earth import SATELLITES
from lightning_eda.errors import GridError, SettingError
from lightning_eda.glm.windows import floor_hour
from lightning_eda.series import HOUR
from lightning_eda.settings import read_settings

if TYPE_CHECKING:
    from lightning_eda.grids.files import GridFile

SECTORS = ("full", "conus", "meso")


def add_grid(commands: Commands) -> None:
    """Adds the command to the parser's."""
    grid = commands.add_parser(
        "grid",
        help="write a window of the density grids as NetCDF",
        description="Writes what the asset flash_density made of some minutes as the gridded GLM product.",
    )
    grid.add_argument(
        "out", type=Path, help="the file, *.nc; in a folder it gets the product's name, which satpy wants"
    )
    grid.add_argument("--satellite", required=True, choices=SATELLITES)
    grid.add_argument("--start", type=_minute, required=True, help="UTC, such as 2018-07-02T04:33")
    grid.add_argument("--end", type=_minute, required=True, help="the first minute after, UTC")
    grid.add_argument("--sector", choices=SECTORS, default="full", help="part of the disk (default: full)")
    grid.add_argument(
        "--center", type=_place, metavar="LAT,LON", help="the middle of a meso sector: --center=35,-97"
    )
    grid.set_defaults(run=run_grid)


def run_grid(options: argparse.Namespace) -> int:
    """`lightning-eda grid`."""
    from lightning_eda.grids.files import total_density
    from lightning_eda.grids.product import product_name, sector_of, write_product

    start, end = options.start, options.end
    if not start < end:
        raise SettingError("--end", f"{end:%Y-%m-%dT%H:%M}", f"a minute after {start:%Y-%m-%dT%H:%M}")
    path = options.out
    if not (path.is_dir() or path.suffix == ".nc"):
        raise SettingError("out", str(path), "a folder that is there, or a file whose name ends in .nc")
    grids = total_density(_minutes(Path(read_settings().data_dir), options.satellite, start, end))
    if grids is None or grids.slot is None:
        raise GridError(f"no granule of {options.satellite} was there, so nothing says where it was")
    if options.center is not None and options.sector != "meso":
        raise SettingError("--center", f"given with --sector {options.sector}", "only with --sector meso")
    sector = sector_of(options.sector, grids.slot, options.center)
    missing = _missing(grids, options.satellite, start, end)
    if path.is_dir():
        path = path / product_name(options.satellite, sector, start, end)
    write_product(path, grids, options.satellite, sector, start, end)
    inside = int(sector.holds(grids.table).sum())
    print(f"{grids.table.num_rows:,} cells with lightning on the full disk, ", end="")
    print(f"{inside:,} of them in the sector {options.sector}: {path}")
    if missing:
        print(f"warning: {missing}", file=sys.stderr)
    return 0


def _missing(grids: "GridFile", satellite: str, start: datetime, end: datetime) -> str:
    """What is not known of the window, in a sentence; GridError where no granule of it was there."""
    from lightning_eda.glm.names import GRANULES_PER_HOUR

    expected = round((end - start) / HOUR * GRANULES_PER_HOUR)
    if grids.granule_minutes is None:
        return "these grids do not say which granules they are of: run flash_density for the hours again"
    found = len(grids.granule_minutes)
    if not found:
        raise GridError(
            f"no granule of {satellite} starts in {start:%Y-%m-%dT%H:%M} to {end:%Y-%m-%dT%H:%M}: whether "
            "there was lightning is not known; take other minutes"
        )
    if found >= expected:
        return ""
    return f"{found} of {expected} granules were there; what the others saw counts as no lightning"


def _minutes(data_dir: Path, satellite: str, start: datetime, end: datetime) -> "Iterator[GridFile]":
    """What the grids of each hour have of the window."""
    from lightning_eda.grids.files import density_path, read_density

    hour = floor_hour(start)
    while hour < end:
        path = density_path(data_dir, hour, satellite)
        others = [other for other in SATELLITES if density_path(data_dir, hour, other).exists()]
        if others and satellite not in others:
            raise GridError(
                f"{path} is absent: {hour:%Y-%m-%dT%H}Z has grids of {', '.join(others)} alone; take one of "
                f"them, or run flash_density with the granules of {satellite}"
            )
        yield read_density(path).between(start, end)
        hour += HOUR


def _minute(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        if not re.search(r"[Tt ]\d\d:?\d\d", text):
            raise ValueError("no minute")
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2018-07-02T04:33") from error
    if time.second or time.microsecond:
        raise argparse.ArgumentTypeError(f"{text!r} is not a full minute")
    return time


def _place(text: str) -> tuple[float, float]:
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not LAT,LON such as 35.2,-97.4") from error
    if not (-90.0 <= lat <= 90.0 and -360.0 <= lon <= 360.0):
        raise argparse.ArgumentTypeError(f"{text!r} is not on the globe")
    return lat, lon

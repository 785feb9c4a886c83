"""The command line: `lightning-eda demo` and `lightning-eda simulate`."""

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lightning_eda.errors import LightningEdaError, SettingError
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.glm.windows import HOUR, floor_hour
from lightning_eda.settings import Settings, environment_with, read_settings
from lightning_eda.storage.atomic import storage_error

DEMO_SATELLITE = "G19"
DEMO_HOUR = datetime(2025, 7, 1, 21, tzinfo=UTC)
DEMO_SEED = 19
DEMO_FLASHES_PER_GRANULE = 40.0
DEMO_QUERY = """\
SELECT date_trunc('minute', flash_time_of_first_event) AS minute, count(*) AS flashes,
       round(avg(flash_energy) * 1e15, 1) AS mean_energy_fj
FROM flashes GROUP BY minute ORDER BY flashes DESC LIMIT 5"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LightningEdaError as error:
        print(f"lightning-eda: {error}", file=sys.stderr)
    except OSError as error:  # of a folder that cannot be made or written
        print(f"lightning-eda: {storage_error(Path(error.filename or '.'), error)}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    from lightning_eda.glm.simulator import FAULTS

    parser = argparse.ArgumentParser(prog="lightning-eda", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="simulate one hour of granules and run the pipeline on it; needs no network and no account",
    )
    demo.set_defaults(run=run_demo)
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
    simulate.add_argument("--granules", type=int, default=180, help="granules an hour (default: 180)")
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
    return parser


def run_simulate(options: argparse.Namespace) -> int:
    """`lightning-eda simulate`."""
    from tqdm import tqdm

    from lightning_eda.glm.simulator import Activity, simulate_hour

    if options.hours < 1:
        raise SettingError("hours", options.hours, "a whole number from 1")
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


def run_demo(_: argparse.Namespace) -> int:
    """`lightning-eda demo`."""
    from lightning_eda.glm.simulator import Activity, simulate_hour

    if Path(".env").exists():
        raise SettingError(
            ".env",
            "such a file in this folder",
            "none for the demo",
            "Dagster lets it win over what the demo sets: run the demo in another folder.",
        )
    settings = read_settings()
    archive = Path(settings.data_dir) / "demo"
    print(f"1. Simulating the granules of {DEMO_SATELLITE}, {DEMO_HOUR:%Y-%m-%d %H} UTC, into {archive} ...")
    activity = Activity(flashes_per_granule=DEMO_FLASHES_PER_GRANULE)
    paths = simulate_hour(archive, DEMO_SATELLITE, DEMO_HOUR, DEMO_SEED, activity=activity)
    print(f"   {len(paths)} granules. They are simulated, and say so in their attributes.")
    pin = {
        "GLM_ARCHIVE_DIR": str(archive),
        "S3_BUCKET": f"noaa-goes{DEMO_SATELLITE[1:]}",
        "GOES_YEAR": f"{DEMO_HOUR:%Y}",
        "GOES_DOY": f"{DEMO_HOUR:%j}",
        "GOES_HOUR": f"{DEMO_HOUR:%H}",
    }
    command = [
        "dagster",
        "asset",
        "materialize",
        "--select",
        "*cluster_map",
        "-m",
        "lightning_eda.definitions",
    ]
    shown = " ".join([*(f"{name}={value}" for name, value in pin.items()), shlex.join(command)])
    print(f"2. Running the pipeline on them through Dagster:\n   {shown}")
    begin = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", *command],
        env=environment_with({**pin, "DAGSTER_DISABLE_TELEMETRY": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        print(run.stdout)
        print("The pipeline failed; the reason is above.", file=sys.stderr)
        return run.returncode
    print(f"   done in {time.monotonic() - begin:.1f} s.")
    _show_database(settings)
    return 0


def _show_database(settings: Settings) -> None:
    from lightning_eda.warehouse.queries import table_counts

    database = Path(settings.duckdb_path)
    counts = table_counts(database)
    print(f"3. The database is {database}: {counts['flashes']:,} flashes of {counts['granules']:,} granules.")
    print("   Try:")
    print(f'   {sys.executable} -c "import duckdb; duckdb.connect({str(database)!r}, read_only=True).sql(')
    print(f"   '''{DEMO_QUERY}''').show()\"")
    window = WindowFolders(Path(settings.data_dir), DEMO_HOUR, DEMO_HOUR + HOUR)
    print(f"4. Open the report: {window.figures / 'report.html'}")
    print(f"   or look around in the Dagster UI: {ui_command(Path.cwd())}")


def ui_command(folder: Path) -> str:
    """The command that starts the UI from a folder, with a long backfill as a run a day.

    Dagster's command is named by its place, as the environment may not be activated.
    """
    dagster = Path(sys.executable).with_name("dagster")
    if (folder / "workspace.yaml").exists():
        return f"{dagster} dev"
    return f"{dagster} dev -m lightning_eda.definitions -a served"


def _hour(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2022-12-31T05") from error
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    if time != floor_hour(time):
        raise argparse.ArgumentTypeError(f"{text!r} is not a full hour")
    return floor_hour(time)


def _fault(text: str) -> tuple[str, int]:
    name, separator, granule = text.partition(":")
    if not separator or not granule.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME:GRANULE, for example empty:7")
    return name, int(granule)


if __name__ == "__main__":
    sys.exit(main())

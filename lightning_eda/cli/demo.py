"""`lightning-eda demo`: an hour of simulated granules through the whole pipeline."""

import argparse
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from lightning_eda.cli.commands import Commands
from lightning_eda.errors import LightningEdaError
from lightning_eda.glm.paths import WindowFolders
from lightning_eda.series import HOUR
from lightning_eda.settings import Settings, environment_with, read_settings

DEMO_SATELLITE = "G19"
DEMO_HOUR = datetime(2025, 7, 1, 21, tzinfo=UTC)
DEMO_SEED = 19
DEMO_FLASHES_PER_GRANULE = 40.0
STEP_DONE = re.compile(r'Finished execution of step "(?P<step>\w+)" in (?P<time>\S+?)\.?$')
DEMO_QUERY = """\
SELECT date_trunc('minute', flash_time_of_first_event) AS minute, count(*) AS flashes,
       round(avg(flash_energy) * 1e15, 1) AS mean_energy_fj
FROM flashes GROUP BY minute ORDER BY flashes DESC LIMIT 5"""


def add_demo(commands: Commands) -> None:
    """Adds the command to the parser's."""
    demo = commands.add_parser(
        "demo",
        help="simulate one hour of granules and run the pipeline on it; needs no network and no account",
    )
    demo.set_defaults(run=run_demo)


def run_demo(_: argparse.Namespace) -> int:
    """`lightning-eda demo`."""
    if Path(".env").exists():
        raise LightningEdaError(
            "the file .env of this folder would win over what the demo sets: run the demo in another folder"
        )
    settings = read_settings()
    archive = Path(settings.data_dir) / "demo"
    with other_process(compile_kernels):
        return _demo(settings, archive)


def _demo(settings: Settings, archive: Path) -> int:
    from lightning_eda.simulator import Activity, simulate_hour

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
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    options = ["launch", "--assets", "*cluster_map,*storm_page", "-m", "lightning_eda.definitions"]
    options += ["--partition", f"{DEMO_HOUR:%Y-%m-%d}"]  # of storm_page; the pinned assets have none
    shown = " ".join([*(f"{name}={value}" for name, value in pin.items()), shlex.join(["dg", *options])])
    print(f"2. Running the pipeline on them through Dagster:\n   {shown}")
    begin = time.monotonic()
    code, printed = _launch(options, environment_with(pin))
    if code != 0:
        print(printed)
        print("The pipeline failed; the reason is above.", file=sys.stderr)
        return code
    print(f"   done in {time.monotonic() - begin:.1f} s.")
    _show_database(settings)
    return 0


@contextmanager
def other_process(task: Callable[[], None]) -> Iterator[None]:
    """Does something meanwhile; how it ends does not matter, and it ends with the block."""
    process = get_context("spawn").Process(target=task, daemon=True)
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which it inherits: Ctrl-C is for this process
    process.start()
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def compile_kernels() -> None:
    """Does to a few points what the pipeline does, so that numba's machine code is on disk when it needs it.

    Without it the first demo waits for k-means and silhouettes to compile: 13 s and more on two busy cores.
    """
    import numpy as np

    from lightning_eda.clustering.kmeans.silhouette import sweep_silhouettes
    from lightning_eda.clustering.kmeans.sweep import kmeans_sweep
    from lightning_eda.clustering.storms.near_flashes import near_labels

    points = np.random.default_rng(DEMO_SEED).normal(size=(90, 3))
    near_labels(points, 1.0, 3)
    sweep_silhouettes(kmeans_sweep(points, 2, 3, workers=1))


def _launch(options: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """Runs `dg`, and says of each step when it is done; gives the exit code and all that was printed."""
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", "dagster_dg_cli.cli", *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        try:
            for line in run.stdout or ():
                lines.append(line)
                if done := STEP_DONE.search(line):
                    print(f"   {done['step']}: {done['time']}", flush=True)
        except KeyboardInterrupt:
            run.terminate()
            run.communicate()  # reads what it still has to say, which it could wait for
            raise
    return run.returncode, "".join(lines)


def _show_database(settings: Settings) -> None:
    from lightning_eda.warehouse.queries import table_counts

    database = Path(settings.duckdb_path)
    counts = table_counts(database)
    print(f"3. The database is {database}: {counts['flashes']:,} flashes of {counts['granules']:,} granules.")
    print("   Try:")
    print(f'   {sys.executable} -c "import duckdb; duckdb.connect({str(database)!r}, read_only=True).sql(')
    print(f"   '''{DEMO_QUERY}''').show()\"")
    window = WindowFolders(Path(settings.data_dir), DEMO_HOUR, DEMO_HOUR + HOUR)
    midnight = DEMO_HOUR.replace(hour=0)
    day = WindowFolders(window.data_dir, midnight, midnight + 24 * HOUR)
    print(f"4. Open the report: {window.figures / 'report.html'}")
    print(f"   and the storms of the day: {day.figures / 'storms.html'}")
    print(f"   or look around in the Dagster UI: {ui_command(Path.cwd())}")


def ui_command(folder: Path) -> str:
    """The command that starts the UI from a folder and sends no usage statistics.

    Dagster's command is named by its place, as the environment may not be activated.
    """
    make = folder / "Makefile"
    if (
        (folder / "pyproject.toml").is_file()
        and make.is_file()
        and b"\nui:" in make.read_bytes()
        and (folder / ".venv").resolve() == Path(sys.prefix).resolve()
    ):
        return "make ui"
    dg, config = Path(sys.executable).with_name("dg"), folder / "dg.toml"
    if config.exists():
        return (
            f"DAGSTER_DISABLE_TELEMETRY=1 DG_CLI_CONFIG={shlex.quote(str(config))} {shlex.quote(str(dg))} dev"
        )
    return f"DAGSTER_DISABLE_TELEMETRY=1 {shlex.quote(str(dg))} dev -m lightning_eda.definitions"

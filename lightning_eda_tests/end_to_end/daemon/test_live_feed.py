"""A live feed while everything is killed in turn: at the end nothing is missing, and nothing is wrong."""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import dagster as dg
import pytest

from lightning_eda.definitions import build_definitions
from lightning_eda.glm.names import hour_prefix
from lightning_eda.partitions import partition_key
from lightning_eda.settings import Settings
from lightning_eda.warehouse.database.connection import reader
from lightning_eda.warehouse.queries import table_counts
from lightning_eda.warehouse.stale_days import stale_days
from lightning_eda_tests.end_to_end.commands import wait_until
from lightning_eda_tests.end_to_end.daemon import feed_definitions
from lightning_eda_tests.end_to_end.daemon.deployment import MARKS, Deployment
from lightning_eda_tests.end_to_end.daemon.feed_definitions import FEED_CLOCK, LOOK_EVERY_S, clock_text
from lightning_eda_tests.orchestration.storm_cells.days import DAY
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.support.hours import HOUR, simulate
from lightning_eda_tests.warehouse.contents import content_hash

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

SECONDS = float(os.environ.get("LIVE_FEED_SECONDS", "900"))
KILL_EVERY_S = 45.0
SETTLE_S = 1800.0  # for what was killed last to be noticed and done again
HOURS = [HOUR + timedelta(hours=number) for number in range(-2, 2)]  # 18 to 21 UTC of DAY
GRANULES = 18  # of an hour; the last half comes when the hour is over, which is late
TIERS = ("flash", "group", "event")
IN_PROGRESS = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
log = logging.getLogger(__name__)


@pytest.fixture
def granules(tmp_path) -> list[tuple[float, str, bytes]]:
    """What is published: when, as a share of the feed, under which key; each hour's in its own disorder."""
    found = []
    for number, hour in enumerate(HOURS):
        paths = simulate(tmp_path / "archive", hour, GRANULES, seed=number)
        for place, path in enumerate(paths):
            late = place % 2  # every other one comes two hours late
            share = (number + 2 * late + place / GRANULES) / (len(HOURS) + 2)
            found.append((share, hour_prefix(hour) + path.name, path.read_bytes()))
    return sorted(found)


def feed(bucket: S3Bucket, granules: list[tuple[float, str, bytes]], began: float) -> None:
    """Publishes each when it is due."""
    for share, key, data in granules:
        time.sleep(max(0.0, began + share * SECONDS - time.time()))
        bucket.put(key, data)


def disturb(deployment: Deployment, began: float) -> Iterator[str]:
    """Kills a process every 45 s, of each kind in turn; the kind of each that was there to be killed."""
    for number, kind in enumerate(cycle(MARKS), start=1):
        due = began + number * KILL_EVERY_S
        if due > began + SECONDS:
            return
        time.sleep(max(0.0, due - time.time()))
        # Workers and decoders come and go: the next one is waited for.
        while not deployment.kill(kind) and time.time() < due + KILL_EVERY_S - 1:
            time.sleep(0.02)
        if time.time() < due + KILL_EVERY_S - 1:
            yield kind
        if kind == "daemon":
            deployment.start_daemon()


def make_cells_once(deployment: Deployment, database: Path) -> None:
    """Launches the storm cells of the day once something is loaded, as a person who wants to see them."""
    wait_until(
        lambda: database.exists() and table_counts(database)["granules"], "something is loaded", 2 * SECONDS
    )
    while not has_cells(database):
        if not deployment.runs(job_name="storms", statuses=IN_PROGRESS):
            deployment.launch("storms", DAY)
        time.sleep(LOOK_EVERY_S)


def has_cells(database: Path) -> bool:
    """Whether the storm cells of a day were made."""
    with reader(database) as connection:
        return bool(connection.sql("SELECT * FROM storm_days").fetchall())


def is_settled(deployment: Deployment, database: Path, granules: int) -> bool:
    """Whether nothing is at work, all is in the ledger, and the cells are of what is there."""
    time.sleep(LOOK_EVERY_S)
    if deployment.runs(statuses=IN_PROGRESS) or table_counts(database)["granules"] < granules:
        return False
    return has_cells(database) and not stale_days(database)


def undisturbed(place: Path, bucket: S3Bucket) -> Path:
    """The same granules through the same assets in this process; the database."""
    settings = Settings(
        bucket=bucket.name,
        s3_endpoint_url=bucket.endpoint_url,
        data_dir=str(place / "undisturbed"),
        duckdb_path=str(place / "undisturbed" / "lightning.duckdb"),
        tiers=",".join(TIERS),
    )
    usual = build_definitions(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        for group, keys in (("ingestor", [partition_key(hour) for hour in HOURS]), ("storm_cells", [DAY])):
            assets = [asset for asset in usual.assets if group in asset.group_names_by_key.values()]
            for key in keys:
                dg.materialize(assets, partition_key=key, resources=dict(usual.resources), instance=instance)
    return Path(settings.duckdb_path)


def cells(database: Path) -> list[list[tuple]]:
    """The storm cells of the day and their flashes."""
    tables = ("storm_cells", "storm_cell_flashes")
    with reader(database) as connection:
        return [connection.sql(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in tables]


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes in /proc")
def test_a_live_feed_with_everything_killed_in_turn_ends_as_if_undisturbed(tmp_path, s3_bucket, granules):
    """Daemon, code server, run worker and decoder, every 45 s: no row, hour or cell is missing or wrong."""
    began, end = time.time(), HOURS[-1] + timedelta(hours=2)
    clock = clock_text(began, HOURS[0], end, (end - HOURS[0]).total_seconds() / SECONDS)
    database = tmp_path / "data" / "lightning.duckdb"
    deployment = Deployment.make(
        tmp_path / "deployed",
        **{FEED_CLOCK: clock},
        S3_BUCKET=s3_bucket.name,
        AWS_ENDPOINT_URL_S3=s3_bucket.endpoint_url,
        LIGHTNING_DATA_DIR=str(database.parent),
        DUCKDB_PATH=str(database),
        GLM_TIERS=",".join(TIERS),
        HEAL_HOURS=str(len(HOURS)),
    )
    deployment.load(feed_definitions.__name__)
    helpers = [
        threading.Thread(target=feed, args=(s3_bucket, granules, began)),
        threading.Thread(target=make_cells_once, args=(deployment, database)),
    ]
    with deployment.daemon():
        deployment.run("dagster", "sensor", "start", "--start-all", "-w", "workspace.yaml")
        for helper in helpers:
            helper.start()
        killed: Counter[str] = Counter()
        for kind in disturb(deployment, began):
            killed[kind] += 1
            log.info("%.0f s: a %s was killed", time.time() - began, kind)
        for helper in helpers:
            helper.join()
        wait_until(lambda: is_settled(deployment, database, len(granules)), "all is healed", SETTLE_S)
        ended = Counter(run.status for run in deployment.runs())
    log.info("%.0f s: healed; killed: %s; runs: %s", time.time() - began, killed, ended)
    whole = undisturbed(tmp_path, s3_bucket)
    assert content_hash(database) == content_hash(whole)
    assert not list((database.parent / "quarantine").rglob("*.nc"))
    assert cells(database) == cells(whole)
    assert all(cells(whole))
    assert SECONDS < 8 * KILL_EVERY_S or set(killed) == set(MARKS)

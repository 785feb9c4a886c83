"""The lake: how long a commit takes, how large its log becomes and how fast it opens, against the bars.

A log of 220,000 files (three satellites, eight years) is opened in a process of its own. `every` does so with
statistics of every column, the alternative; `workers` has hours made by one Dask worker and by two, which
wants two idle cores.

    python -m benchmarks.lake [every | workers]
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from deltalake.transaction import AddAction, RemoveAction

from benchmarks.support.memory import peak_mb
from lightning_eda.lake import commit
from lightning_eda.lake.commit import commit_hours
from lightning_eda.lake.hour import DataFile, HourFiles
from lightning_eda.lake.layout import LEDGER, PARTITIONS, TIERS, HourKey, LedgerName
from lightning_eda.lake.location import Lake, delta_schema, open_lake
from lightning_eda.lake.snapshot import open_snapshot
from lightning_eda.lake.summary import ledger_days
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda.storage.folder import FolderStore

ROOT = Path(__file__).parents[1]
START = datetime(2019, 1, 1, tzinfo=UTC)
LAST = timedelta(minutes=59, seconds=40)
COMMITS, FILES, PER_ACTION = 1_000, 220_000, 20_000
SATELLITES = ("G16", "G17", "G18")
FLEET_HOURS, FLEET_GRANULES = 8, 60


def made_up(key: HourKey) -> HourFiles:
    """What a commit is told of an hour; the files themselves are not looked at."""
    digest = sha256(key.text.encode()).hexdigest()[:20]
    name = LedgerName(digest, dict.fromkeys(TIERS, digest), START)

    def file(path: str) -> DataFile:
        return DataFile(path, 100_000, 180, key.hour, key.hour + LAST)

    return HourFiles(key, {tier: file(key.tier_path(digest)) for tier in TIERS}, name, file(name.path(key)))


def hours(number: int, satellites: tuple[str, ...] = SATELLITES[:1]) -> Iterator[HourFiles]:
    """Hours one after the other."""
    for hour in range(number):
        for satellite in satellites:
            yield made_up(HourKey(START + timedelta(hours=hour), satellite))


def say(what: str, ours: float, bar: float, unit: str) -> None:
    """A line: ours, the bar, the ratio."""
    print(f"  {what:32} {ours:7.2f} {unit:2}  bar {bar:g} {unit}  {ours / bar:.2f} of it", flush=True)


def commits(place: Path) -> None:
    """A day in one commit a table, and a thousand commits of the ledger."""
    begin = time.process_time()
    commit_hours(open_lake(f"{place}/day"), list(hours(24)))
    say("commit of 24 hours x 4 tables", time.process_time() - begin, 2, "s")
    lake, files = open_lake(f"{place}/thousand"), [hour.ledger_file for hour in hours(COMMITS)]
    committer = commit._Committer(lake, [hour.key for hour in hours(1)], 1)
    for table in (*TIERS, LEDGER):
        committer.state(table)
    for file in files:  # the ledger's part of the protocol
        if file is not None:
            committer._commit(LEDGER, commit.Change((file,), ()))
            committer._tables[LEDGER].update_incremental()
    log = sum(path.stat().st_size for path in Path(f"{place}/thousand/{LEDGER}/_delta_log").iterdir())
    say(f"log after {COMMITS:,} commits", log / 1e6, 10, "MB")
    begin = time.process_time()
    assert open_snapshot(lake, START, START + timedelta(days=1)) is not None
    say("  is opened in", time.process_time() - begin, 1, "s")


def large_log(place: Path, every_column: bool) -> Lake:
    """A ledger of 220,000 files with a checkpoint; nothing but the log is there."""
    lake = open_lake(f"{place}/{'every' if every_column else 'ours'}")
    ledger = lake.make(LEDGER)
    if every_column:
        ledger.alter.set_table_properties(
            {"delta.dataSkippingStatsColumns": ",".join(delta_schema(LEDGER).names)}
        )
    adds: list[AddAction | RemoveAction] = [
        commit._add_action(hour.ledger_file) for hour in hours(FILES // 3, SATELLITES) if hour.ledger_file
    ]
    for first in range(0, len(adds), PER_ACTION):
        part = adds[first : first + PER_ACTION]
        schema = delta_schema(LEDGER)
        ledger.create_write_transaction(part, mode="append", schema=schema, partition_by=list(PARTITIONS))
    lake.make(LEDGER).create_checkpoint()
    return lake


def open_large(place: str) -> dict[str, float]:
    """Processor seconds to open a ledger for a day, then for the days of all, and the peak memory."""
    lake, begin = open_lake(place), time.process_time()
    snapshot = open_snapshot(lake, START, START + timedelta(days=1))
    opened = time.process_time()
    assert snapshot is not None
    assert len(snapshot.hours) == 24 * len(SATELLITES)
    assert ledger_days(lake).num_rows == -(-FILES // 3 // 24)
    return {"day_s": opened - begin, "days_s": time.process_time() - opened, "peak_mb": peak_mb()}


def large_logs(place: Path, every_column: bool) -> None:
    """The log of eight years."""
    lake = large_log(place, every_column)
    command = [sys.executable, "-m", "benchmarks.lake", "open", lake.describe()]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, cwd=ROOT)
    found = json.loads(done.stdout)
    say(f"a day of a log of {FILES:,} files", found["day_s"], 3, "s")
    say("  all its days", found["days_s"], 3, "s")
    say("  peak memory", found["peak_mb"], 500, "MB")


def workers(place: Path) -> None:
    """Hours a minute of one worker and of two, granules in a folder."""
    from distributed import LocalCluster

    from lightning_eda.fleet.hour import HourTask, do_hour
    from lightning_eda.fleet.workers import each_done

    tiers = ("flash", "group", "event")
    for number in range(FLEET_HOURS):
        hour = START + timedelta(hours=number)
        activity = Activity(flashes_per_granule=31.0)
        simulate_hour(place / "sky", "G16", hour, number, granules=FLEET_GRANULES, activity=activity)
    rate = {}
    for number in (1, 2):
        lake = open_lake(f"{place}/fleet{number}")
        store = FolderStore(place / "sky")
        tasks = {
            f"{hour:%H}": HourTask(hour, "sky", store, "GLM-L2-LCFA", tiers, (), 16, lake, {}, START)
            for hour in (START + timedelta(hours=n) for n in range(FLEET_HOURS))
        }
        with LocalCluster(n_workers=number, threads_per_worker=1, dashboard_address=None) as cluster:
            first = dict(list(tasks.items())[:number])
            list(each_done(cluster.scheduler_address, do_hour, first))  # imports, starts
            begin = time.perf_counter()
            done = dict(each_done(cluster.scheduler_address, do_hour, tasks))
            rate[number] = 60 * len(done) / (time.perf_counter() - begin)
    print(f"  hours a minute: 1 worker {rate[1]:.1f}, 2 workers {rate[2]:.1f}", end="")
    print(f"  {rate[2] / rate[1]:.2f} x, bar 1.7 x")


def main() -> None:
    """Commits and the log of eight years, or what is asked for."""
    with tempfile.TemporaryDirectory(prefix="lightning-eda-") as folder:
        place = Path(folder)
        if sys.argv[1:] == ["workers"]:
            workers(place)
        elif sys.argv[1:] == ["every"]:
            large_logs(place, every_column=True)
        else:
            commits(place)
            large_logs(place, every_column=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["open"]:
        print(json.dumps(open_large(sys.argv[2])))
    else:
        main()

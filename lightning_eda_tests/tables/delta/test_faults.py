"""A Delta table under faults: a reader by its log finds all old rows or all new ones, at every moment."""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lightning_eda.errors import LightningEdaError
from lightning_eda.storage.backoff import Backoff
from lightning_eda.tables.delta import commit
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket
from lightning_eda_tests.tables.delta.reader import delta_rows
from lightning_eda_tests.tables.load.children import LoadChild
from lightning_eda_tests.tables.world import DAY, PATH, World

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

OLD, NEW = Counter(old=2), Counter(new=3)
OLD_CSV = "id,name\n1,old\n2,old\n"
NEW_CSV = "id,name,extra\n1,new,x\n2,new,y\n3,new,z\n"


def each_of(kind: str) -> list[Any]:
    """Every eighth request in CI; every one, which takes minutes, where that is asked for."""
    return [pytest.param(kind, 8, marks=pytest.mark.slow), pytest.param(kind, 1, marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def child() -> Iterator[LoadChild]:
    """A process that forks loads."""
    with LoadChild() as process:
        yield process


@pytest.fixture
def through(world: World, proxy: FaultyProxy) -> Iterator[World]:
    """The same bucket and catalogue, whose loads go through a proxy."""
    facts = {"database": world.database, "is_new": False, "table_format": "delta", "patience_s": 30}
    found = World(world.bucket, world.scratch, proxy.endpoint_url, loads=50, **facts)
    yield found
    found.close()


def names(bucket: S3Bucket) -> Counter[str]:
    """Names in the rows that the log names."""
    return Counter(row["name"] for row in delta_rows(bucket))


def set_scene(world: World, through: World, proxy: FaultyProxy) -> None:
    """Old rows, and the new CSV waiting."""
    proxy.faults, proxy.before, proxy.after = Faults(), None, None
    for key in world.keys(PATH):
        world.bucket.delete(key)
    for table in world.glue.get_tables(DatabaseName=world.database)["TableList"]:
        world.glue.delete_table(DatabaseName=world.database, Name=table["Name"])
    world.put_csv(OLD_CSV)
    world.load()
    world.put_csv(NEW_CSV)
    through.loads += 1
    proxy.forget()


def requests_of(world: World, through: World, proxy: FaultyProxy) -> int:
    """How many requests a load makes when nothing fails; a reader looks after each."""
    set_scene(world, through, proxy)
    seen: list[Counter[str]] = []
    proxy.after = lambda _: seen.append(names(world.bucket))
    through.load()
    assert len(seen) > 15
    assert [rows for rows in seen if rows not in (OLD, NEW)] == []
    assert seen.index(NEW) == len(seen) - seen.count(NEW)  # the old never come back
    return len(proxy.seen)


@pytest.mark.parametrize(("moment", "step"), [("after", 8), *each_of("before"), *each_of("after")[1:]])
def test_killed_at_any_request_a_reader_has_old_or_new_rows(
    world: World, through: World, proxy: FaultyProxy, child: LoadChild, moment: str, step: int
) -> None:
    """A real process, killed with -9 before or after the server does what it asked for; a rerun mends all."""
    for number in range(1, requests_of(world, through, proxy) + 1, step):
        set_scene(world, through, proxy)

        def kill(_: str, number: int = number) -> None:
            if len(proxy.seen) >= number:  # delta-rs asks several at once
                child.kill()

        setattr(proxy, moment, kill)
        assert child.load(through) == -signal.SIGKILL, number
        proxy.before = proxy.after = None
        assert names(world.bucket) in (OLD, NEW), number
        world.loads = 200 + number
        assert world.load().rows == 3
        assert names(world.bucket) == NEW
        assert set(world.columns()) == {"id", "name", "extra"}


@pytest.mark.parametrize(("kind", "step"), [*each_of("denied"), *each_of("error"), *each_of("lost")])
def test_a_fault_at_any_request_leaves_old_or_new_rows(
    world: World, through: World, proxy: FaultyProxy, kind: str, step: int
) -> None:
    """Refused, failing for good from there on, or done and its answer lost: which is not noticed at all."""
    for number in range(1, requests_of(world, through, proxy) + 1, step):
        set_scene(world, through, proxy)
        last = 10**6 if kind == "error" else number + 1
        proxy.faults = Faults(share=1, kinds=(kind,), at=range(number, last))
        try:
            through.load()
            expected = [NEW]
        except LightningEdaError:
            assert kind != "lost", number
            expected = [OLD, NEW] if kind == "error" else [OLD]
        assert names(world.bucket) in expected, number
        proxy.faults = Faults()
        world.loads = 200 + number
        assert world.load().rows == 3
        assert names(world.bucket) == NEW


def test_files_of_a_load_that_failed_are_gone(world: World, through: World, proxy: FaultyProxy) -> None:
    """Written, and then found to be no longer readable: none is left for a vacuum."""
    world.put_csv(OLD_CSV)
    proxy.faults = Faults(share=1, kinds=("denied",), only=r"(GET|HEAD) .*day=.*\.parquet")
    with pytest.raises(LightningEdaError):
        through.load()
    assert any(seen.method == "PUT" and "day=" in seen.path for seen in proxy.seen)
    assert world.keys(f"{PATH}day=") == []


def test_glue_hears_of_a_column_when_the_table_has_it(
    world: World, through: World, proxy: FaultyProxy
) -> None:
    """Where the log cannot be written, Glue names no column that no file or log has."""
    set_scene(world, through, proxy)
    proxy.faults = Faults(share=1, kinds=("denied",), only=r"PUT .*_delta_log/0")
    with pytest.raises(LightningEdaError):
        through.load()
    assert any(seen.fault for seen in proxy.seen)
    assert set(world.columns()) == {"id", "name"}


def test_a_commit_whose_log_cannot_be_read_afterwards_is_made(
    world: World, through: World, proxy: FaultyProxy
) -> None:
    """delta-rs reads the log once more after a commit: when that is refused, the load is done."""
    world.put_csv(OLD_CSV)

    def refuse(target: str) -> None:
        if proxy.seen[-1].method == "PUT" and "_delta_log/00000000000000000001.json" in target:
            number = len(proxy.seen) + 1
            proxy.faults = Faults(share=1, kinds=("denied",), at=range(number, number + 1))

    proxy.after = refuse
    assert through.load().rows == 2
    assert any(seen.fault for seen in proxy.seen)
    assert names(world.bucket) == OLD


def test_of_two_writers_of_a_day_one_wins_whole(
    world: World, through: World, proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other commits between the look of the first and its commit: the newer run's rows stay, once."""
    world.put_csv("id,name\n1,old\n2,old\n")
    slow = threading.Event()

    def overtake(target: str) -> None:
        if "_delta_log/00000000000000000001.json" in target and not slow.is_set():
            slow.set()
            world.put_csv("id,name\n1,new\n2,new\n3,new\n")
            world.loads = 100
            world.load()

    proxy.before = overtake
    waits: list[float] = []
    monkeypatch.setattr(commit, "tries_of_commit", lambda most: Backoff(most, sleep=waits.append))
    done = through.load()
    assert slow.is_set()
    assert len(waits) == 1  # before it looked again
    assert names(world.bucket) == NEW
    assert (done.rows, done.unchanged) == (3, True)  # it looked again, and found the newer version loaded
    assert len([key for key in world.keys(f"{PATH}day=") if key.endswith(".parquet")]) == 1


@pytest.mark.slow
def test_many_writers_at_once_lose_nothing(world: World) -> None:
    """Six processes' worth of loads: three of one day, three of days of their own; each whole, none twice."""
    days = [DAY, DAY, DAY, "20240102", "20240103", "20240104"]
    worlds = [
        World(world.bucket, world.scratch / str(number), database=world.database, is_new=False, loads=number,
              table_format="delta")
        for number, _ in enumerate(days)
    ]  # fmt: skip
    for day in set(days):
        world.put_csv("id,name\n" + "1,x\n" * 5, day)

    def load(number: int) -> int:
        return worlds[number].load(days[number]).rows

    with ThreadPoolExecutor(len(days)) as pool:
        list(pool.map(load, range(len(days))))
    assert Counter(row["day"] for row in delta_rows(world.bucket)) == dict.fromkeys(set(days), 5)
    for one in worlds:
        one.close()


@pytest.mark.slow
def test_case_24_a_polling_reader_finds_one_version_at_every_moment(world: World, tmp_path: Path) -> None:
    """30 replacements and 30 reads at the least: no error, no mixture, always the rows of one version."""
    world.put_csv("id,name\n" + "1,v0\n" * 100)
    world.load()
    versions = [Counter({"v0": 100})]
    done = threading.Event()
    found: list[Counter[str]] = []

    def poll() -> None:
        while not done.is_set():
            found.append(names(world.bucket))

    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(poll)
        try:
            while len(versions) <= 30 or (len(found) <= 30 and not polling.done()):
                number = len(versions)
                versions.append(Counter({f"v{number}": 100 + number}))
                world.put_csv("id,name\n" + f"1,v{number}\n" * (100 + number))
                world.load()
        finally:
            done.set()
        polling.result()
    assert [rows for rows in found if rows not in versions] == []

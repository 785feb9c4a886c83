"""Work that is given to a cluster: done, done again, failed alone, or named when all is lost."""

import os
import signal
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from lightning_eda.errors import FleetError, FleetLostError, SeriesError, SettingError
from lightning_eda.fleet import workers
from lightning_eda.fleet.workers import each_done
from lightning_eda_tests.fleet.cluster import Cluster
from lightning_eda_tests.servers.s3 import free_port


def double(number: int) -> int:
    return 2 * number


def nothing(number: int) -> None:
    """Its result is no sign of a death."""


def fail(number: int) -> int:
    if number == 1:
        raise SeriesError("one of ours")
    if number == 2:
        raise ValueError("not one of ours\n")
    return number


def die_at_first(place: str) -> str:
    """Kills its worker the first time, and is done the second."""
    mark = Path(place)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def always_die(number: int) -> int:
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_or_take_long(number: int) -> int:
    time.sleep(0.3 + number)
    return always_die(number)


def sleep_long(number: int) -> int:
    time.sleep(60)
    return number


@pytest.mark.slow
def test_results_and_failures_come_by_name(tmp_path: Path) -> None:
    """A task that fails fails alone, in words that name what it was."""
    with Cluster.start(tmp_path, workers=2) as cluster:
        assert dict(each_done(cluster.address, double, {"a": 1, "b": 2})) == {"a": 2, "b": 4}
        assert dict(each_done(cluster.address, nothing, {"a": 1, "b": 2})) == {"a": None, "b": None}
        done = dict(each_done(cluster.address, fail, {"zero": 0, "one": 1, "two": 2}))
    assert done["zero"] == 0
    assert isinstance(done["one"], SeriesError)
    assert str(done["one"]) == "one of ours"
    assert str(done["two"]) == "a worker failed with ValueError: not one of ours\\n"


@pytest.mark.slow
def test_a_dead_worker_costs_time_and_a_hopeless_task_itself(tmp_path: Path) -> None:
    """What a killed worker was at is done by another; what kills each worker fails, and the rest is done."""
    with Cluster.start(tmp_path, workers=2) as cluster:
        marks = {name: str(tmp_path / name) for name in ("first",)}
        assert dict(each_done(cluster.address, die_at_first, marks)) == {"first": "done"}
        for _ in range(4):
            cluster.add_worker()
        done = dict(each_done(cluster.address, always_die, {"bad": 0, "good": 1, "better": 2}))
    assert (done["good"], done["better"]) == (1, 2)
    assert "each worker that tried it died" in str(done["bad"])


@pytest.mark.slow
def test_what_shared_a_worker_with_a_hopeless_task_is_done(tmp_path: Path) -> None:
    """Dask blames all that a dead worker was at, here two tasks; each worker that dies is replaced."""
    with Cluster.start(tmp_path, workers=1, threads=2) as cluster:
        ended = Event()

        def replace_the_dead() -> None:
            while cluster.workers[-1].wait() and not ended.is_set():
                cluster.add_worker()

        Thread(target=replace_the_dead, daemon=True).start()
        done = dict(each_done(cluster.address, die_or_take_long, {"bad": 0, "good": 1}))
        ended.set()
    assert done["good"] == 1
    assert "each worker that tried it died" in str(done["bad"])


@pytest.mark.slow
def test_a_scheduler_that_dies_before_tasks_are_tried_alone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two shared the three workers that died, no other comes, and then the scheduler goes too."""
    monkeypatch.setattr(workers, "CONNECT_TIMEOUT_S", 5)
    with Cluster.start(tmp_path, workers=1, threads=2) as cluster:

        def replace_twice_and_kill() -> None:
            for _ in range(2):
                cluster.workers[-1].wait()
                cluster.add_worker()
            cluster.workers[-1].wait()
            time.sleep(1)  # until the client waits for another worker
            cluster.scheduler.kill()

        killer = Thread(target=replace_twice_and_kill)
        killer.start()
        with pytest.raises(FleetLostError, match="2 were not done: bad, good"):
            list(each_done(cluster.address, die_or_take_long, {"bad": 0, "good": 1}))
        killer.join()


@pytest.mark.slow
def test_a_dead_scheduler_is_told_with_what_is_not_done(tmp_path: Path) -> None:
    """By name, and worth another try."""
    with Cluster.start(tmp_path, workers=1) as cluster:
        tasks = {"2024-07-01T00Z": 1, "2024-07-01T01Z": 2}
        work = each_done(cluster.address, sleep_long, tasks)
        killer = Thread(target=lambda: (cluster.busy_worker(), cluster.scheduler.kill()))
        killer.start()
        with pytest.raises(
            FleetLostError, match=r"2 were not done: 2024-07-01T00Z, 2024-07-01T01Z"
        ) as caught:
            list(work)
        killer.join()
    assert caught.value.retryable


def test_no_scheduler_is_told_with_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the variable that names it."""
    monkeypatch.setattr(workers, "CONNECT_TIMEOUT_S", 1)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(FleetError, match=f"no Dask scheduler answers at {address}.*DASK_SCHEDULER"):
        list(each_done(address, double, {"a": 1}))
    with pytest.raises(SettingError, match="DASK_SCHEDULER: found 'gopher://x'"):
        list(each_done("gopher://x", double, {"a": 1}))

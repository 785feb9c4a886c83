"""Every request of a load fails in turn, in every way; a reader looks at the dataset after each of them.

The reader is asked after every request that the server has answered, so no state of the dataset is missed.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import boto3
import duckdb
import pytest

from lightning_eda.errors import AccessDeniedError
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Server
from lightning_eda_tests.support.examples import each_request_in_turn
from lightning_eda_tests.tables.dataset.scene import NEW, OLD, PARTITION, SCENES, Scene
from lightning_eda_tests.tables.load.children import LoadChild
from lightning_eda_tests.tables.world import World

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[FaultyProxy]:
    with FaultyProxy(s3_server.endpoint_url) as running:
        yield running


@pytest.fixture
def scene(s3_bucket, proxy: FaultyProxy, tmp_path: Path, request) -> Iterator[Scene]:
    world = World(s3_bucket, tmp_path / "scratch", proxy.endpoint_url)
    yield Scene(world, proxy, getattr(request, "param", "wider"))
    world.close()


@pytest.fixture(scope="module")
def child() -> Iterator[LoadChild]:
    """A process that forks loads."""
    with LoadChild() as process:
        yield process


def requests_of(scene: Scene) -> int:
    """How many requests a load makes when nothing fails."""
    scene.reset()
    assert scene.try_load() is None
    assert scene.rows() == NEW
    return len(scene.proxy.seen)


@pytest.mark.parametrize("scene", SCENES, indirect=True)
def test_without_a_fault_old_rows_become_new_ones(scene: Scene):
    """The reader looks after each request."""
    count = requests_of(scene)
    assert scene.looks > count > 10
    scene.check_repaired()
    assert scene.world.load().unchanged


@each_request_in_turn(1, "scene,kind", ("wider", "lost"), ("first", "lost"), ("wider", "throttle"))
def test_a_fault_that_passes_is_not_noticed(scene: Scene, step: int, kind: str):
    """Whichever request it hits: refused, lost on the way there, or done and its answer lost."""
    for number in range(1, requests_of(scene) + 1, step):
        scene.reset()
        scene.proxy.faults = Faults(share=1, kinds=(kind,), at=range(number, number + 1))
        assert scene.try_load() is None, number
        assert scene.rows() == NEW, number
    scene.check_repaired()


@each_request_in_turn(2, "scene", ("first",), ("wider",))
def test_a_refused_request_leaves_the_old_rows_or_the_new(scene: Scene, step: int):
    """403 at each request in turn; only once new rows are in place can both be seen after it."""
    for number in range(1, requests_of(scene) + 1, step):
        scene.reset()
        scene.proxy.faults = Faults(share=1, kinds=("denied",), at=range(number, number + 1))
        error = scene.try_load()
        assert error is not None, number
        if "the new rows are in place" in str(error):
            assert scene.rows() == OLD + NEW, number
        elif scene.name == "first":
            assert scene.rows() in (Counter(), NEW), number
        else:
            assert isinstance(error, AccessDeniedError), number
            assert scene.rows() == OLD, number
        scene.check_repaired()


@each_request_in_turn(2, "scene", ("first",), ("wider",))
def test_a_server_that_fails_for_good_from_some_request_on_loses_nothing(scene: Scene, step: int):
    """Not even the new object can be taken back then; the next run does it."""
    for number in range(1, requests_of(scene) + 1, step):
        scene.reset()
        scene.proxy.faults = Faults(share=1, kinds=("error",), at=range(number, 10**6))
        error = scene.try_load()
        assert error is not None, number
        assert error.retryable, number
        scene.check_repaired()


def test_deleting_that_is_not_allowed_shows_before_anything_is_there_twice(scene: Scene):
    """Without the right to delete no load could ever take away old rows."""
    scene.reset()
    scene.proxy.faults = Faults(share=1, kinds=("denied",), only="^DELETE ")
    error = scene.try_load()
    assert isinstance(error, AccessDeniedError)
    assert scene.rows() == OLD
    assert not any(seen.method == "PUT" for seen in scene.proxy.seen)
    scene.check_repaired()


@each_request_in_turn(1, "scene,moment", ("wider", "after"), ("first", "after"), ("wider", "before"))
def test_killed_at_any_request_nothing_is_lost(scene: Scene, step: int, child: LoadChild, moment: str):
    """A real process, killed with -9 before or after the server does what it asked for."""
    for number in range(1, requests_of(scene) + 1, step):
        scene.reset()

        def kill(_: str, number: int = number) -> None:
            if len(scene.proxy.seen) == number:
                child.kill()

        setattr(scene.proxy, moment, kill)
        assert child.load(scene.world) == -signal.SIGKILL, number
        scene.proxy.before = scene.proxy.after = None
        scene.look()
        scene.world.loads = 200 + number
        scene.check_repaired()


@pytest.mark.slow
def test_a_polling_reader_always_finds_rows(scene: Scene, tmp_path: Path):
    """DuckDB over the files that a plain listing shows, once before each request of the load at the least."""
    scene.reset()
    client = boto3.session.Session("test", "test", region_name="us-east-1").client(
        "s3", endpoint_url=scene.world.bucket.endpoint_url
    )
    done = threading.Event()
    found: list[dict[str, int]] = []

    def poll() -> None:
        while not done.is_set():
            listing = client.list_objects_v2(Bucket=scene.world.bucket.name, Prefix=PARTITION)
            paths = []
            try:
                for entry in listing.get("Contents", []):
                    path = tmp_path / entry["Key"].rpartition("/")[2]
                    if not path.exists():
                        client.download_file(scene.world.bucket.name, entry["Key"], str(path))
                    paths.append(str(path))
            except client.exceptions.ClientError:
                continue  # deleted since it was listed: what any reader does is to list again
            rows = duckdb.connect().execute(
                "SELECT name, count(*) FROM read_parquet(?, union_by_name = true) GROUP BY name", [paths]
            )
            found.append(dict(rows.fetchall()))

    def wait_for_a_poll(_: str) -> None:
        already = len(found)
        while len(found) == already and reader.is_alive():
            time.sleep(0.002)

    reader = threading.Thread(target=poll)
    reader.start()
    scene.proxy.before = wait_for_a_poll
    try:
        scene.world.load()
    finally:
        scene.proxy.before = None
        done.set()
        reader.join()
        client.close()
    assert len(found) > 10
    assert all(Counter(rows) in (OLD, NEW, OLD + NEW) for rows in found)
    assert Counter(found[0]) == OLD
    scene.check_repaired()

"""A large file goes up in parts while the CSV is being read; until all is there readers see none of it."""

import io
import re
import signal
from collections.abc import Iterator

import numpy as np
import pyarrow.parquet as pq
import pytest

from lightning_eda.errors import AccessDeniedError, LightningEdaError, SchemaChangedError, TransferError
from lightning_eda.storage.s3 import multipart as s3_multipart
from lightning_eda.tables.dataset import sink as parquet_sink
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket
from lightning_eda_tests.tables.load.children import LoadChild
from lightning_eda_tests.tables.world import DAY, PATH, World

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

ROWS = 1_400_000
OLD = "value\n0.5\n"
PARTITION = f"{PATH}day={DAY}/"


@pytest.fixture(scope="module")
def large_csv() -> bytes:
    """Numbers that do not compress: 11 MB as Parquet, two parts of the least size S3 takes and a rest."""
    values = np.random.default_rng(3).random(ROWS).round(9)
    return b"value\n" + b"\n".join(b"%.9f" % value for value in values.tolist()) + b"\n"


@pytest.fixture
def world(s3_bucket: S3Bucket, proxy: FaultyProxy, tmp_path, monkeypatch) -> Iterator[World]:
    """A partition with an old row, small parts, and loads through the proxy."""
    monkeypatch.setattr(s3_multipart, "ONE_REQUEST_BYTES", 6 * 2**20)
    monkeypatch.setattr(s3_multipart, "PART_BYTES", 5 * 2**20)
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", 2**20)
    world = World(s3_bucket, tmp_path / "scratch", proxy.endpoint_url)
    world.put_csv(OLD)
    world.load()
    proxy.forget()
    yield world
    world.close()


def parts_of(proxy: FaultyProxy) -> list[int]:
    """The numbers of the parts that went up, in the order they came."""
    found = (re.search(r"partNumber=(\d+)", seen.query) for seen in proxy.seen)
    return [int(match[1]) for match in found if match]


def holds_only_the_old_row(world: World) -> bool:
    """What readers see, and that no parts are left that nobody sees."""
    return world.rows() == world.glue_rows() == [{"value": 0.5}] and not pending(world)


def pending(world: World) -> list[object]:
    """The uploads that are neither finished nor thrown away, and of which there is a part.

    One whose beginning was answered to nobody is known to nobody; it holds nothing and costs nothing.
    """
    client, bucket = world.bucket.client, world.bucket.name
    begun = client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    parts = (client.list_parts(Bucket=bucket, Key=one["Key"], UploadId=one["UploadId"]) for one in begun)
    return [part for one in parts for part in one.get("Parts", [])[:1]]


def test_it_becomes_one_object_of_several_parts(world: World, proxy: FaultyProxy, large_csv: bytes):
    """The old object goes when all of it is there, and every value arrives."""
    world.put_csv(large_csv)
    result = world.load()
    assert sorted(parts_of(proxy)) == [1, 2, 3]
    (key,) = world.keys(PARTITION)
    assert (result.files, result.rows) == ((key,), ROWS)
    found = pq.read_table(io.BytesIO(world.read(key)))["value"].to_numpy()
    assert np.array_equal(found, np.array(large_csv.split()[1:], dtype=float))
    assert world.store().stat_object(key).metadata["source"] == f"in/{DAY}/rows.csv"
    assert world.load().unchanged


def test_a_bad_row_at_the_end_throws_the_parts_away(world: World, proxy: FaultyProxy, large_csv: bytes):
    """Parts went up before the end of the CSV was read; nothing of them stays."""
    world.put_csv(large_csv + b"1,2\n")
    with pytest.raises(SchemaChangedError, match=f"line {ROWS + 2}, column 'value': '1,2' is not double"):
        world.load()
    assert 1 in parts_of(proxy)
    assert holds_only_the_old_row(world)


def test_a_widening_at_the_end_sends_the_parts_anew(world: World, proxy: FaultyProxy, large_csv: bytes):
    """The first reading's parts are of the wrong type."""
    world.glue.delete_table(DatabaseName=world.database, Name="measured")  # else the type is the table's
    world.put_csv(large_csv + b"text\n")
    result = world.load()
    assert parts_of(proxy).count(1) == 2
    assert result.columns == {"value": "string"}
    (key,) = world.keys(PARTITION)
    found = pq.read_table(io.BytesIO(world.read(key)))["value"].to_pylist()
    assert [text.encode() for text in found] == [*large_csv.split()[1:], b"text"]
    assert not pending(world)


@pytest.mark.parametrize(
    ("kind", "only", "error"),
    [
        ("denied", "^POST .*uploads", AccessDeniedError),
        pytest.param("denied", "partNumber=1", AccessDeniedError, marks=pytest.mark.slow),
        ("error", "partNumber=2", TransferError),
        pytest.param("denied", "^POST .*uploadId", AccessDeniedError, marks=pytest.mark.slow),
        ("error", "^POST .*uploadId", TransferError),
    ],
)
def test_parts_that_cannot_arrive_leave_the_old_rows(
    world: World, proxy: FaultyProxy, large_csv: bytes, kind: str, only: str, error: type[LightningEdaError]
):
    """The beginning, a part or the completion fails for good; the next run makes it good."""
    world.put_csv(large_csv)
    proxy.faults = Faults(share=1, kinds=(kind,), only=only)
    with pytest.raises(error, match=f"cannot write s3://{world.bucket.name}/{PARTITION}"):
        world.load()
    assert any(seen.fault for seen in proxy.seen)
    assert holds_only_the_old_row(world)
    proxy.faults = Faults()
    assert world.load().rows == ROWS
    assert len(world.keys(PARTITION)) == 1


@pytest.mark.parametrize("first", [4, *(pytest.param(at, marks=pytest.mark.slow) for at in (6, 8, 10))])
@pytest.mark.parametrize("kind", ["throttle", "lost"])
def test_parts_that_fail_for_a_while_arrive(
    world: World, proxy: FaultyProxy, large_csv: bytes, kind: str, first: int
):
    """Two requests in a row fail: the beginning, parts, the completion or what follows it."""
    world.put_csv(large_csv)
    proxy.faults = Faults(share=1, kinds=(kind,), at=range(first, first + 2))
    assert world.load().rows == ROWS
    assert any(seen.fault for seen in proxy.seen)
    (key,) = world.keys(PARTITION)
    assert pq.read_metadata(io.BytesIO(world.read(key))).num_rows == ROWS
    assert not pending(world)


@pytest.mark.slow
def test_a_kill_between_the_parts_leaves_the_old_rows(world: World, proxy: FaultyProxy, large_csv: bytes):
    """A real process, killed with -9; the next run is not disturbed by the parts that arrived."""
    world.put_csv(large_csv)
    with LoadChild("small parts") as child:
        proxy.before = lambda target: child.kill() if "partNumber=3" in target else None
        assert child.load(world) == -signal.SIGKILL
    proxy.before = None
    assert world.rows() == world.glue_rows() == [{"value": 0.5}]
    assert len(pending(world)) == 1
    world.loads = 200
    assert world.load().rows == ROWS
    assert len(world.keys(PARTITION)) == 1

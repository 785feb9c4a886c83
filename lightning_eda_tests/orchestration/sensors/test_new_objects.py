"""The sensors on S3 prefixes, tick by tick, on a real S3 server where S3 matters."""

import time
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from lightning_eda.jobs import jobs
from lightning_eda.partitions import FIRST_DAY
from lightning_eda.resources import DistancesResource
from lightning_eda.sensors import build_sensors
from lightning_eda.sensors.new_objects import MOST_DAYS
from lightning_eda.settings import CsvSettings, DistanceSettings, Settings
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda_tests.orchestration.sensors.ticks import Ticks

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

NOON = datetime(2024, 1, 9, 12, tzinfo=UTC)


@pytest.fixture
def credentials(monkeypatch):
    """Made-up ones, as the bucket is read signed."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def distances(tmp_path, s3_bucket, credentials):
    """The sensor on INPUT_FOLDER of a bucket."""
    settings = DistanceSettings(bucket=s3_bucket.name, input_folder="in", output_folder="out")
    return Ticks(
        Settings(data_dir=str(tmp_path / "data"), s3_endpoint_url=s3_bucket.endpoint_url, distances=settings),
        "distance_objects",
    )


@pytest.fixture
def tables(tmp_path, s3_bucket, credentials):
    """The sensor on CSV_PREFIX of a bucket."""
    csv = CsvSettings(
        bucket_src=s3_bucket.name, prefix="in", substr="sales", pathoutput="s3://lake/sales", table="sales"
    )
    return Ticks(
        Settings(data_dir=str(tmp_path / "data"), s3_endpoint_url=s3_bucket.endpoint_url, csv=csv),
        "csv_objects",
    )


def key(day: str, name: str = "a.csv.gz") -> str:
    return f"in/day={day}/{name}"


def test_a_new_object_asks_for_its_day_once(distances, s3_bucket):
    """With a key of its own and the number of new objects as a tag; then there is nothing to ask."""
    s3_bucket.put(key("2024-01-09"), b"a,b,1\n")
    s3_bucket.put(key("2024-01-09", "b.csv.gz"), b"b,c,1\n")
    (request,) = distances.tick().run_requests
    assert request.partition_key == "2024-01-09"
    assert request.run_key.startswith("2024-01-09:")
    assert request.tags == {"lightning_eda/new_objects": "2"}
    result = distances.tick()
    assert not result.run_requests
    assert "nothing new under s3://" in result.skip_reason.skip_message


def test_what_is_no_input_is_passed_over(distances, s3_bucket):
    """Folder markers, empty objects, other folders, days that are none, and the output."""
    for name in (
        "in/",
        "in/day=2024-01-09/",
        "in/day=2024-02-30/a.csv.gz",
        "in/day=2024-01/a.csv.gz",
        "in/readme.txt",
        "inn/day=2024-01-09/a.csv.gz",
        "out/day=2024-01-09/clusters.csv.gz",
    ):
        s3_bucket.put(name, b"x")
    s3_bucket.put(key("2024-01-09"), b"")
    assert distances.partitions() == []
    s3_bucket.put(key("2024-01-09"), b"no more empty")
    assert distances.partitions() == ["2024-01-09"]


def test_versions_on_a_real_server(distances, s3_bucket):
    """The same bytes again: nothing. Others: once. The first ones again: once more. Gone: nothing."""
    keys = []
    for body, asked in ((b"A", 1), (b"A", 0), (b"B", 1)):
        s3_bucket.put(key("2024-01-09"), body)
        found = distances.run_keys()
        assert len(found) == asked
        keys += found
    wait_for_the_next_second()  # S3 tells times in whole seconds
    s3_bucket.put(key("2024-01-09"), b"A")
    keys += distances.run_keys()
    assert len(set(keys)) == len(keys) == 3
    s3_bucket.delete(key("2024-01-09"))
    assert distances.run_keys() == []
    wait_for_the_next_second()
    s3_bucket.put(key("2024-01-09"), b"A")
    assert len(set(keys + distances.run_keys())) == 4


def wait_for_the_next_second() -> None:
    time.sleep(1 - time.time() % 1 + 0.01)


def test_two_uploads_of_one_second_with_a_tick_between(distances, s3_bucket):
    """Neither hides the other, whichever name sorts first."""
    s3_bucket.put(key("2024-01-09", "m.csv.gz"), b"m")
    assert distances.partitions() == ["2024-01-09"]
    s3_bucket.put(key("2024-01-09", "a.csv.gz"), b"a")
    s3_bucket.put(key("2024-01-08"), b"an older day")
    assert distances.partitions() == ["2024-01-08", "2024-01-09"]
    assert distances.partitions() == []


def test_a_tick_that_died_is_repeated_with_the_same_keys(distances, s3_bucket):
    """So the daemon, which remembers them, starts nothing twice; and nothing is lost."""
    s3_bucket.put(key("2024-01-08"), b"a")
    distances.tick()
    s3_bucket.put(key("2024-01-09"), b"b")
    first = distances.run_keys(keep_cursor=False)
    assert distances.run_keys(keep_cursor=False) == first
    assert distances.run_keys() == first
    assert distances.run_keys() == []


def test_a_lost_memory_is_told_and_asks_with_the_same_keys(distances, s3_bucket, tmp_path, capsys):
    """The daemon leaves out what it was asked for before."""
    s3_bucket.put(key("2024-01-08"), b"a")
    s3_bucket.put(key("2024-01-09"), b"b")
    before = distances.run_keys()
    for path in (tmp_path / "data/sensors/distance_objects").iterdir():
        path.unlink()
    assert distances.run_keys() == before
    assert "what this sensor has seen is not in" in capsys.readouterr().err
    assert distances.run_keys() == []


def test_many_days_are_asked_for_in_portions(distances, s3_bucket):
    """The oldest first, each once."""
    days = [f"{date(2024, 1, 1) + timedelta(days=number)}" for number in range(MOST_DAYS + 3)]
    for day in days:
        s3_bucket.put(key(day), b"x")
    assert distances.partitions() == days[:MOST_DAYS]
    assert distances.partitions() == days[MOST_DAYS:]
    assert distances.partitions() == []


def test_days_outside_the_partitions_are_named_once(distances, s3_bucket, capsys):
    """Today is inside; a day to come, and one before the first, are not."""
    today = datetime.now(UTC).date()
    early = date.fromisoformat(FIRST_DAY) - timedelta(days=1)
    late = today + timedelta(days=3)
    for day in (early, today, late):
        s3_bucket.put(key(str(day)), b"x")
    assert distances.partitions() == [str(today)]
    told = capsys.readouterr().err
    assert key(str(early)) in told and key(str(late)) in told
    assert distances.partitions() == []
    assert "not asked for" not in capsys.readouterr().err


def test_a_bucket_that_is_not_there_makes_the_tick_red(distances, s3_bucket):
    """With one sentence that names the variable; what was known stays."""
    s3_bucket.put(key("2024-01-09"), b"x")
    distances.tick()
    known = distances.cursor
    s3_bucket.delete(key("2024-01-09"))
    s3_bucket.client.delete_bucket(Bucket=s3_bucket.name)
    with pytest.raises(dg.Failure) as failure:
        distances.tick()
    assert s3_bucket.name in failure.value.description and "BUCKET" in failure.value.description
    assert "\n" not in failure.value.description
    assert distances.cursor == known
    s3_bucket.client.create_bucket(Bucket=s3_bucket.name)
    assert distances.partitions() == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("distance_objects", "BUCKET, INPUT_FOLDER, OUTPUT_FOLDER are not set"),
        ("csv_objects", "CSV_BUCKET_SRC, CSV_PREFIX, CSV_PATHOUTPUT, CSV_BUCKET_DSTN are not set"),
    ],
)
def test_settings_that_are_missing_are_named(tmp_path, name, words):
    """The tick is skipped, not red: a stranger may not want this pipeline."""
    result = Ticks(Settings(data_dir=str(tmp_path)), name).tick()
    assert isinstance(result, dg.SkipReason)
    assert words in result.skip_message


def test_csvs_ask_for_the_day_in_their_key(tables, s3_bucket):
    """With or without a slash after the day; others, and other names, do not."""
    s3_bucket.put("in/20240101/sales.csv", b"x")
    s3_bucket.put("in/20240102_sales.zip", b"x")
    for other in (
        "in/20240104/stock.csv",
        "in/20240230/sales.csv",
        "in/sales/20240105.csv",
        "in20240106_sales",
    ):
        s3_bucket.put(other, b"x")
    assert tables.partitions() == ["2024-01-01", "2024-01-02"]
    assert tables.partitions() == []


class Listing:
    """A store that only lists, from memory."""

    def __init__(self, objects: dict[str, ObjectInfo]) -> None:
        self.objects = objects

    def list_objects(self, prefix: str):
        return (info for name, info in sorted(self.objects.items()) if name.startswith(prefix))

    def url(self, name: str) -> str:
        return f"memory://{name}"

    def describe(self) -> str:
        return "memory"


@pytest.mark.parametrize("count", [5_000, pytest.param(25_000, marks=pytest.mark.slow)])
def test_many_objects(tmp_path, count):
    """Their days are asked for in portions; one change among them asks for one day; the cursor is short."""
    first = date(2022, 1, 1)
    objects = {}
    for number in range(count):
        name = key(str(first + timedelta(days=number % 100)), f"{number}.csv.gz")
        objects[name] = ObjectInfo(name, 10, f"{number:032x}", NOON)
    store = Listing(objects)

    class Memory(DistancesResource):
        def store(self):
            return store

    settings = DistanceSettings(bucket="memory", input_folder="in", output_folder="out")
    resource = Memory(bucket="memory", input_folder="in", output_folder="out")
    ticks = Ticks(
        Settings(data_dir=str(tmp_path), distances=settings), "distance_objects", distances=resource
    )
    asked = [day for _ in range(4) for day in ticks.partitions()]
    assert asked == [str(first + timedelta(days=number)) for number in range(100)]
    assert ticks.partitions() == []
    assert len(ticks.cursor) < 60
    name = list(objects)[count // 2]
    objects[name] = ObjectInfo(name, 10, "changed", NOON)
    assert ticks.partitions() == [name[7:17]]
    del objects[name]
    assert ticks.partitions() == []


def test_turned_off_at_first():
    """Nothing is downloaded because this was installed; only failures are told from the start."""
    status = {sensor.name: sensor.default_status for sensor in build_sensors(Settings())}
    off, on = dg.DefaultSensorStatus.STOPPED, dg.DefaultSensorStatus.RUNNING
    healing = {"heal_hours": off, "heal_storms": off}
    assert status == {"distance_objects": off, "csv_objects": off, **healing, "failures": on}


def test_the_jobs_they_ask_for_exist():
    """Each sensor's job is one of those that are defined."""
    targets = {sensor.name: sensor.job_name for sensor in build_sensors(Settings()) if sensor.targets}
    assert targets == {
        "distance_objects": "cluster_distances",
        "csv_objects": "load_table",
        "heal_hours": "lightning",
        "heal_storms": "storms",
    }
    assert set(targets.values()) <= {job.name for job in jobs}

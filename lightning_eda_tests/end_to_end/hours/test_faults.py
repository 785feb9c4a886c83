"""What happens to an hour when processes die, servers fail and disks refuse."""

import re
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from lightning_eda.errors import SeriesError
from lightning_eda.glm.names import hour_prefix
from lightning_eda.glm.transform.hour import read_hour_series
from lightning_eda.series import TABLES
from lightning_eda_tests.end_to_end.hours.ingestion import STEPS, IngestingProcess, Place, is_running
from lightning_eda_tests.servers.s3 import Faults, FaultyProxy, S3Bucket, S3Server
from lightning_eda_tests.support.hours import HOUR, simulate
from lightning_eda_tests.warehouse.contents import content_hash, stored

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]

KEY = "2024-07-01-20:00"
GRANULES = 20
KILLS = 20
KILLS_BEHIND_FAULTS = 4
THIRD_FAILS = Faults(share=1 / 3, slow_s=0.1)


@pytest.fixture(scope="module")
def hour_bucket(s3_server: S3Server, tmp_path_factory) -> S3Bucket:
    """A bucket with small granules, one of them damaged and one inconsistent."""
    bucket = s3_server.new_bucket()
    faults = [("truncated", 3), ("lost_blocks", 7)]
    for path in simulate(tmp_path_factory.mktemp("archive"), granules=GRANULES, faults=faults):
        bucket.put(hour_prefix(HOUR) + path.name, path.read_bytes())
    return bucket


@pytest.fixture(scope="module")
def undisturbed(hour_bucket: S3Bucket, tmp_path_factory) -> tuple[Place, dict[str, float]]:
    """An ingestion nothing happens to, and the seconds of its steps."""
    place = Place(hour_bucket.endpoint_url, hour_bucket.name, tmp_path_factory.mktemp("undisturbed"))
    return place, IngestingProcess(place).finish()


def files(place: Place) -> dict[str, bytes]:
    """Every file under its final name but the records that tell of server and requests."""
    found = (place.root / "data").rglob("*")
    return {
        path.relative_to(place.root).as_posix(): path.read_bytes()
        for path in found
        if path.is_file()
        and not path.name.startswith(".")
        and path.name not in {"extract.json", "series.json"}
    }


def rows(place: Place) -> int:
    """Rows of all tables of the hour."""
    return sum(stored(place.database, table).num_rows for table in TABLES)


def run_again(place: Place) -> None:
    """All steps, in this process."""
    for step in STEPS:
        getattr(place, step)()


def check_partial(left: Place, whole: Place) -> str:
    """What a killed ingestion left must be right as far as it goes; the last step it finished."""
    expected = files(whole)
    for name, data in files(left).items():
        assert expected[name] == data, name
    if left.database.exists() and rows(left):
        assert content_hash(left.database) == content_hash(whole.database)
        return "load"
    try:
        read_hour_series(left.folders)
        return "transform"
    except SeriesError:
        return "extract" if (left.folders.extract / "extract.json").exists() else "nothing"


def kill_and_run_again(place: Place, whole: Place, step: str, wait_s: float) -> str:
    """Kills an ingestion some time after it began a step; what it had finished. A rerun must heal it."""
    ingestion = IngestingProcess(place)
    ingestion.run_to(step)
    time.sleep(wait_s)
    orphans = ingestion.kill()
    finished = check_partial(place, whole)
    run_again(place)  # the killed one's decoder may still be at work
    assert files(place) == files(whole)
    assert content_hash(place.database) == content_hash(whole.database)
    assert {path.name for path in place.database.parent.iterdir()} == {
        "lightning.duckdb",
        "lightning.duckdb.lock",
    }
    deadline = time.monotonic() + 10
    while any(map(is_running, orphans)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_running, orphans)), "the decoder outlived its parent"
    return finished


@pytest.mark.slow
def test_killed_at_any_point_a_rerun_ends_as_if_undisturbed(tmp_path: Path, hour_bucket, undisturbed):
    """Kills over all steps: nothing wrong has a final name, and the rerun has the same content."""
    whole, seconds = undisturbed
    moments = Random(20)
    finished = []
    for kill in range(KILLS):
        place = Place(hour_bucket.endpoint_url, hour_bucket.name, tmp_path / str(kill))
        step = STEPS[kill % len(STEPS)]
        wait_s = seconds[step] * (kill // len(STEPS) + moments.random()) / (KILLS // len(STEPS) + 1)
        finished.append(kill_and_run_again(place, whole, step, wait_s))
    assert {"nothing", "extract", "transform"} <= set(finished), finished  # the kills fell inside the steps


@pytest.mark.slow
def test_with_a_third_of_requests_failing_the_hour_is_the_same(tmp_path: Path, hour_bucket, undisturbed):
    """Errors, throttling, slow, cut and changed bodies, and kills besides: the same files and rows."""
    whole, seconds = undisturbed
    with FaultyProxy(hour_bucket.endpoint_url, THIRD_FAILS) as proxy:
        place = Place(proxy.endpoint_url, hour_bucket.name, tmp_path / "faulty")
        run_again(place)
        assert files(place) == files(whole)
        assert content_hash(place.database) == content_hash(whole.database)
        assert len({seen.fault for seen in proxy.seen}) >= 4
        moments = Random(3)
        for kill in range(KILLS_BEHIND_FAULTS):
            place = Place(proxy.endpoint_url, hour_bucket.name, tmp_path / str(kill))
            kill_and_run_again(place, whole, "extract", 4 * seconds["extract"] * moments.random())


def sentence(result) -> str:
    """The one failure of a run: one line, and no step ran after it."""
    assert not result.success
    (event,) = result.get_step_failure_events()
    text = event.step_failure_data.user_failure_data.description
    assert "\n" not in text and "Traceback" not in text
    order = list(STEPS)
    later = order[order.index(event.step_key) + 1 :]
    assert not any(result.asset_materializations_for_node(step) for step in later)
    return text


@pytest.mark.parametrize(
    ("changes", "faults", "words"),
    [
        ({"bucket": "no-such-bucket-at-all"}, Faults(), "there is no bucket s3://no-such-bucket-at-all.*S3_BUCKET"),
        ({}, Faults(share=1, kinds=("denied",)), r"cannot list s3://.*access denied.*GLM_SIGNED=true"),
        ({}, Faults(share=1, kinds=("denied",), only=r"\.nc$"), r"cannot read s3://.*\.nc: access denied"),
    ],
    ids=["missing bucket", "listing denied", "objects denied"],
)  # fmt: skip
def test_a_bucket_that_cannot_be_read_is_one_sentence(hour_bucket, settings, run, changes, faults, words):
    """The run fails in extract, at once, and says what to do."""
    with FaultyProxy(hour_bucket.endpoint_url, faults) as proxy:
        chosen = settings(
            **{
                "archive_dir": None,
                "bucket": hour_bucket.name,
                "s3_endpoint_url": proxy.endpoint_url,
                **changes,
            }
        )
        text = sentence(run(chosen, KEY))
    assert re.search(words, text), text


def test_a_bucket_or_folder_without_the_hour_is_an_empty_hour(tmp_path, hour_bucket, settings, run):
    """Green, with zero rows: the prefix is missing on S3, or the archive has other hours only."""
    from_s3 = settings(
        archive_dir=None,
        bucket=hour_bucket.name,
        s3_endpoint_url=hour_bucket.endpoint_url,
        duckdb_path=str(tmp_path / "s3.duckdb"),
    )
    simulate(tmp_path / "archive", granules=2)
    for chosen in (from_s3, settings()):
        result = run(chosen, "2024-07-01-21:00")
        assert result.success
        (loaded,) = result.asset_materializations_for_node("load")
        assert loaded.metadata["status"].value == "empty: no granule was found"
        assert loaded.metadata["dagster/row_count"].value == 0


@pytest.fixture
def disk(tmp_path: Path):
    """Makes a small disk: a function of its name and mount options that gives its folder."""
    mounted: list[Path] = []

    def make(name: str, options: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a small file system needs root rights")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=False, capture_output=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("size=300k", "No space left on device: the disk is full; free some space"),
        ("ro", "the file system is read-only; choose a folder that can be written"),
    ],
    ids=["full", "read-only"],
)
def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path, disk, settings, run, options, words):
    """The run fails in extract, nothing partial has a final name, and it passes once there is room."""
    paths = {path.name: path.read_bytes() for path in simulate(tmp_path / "archive", granules=6)}
    folder = disk("small", options)
    chosen = settings(data_dir=str(folder))
    text = sentence(run(chosen, KEY))
    assert words in text
    assert str(folder) in text
    for path in folder.rglob("*.nc"):
        assert path.read_bytes() == paths[path.name]
    remount(folder, "rw,size=50m")
    assert run(chosen, KEY).success
    assert not list(folder.rglob(".*.part"))


@pytest.mark.parametrize("options", ["size=300k", "ro"], ids=["full", "read-only"])
def test_a_database_that_cannot_be_written_is_one_sentence(tmp_path, disk, settings, run, options):
    """The run fails in load and names the file; once there is room, the same run loads the hour."""
    simulate(tmp_path / "archive", granules=6)
    database = disk("small", options) / "lightning.duckdb"
    chosen = settings(duckdb_path=str(database))
    text = sentence(run(chosen, KEY))
    assert str(database) in text
    assert ("the disk is full: free some space" in text) == (options == "size=300k")
    remount(database.parent, "rw,size=50m")
    result = run(chosen, KEY)
    assert result.success
    assert result.asset_materializations_for_node("load")[0].metadata["rows_flashes"].value > 0

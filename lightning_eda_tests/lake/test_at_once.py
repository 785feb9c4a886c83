"""Many committers at once: every hour is there once and whole."""

from pathlib import Path

import pytest

from lightning_eda.lake.layout import LEDGER, TIERS, HourKey
from lightning_eda.lake.upkeep import check_lake
from lightning_eda_tests.lake.lakes import (
    HOUR,
    KEY,
    an_hour,
    committer,
    foreign_rows,
    hour_rows,
    is_either,
    lake_at,
    same,
)
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.warehouse.hours import after

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
COMMITTERS, HOURS = 8, 6


def finish(text: str, endpoint_url: str | None, work: list[list[tuple[HourKey, int]]]) -> None:
    """Runs a committer for each list of hours, all at once, to their good ends."""
    children = [committer(text, endpoint_url, hours) for hours in work]
    for child in children:
        child.join(240)
    assert [child.exitcode for child in children] == [0] * len(work)


@pytest.fixture(params=["folder", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str | None]:
    """A lake in a folder, and one on S3, with its server."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    on_s3 = request.param == "s3"
    return (f"s3://{s3_bucket.name}/lake", s3_bucket.endpoint_url) if on_s3 else (f"{tmp_path}/lake", None)


@pytest.mark.slow
def test_hours_of_many_committers_are_all_there(place: tuple[str, str | None]) -> None:
    """8 processes commit 6 hours of one day each, interleaved: 48 of 48, each once."""
    work = [
        [(HourKey(after(HOUR, 3 * hour), f"G1{6 + number % 4}"), 10 * number + hour) for hour in range(HOURS)]
        for number in range(COMMITTERS)
    ]
    for number, hours in enumerate(work):  # two committers a satellite: at hours of their own
        work[number] = [(HourKey(after(key.hour, number // 4), key.satellite), seed) for key, seed in hours]
    finish(*place, work)
    lake = lake_at(*place)
    for key, seed in [one for hours in work for one in hours]:
        assert same(hour_rows(lake, key), an_hour(key, seed))
    found = check_lake(lake)
    assert (found.hours, found.mistakes) == (COMMITTERS * HOURS, ())


@pytest.mark.slow
def test_one_hour_of_many_committers_is_one_of_theirs(place: tuple[str, str | None]) -> None:
    """8 processes load the same hour with other rows: it is one whole version, in every table."""
    finish(*place, [[(KEY, seed)] for seed in range(COMMITTERS)])
    lake = lake_at(*place)
    versions = [an_hour(seed=seed) for seed in range(COMMITTERS)]
    won = is_either(hour_rows(lake), *versions)
    for table in (*TIERS, LEDGER):
        rows = foreign_rows(lake, table)
        assert rows.num_rows == versions[won][table].num_rows
    assert foreign_rows(lake, "events")["event_time"].to_pylist() == (
        versions[won]["events"]["event_time"].to_pylist()
    )
    assert check_lake(lake).mistakes == ()

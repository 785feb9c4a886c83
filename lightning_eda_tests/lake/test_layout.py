"""Names in the lake, and what the ledger's file says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import SettingError
from lightning_eda.lake.layout import TIERS, HourKey, LedgerName, parse_path
from lightning_eda_tests.lake.lakes import KEY, lake_at

digests = st.text("0123456789abcdef", min_size=20, max_size=20)
moments = st.datetimes(datetime(2018, 1, 1), datetime(2100, 1, 1))


@given(
    key=st.builds(
        HourKey,
        moments.map(lambda time: time.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)),
        st.sampled_from(["G16", "G19"]),
    ),
    name=st.builds(
        LedgerName,
        digests,
        st.dictionaries(st.sampled_from(TIERS), digests),
        moments.map(lambda time: time.replace(tzinfo=UTC)),
    ),
)
def test_the_ledgers_name_says_all_of_the_hour(key: HourKey, name: LedgerName) -> None:
    """Hour, satellite, content, time of loading and the files of the tiers come back from the path."""
    found = parse_path(name.path(key))
    assert found is not None
    assert (found[0], LedgerName.parse(found[1])) == (key, name)


def test_a_tiers_file_is_named_by_hour_and_content() -> None:
    """Partition columns, the hour, 20 digits of the content."""
    digest = "0123456789abcdef0123"
    assert KEY.tier_path(digest) == "satellite=G18/day=2024-05-01/03-0123456789abcdef0123.parquet"


@pytest.mark.parametrize(
    "path",
    [
        "part-0.parquet",
        "satellite=G18/part-0.parquet",
        "satellite=G18/day=2024-05-01/24-part.parquet",
        "satellite=G18/day=2024-02-30/03-part.parquet",
    ],
)
def test_other_files_are_no_hours(path: str) -> None:
    """What another program wrote is not taken for an hour."""
    assert parse_path(path) is None


@pytest.mark.parametrize("text", ["lake", "s3://", "s3:///a", "gs://bucket/lake", "arn:aws:s3:::bucket/lake"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    """LIGHTNING_LAKE is an s3:// address, or a folder with a slash."""
    with pytest.raises(SettingError, match="LIGHTNING_LAKE"):
        lake_at(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://bucket", "s3://bucket/flashes"),
        ("s3://bucket/a/b/", "s3://bucket/a/b/flashes"),
        ("S3://bucket/a ", "s3://bucket/a/flashes"),
        ("s3a://bucket", "s3://bucket/flashes"),
        ("/data/lake", "/data/lake/flashes"),
    ],
)
def test_a_place_is_a_bucket_or_a_folder(text: str, address: str) -> None:
    """With or without a prefix, or a slash at the end."""
    assert lake_at(text).address("flashes") == address


def test_a_ledgers_name_of_no_time_is_none_of_ours() -> None:
    """Its digits are as ours, and of the 30th of February."""
    name = LedgerName("0" * 20, {}, datetime(2024, 2, 29, tzinfo=UTC)).path(KEY)
    rest = name.rpartition("/")[2].partition("-")[2]
    assert LedgerName.parse(rest)
    assert LedgerName.parse(rest.replace("20240229T", "20240230T")) is None

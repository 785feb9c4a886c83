from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from lightning_eda.errors import DatasetError, SettingError
from lightning_eda.tables.dataset.location import (
    NULL_PARTITION,
    DatasetLocation,
    catalogue_values,
    dataset_location,
    partition_folder,
    partition_values,
)
from lightning_eda_tests.support.examples import examples

VALUES = st.one_of(
    st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
)


@pytest.mark.parametrize(
    ("pathoutput", "bucket_dstn", "bucket", "prefix"),
    [
        ("s3://lake/a/b", "", "lake", "a/b/"),
        ("s3://lake/a/b/", "lake", "lake", "a/b/"),
        ("S3://lake", "", "lake", ""),
        ("a/b", "lake", "lake", "a/b/"),
        ("/a/b/", "lake", "lake", "a/b/"),
        ("", "lake", "lake", ""),
        (" a ", "some/folder", "some/folder", "a/"),
    ],
)
def test_a_place_is_an_address_or_a_prefix_in_the_bucket(pathoutput, bucket_dstn, bucket, prefix):
    """Its prefix always ends in a slash, so that `tb/` is never taken for `tb_x/`."""
    assert dataset_location(pathoutput, bucket_dstn) == DatasetLocation(bucket, prefix)


@pytest.mark.parametrize(
    ("pathoutput", "bucket_dstn", "message"),
    [
        ("a/b", "", "CSV_BUCKET_DSTN: it is not set"),
        ("s3:///a", "", "CSV_BUCKET_DSTN: it is not set"),
        ("s3://lake/a", "pond", "CSV_BUCKET_DSTN is 'pond': make the two agree"),
        ("https://lake/a", "lake", "CSV_PATHOUTPUT: found 'https://lake/a'"),
        ("a//b", "lake", "No part of the path may be empty"),
        ("a/../b", "lake", "No part of the path may be empty"),
    ],
)
def test_a_place_that_is_none_names_its_setting(pathoutput, bucket_dstn, message):
    """The user learns which variable to change."""
    with pytest.raises(SettingError, match=message):
        dataset_location(pathoutput, bucket_dstn)


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("20240101", "day=20240101/"),
        (None, f"day={NULL_PARTITION}/"),
        ("", f"day={NULL_PARTITION}/"),
        ("a/b=c", "day=a%2Fb%3Dc/"),
        ("100%", "day=100%25/"),
        ("2024-01-01 10:00", "day=2024-01-01 10%3A00/"),
        ("Köln", "day=Köln/"),
        ("..", "day=../"),
    ],
)
def test_values_are_spelled_as_hive_spells_them(value, folder):
    """Source: Hive, `FileUtils.escapePathName`."""
    assert partition_folder("t/", ["day"], (value,)) == "t/" + folder


def test_a_value_that_would_come_back_as_another_is_refused():
    """Hive's word for NULL as a value, and one that no key has room for."""
    with pytest.raises(DatasetError, match="which every reader takes for NULL"):
        partition_folder("t/", ["day"], (NULL_PARTITION,))
    with pytest.raises(DatasetError, match="more than 900 bytes"):
        partition_folder("t/", ["day"], ("ü" * 451,))


@given(st.tuples(VALUES, VALUES))
def test_values_come_back_from_the_path(values):
    """Whatever they are; the catalogue has them as they are."""
    folder = partition_folder("t/x/", ["day", "place"], values)
    assert folder.count("/") == 4
    assert partition_values("t/x/", ["day", "place"], folder + "a.parquet") == values
    assert catalogue_values(values) == [value or NULL_PARTITION for value in values]


def test_keys_of_other_columns_are_of_no_partition():
    """Neither another column, nor too few, nor another dataset."""
    assert partition_values("t/", ["day"], "t/hour=1/a.parquet") is None
    assert partition_values("t/", ["day", "place"], "t/day=1/a.parquet") is None
    assert partition_values("t/", ["day"], "u/day=1/a.parquet") is None


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES.filter(lambda value: not value or len(value.encode()) < 60))
def test_pyarrow_and_duckdb_read_the_same_value(tmp_path: Path, value):
    """The spelling is theirs too."""
    root = tmp_path / str(abs(hash(value)))
    folder = root / partition_folder("", ["day"], (value,))
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"x": [1]}), folder / "a.parquet")
    hive = pads.partitioning(pa.schema([("day", pa.string())]), flavor="hive")
    found = pads.dataset(root, partitioning=hive).to_table()
    assert found["day"].to_pylist() == [value]
    rows = duckdb.sql(
        f"SELECT day FROM read_parquet('{root}/**/*.parquet', hive_partitioning = true, "
        "hive_types_autocast = false)"
    ).fetchall()
    assert rows == [(value,)]

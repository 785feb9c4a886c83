"""One dataset, read by DuckDB, pyarrow, pandas and awswrangler: all find the same table."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from lightning_eda.tables.csv.options import CsvOptions
from lightning_eda.tables.values.types import TIMESTAMP
from lightning_eda_tests.tables.world import PATH, TABLE, World

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:awswrangler", "ignore::DeprecationWarning:pandas"
)

DAYS = {
    "20240101": "n,f,b,d,t,m,s\n1,1.5,true,2024-01-01,2024-01-01 00:00:00.123456,1.25,ü\n2,,,,,,\n",
    "20240102": "n,f,b,d,t,m,s,extra\n3,-0.5,false,2024-01-02,2024-01-02 00:00:00,2.50,x,7\n",
    "20240103": "n,f,b,d,t,m,s,extra\n",
}
COLUMNS = ["n", "f", "b", "d", "t", "m", "s", "extra", "day"]
SCHEMA = pa.schema(
    [
        ("n", pa.int64()), ("f", pa.float64()), ("b", pa.bool_()), ("d", pa.date32()), ("t", TIMESTAMP),
        ("m", pa.decimal128(10, 2)), ("s", pa.string()), ("extra", pa.int64()), ("day", pa.string()),
    ]
)  # fmt: skip
NEXT_DAY = datetime(2024, 1, 2, tzinfo=UTC)
MOMENT = datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
ROWS: list[tuple[Any, ...]] = [
    (1, 1.5, True, date(2024, 1, 1), MOMENT, Decimal("1.25"), "ü", None, "20240101"),
    (2, None, None, None, None, None, None, None, "20240101"),
    (3, -0.5, False, date(2024, 1, 2), NEXT_DAY, Decimal("2.50"), "x", 7, "20240102"),
]  # fmt: skip


@pytest.fixture
def world(s3_bucket, tmp_path: Path) -> Iterator[World]:
    """A table of three days: the second has one more column, the third no rows; the first was replaced."""
    found = World(s3_bucket, tmp_path / "scratch")
    options = CsvOptions(types={"m": "decimal(10,2)"})
    found.put_csv(DAYS["20240101"].replace("1.25", "9.99"))
    found.load(csv=options)
    for day, text in DAYS.items():
        found.put_csv(text, day)
        found.load(day, csv=options)
    yield found
    found.close()


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    """The dataset's objects as local files."""
    for key in world.keys(PATH):
        path = tmp_path / key
        path.parent.mkdir(parents=True)
        path.write_bytes(world.read(key))
    return tmp_path / PATH


def as_rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Plain values, None for what is missing, times in UTC."""

    def plain(value: Any) -> Any:
        if value is None or pd.isna(value):
            return None
        if isinstance(value, pd.Timestamp):
            value = value.tz_localize("UTC") if value.tz is None else value.tz_convert("UTC")
            return value.to_pydatetime()
        return value.item() if hasattr(value, "item") else value

    frame = frame[COLUMNS].astype(object)
    return sorted(tuple(plain(value) for value in row) for row in frame.itertuples(index=False, name=None))


def test_duckdb(folder: Path):
    """With the columns of all files by name, and the day from the path."""
    found = duckdb.sql(
        f"SELECT {', '.join(COLUMNS)} FROM read_parquet('{folder}/**/*.parquet', union_by_name = true, "
        "hive_partitioning = true, hive_types_autocast = false) ORDER BY n"
    ).to_arrow_table()
    assert as_rows(found.to_pandas()) == ROWS
    assert [found.schema.field(name).type for name in ("n", "m", "extra", "day")] == [
        pa.int64(),
        pa.decimal128(10, 2),
        pa.int64(),
        pa.string(),
    ]


def test_pyarrow(folder: Path):
    """With the table's schema; an older file gives NULL for the new column."""
    hive = pads.partitioning(pa.schema([("day", pa.string())]), flavor="hive")
    found = pads.dataset(folder, schema=SCHEMA, partitioning=hive).to_table().sort_by("n")
    assert found.schema.remove_metadata() == SCHEMA
    assert found.to_pylist() == [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


def test_pandas(folder: Path):
    """Each file by itself, and the latest column where it is."""
    frames = [
        pd.read_parquet(path, partitioning=None).assign(day=path.parent.name.removeprefix("day="))
        for path in folder.rglob("*.parquet")
    ]
    assert as_rows(pd.concat([frame for frame in frames if len(frame)])) == ROWS


def test_awswrangler(world: World, monkeypatch):
    """By the catalogue, over S3; it wants to be told that older files may lack a column."""
    import awswrangler as wr
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", world.bucket.endpoint_url)
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    found = wr.s3.read_parquet_table(
        table=TABLE, database=world.database, validate_schema=False, boto3_session=session
    )
    assert as_rows(found) == ROWS


def test_a_table_that_awswrangler_made_goes_on(world: World, monkeypatch):
    """Types are its table's, its objects of the day are replaced, its other days stay."""
    import awswrangler as wr
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", world.bucket.endpoint_url)
    session = boto3.session.Session("test", "test", region_name="us-east-1")
    frame = pd.DataFrame({"n": [1, 2, 3], "s": ["a", "b", "c"], "day": ["20240101", "20240101", "20240102"]})
    wr.s3.to_parquet(
        df=frame,
        path=f"s3://{world.bucket.name}/theirs/",
        dataset=True,
        partition_cols=["day"],
        database=world.database,
        table="theirs",
        dtype={"n": "int"},
        boto3_session=session,
    )
    world.put_csv("n,s\n7,z\n")
    result = world.load(pathoutput="theirs", table="theirs")
    assert result.columns == {"n": "int", "s": "string"}
    found = wr.s3.read_parquet_table(table="theirs", database=world.database, boto3_session=session)
    assert sorted(zip(found["n"], found["s"], found["day"], strict=True)) == [
        (3, "c", "20240102"),
        (7, "z", "20240101"),
    ]

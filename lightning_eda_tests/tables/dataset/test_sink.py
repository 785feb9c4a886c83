import resource
import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from lightning_eda.errors import DatasetError, StorageError
from lightning_eda.tables.dataset import sink as parquet_sink
from lightning_eda.tables.dataset.sink import ParquetSink
from lightning_eda.tables.values.types import TIMESTAMP
from lightning_eda_tests.support.examples import examples

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string())])


def batch(**columns: Sequence[Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def rows_of(sink: ParquetSink) -> dict[tuple[str | None, ...], list[dict[str, Any]]]:
    return {file.values: pq.ParquetFile(file.path).read().to_pylist() for file in sink.files}


def sink_of(folder: Path, schema: pa.Schema, *columns: str, **footer: str) -> ParquetSink:
    folder.mkdir(exist_ok=True)
    return ParquetSink(folder, schema, columns or ("day",), "20240101", footer)


def test_a_column_the_batches_lack_is_the_one_partition_and_is_not_stored(tmp_path: Path):
    """Readers take its value from the path."""
    sink = sink_of(tmp_path, SCHEMA, "day", source="in/rows.csv")
    sink.write(batch(id=[1, 2], name=["a", None]))
    sink.write(batch(id=[3], name=["ü"]))
    sink.close()
    (file,) = sink.files
    assert rows_of(sink) == {
        ("20240101",): [{"id": 1, "name": "a"}, {"id": 2, "name": None}, {"id": 3, "name": "ü"}]
    }
    assert (file.rows, file.size) == (3, file.path.stat().st_size)
    parquet = pq.ParquetFile(file.path)
    assert parquet.metadata.row_group(0).column(0).compression == "SNAPPY"
    assert parquet.schema_arrow.metadata[b"source"] == b"in/rows.csv"


def test_values_that_repeat_are_a_dictionary_and_others_plain(tmp_path: Path):
    """Whatever reads Parquet can read both; Spark before 3.3 nothing else."""
    numbers = list(range(10**12, 10**12 + 50_000))
    schema = pa.schema([("id", pa.int64()), ("kind", pa.int64()), ("name", pa.string())])
    sink = sink_of(tmp_path, schema)
    sink.write(batch(id=numbers, kind=[number % 5 for number in numbers], name=["a", "b"] * 25_000))
    sink.close()
    parquet = pq.ParquetFile(sink.files[0].path)
    group = parquet.metadata.row_group(0)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(3)}
    assert {name: columns[name].has_dictionary_page for name in columns} == {
        "id": False,
        "kind": True,
        "name": True,
    }
    known = {"PLAIN", "RLE", "RLE_DICTIONARY", "PLAIN_DICTIONARY"}
    assert all(set(column.encodings) <= known for column in columns.values())
    found = duckdb.sql(f"SELECT sum(id), sum(kind) FROM '{sink.files[0].path}'").fetchall()
    assert found == [(sum(numbers), 100_000)]


def test_what_a_thread_could_not_write_is_told_at_the_next_write_or_at_the_end(tmp_path: Path, monkeypatch):
    """Rows are written beside the reading; no error of it is lost."""
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", 1)
    sink = sink_of(tmp_path / "a", SCHEMA)
    (tmp_path / "a").rmdir()
    sink.write(batch(id=[1], name=["a"]))
    with pytest.raises(StorageError, match="Failed to open local file"):
        sink.close()
    sink.discard()
    assert sink.files == []


def test_every_type_is_kept(tmp_path: Path):
    """Timestamps are microseconds UTC and never INT96."""
    schema = pa.schema(
        [
            ("i", pa.int32()), ("b", pa.bool_()), ("f", pa.float64()), ("d", pa.date32()), ("t", TIMESTAMP),
            ("m", pa.decimal128(10, 2)), ("s", pa.string()),
        ]
    )  # fmt: skip
    moment = datetime(2024, 1, 1, 1, 2, 3, 456789, tzinfo=UTC)
    rows = pa.record_batch(
        [[1, None], [True, None], [1.5, None], [date(2024, 1, 1), None], [moment, None],
         [Decimal("1.25"), None], ["x", None]], schema=schema,
    )  # fmt: skip
    sink = sink_of(tmp_path, schema)
    sink.write(rows)
    sink.close()
    parquet = pq.ParquetFile(sink.files[0].path)
    assert parquet.read().replace_schema_metadata() == pa.Table.from_batches([rows])
    assert parquet.schema.column(4).physical_type == "INT64"
    logical = parquet.schema.column(4).logical_type.to_json()
    assert '"isAdjustedToUTC": true, "timeUnit": "microseconds"' in logical


def test_rows_go_to_the_file_of_their_value_in_the_order_they_came(tmp_path: Path):
    """An empty value and NULL are one partition, as a path cannot tell them apart."""
    sink = sink_of(tmp_path, pa.schema([*SCHEMA, ("day", pa.string())]))
    sink.write(batch(id=[1, 2, 3], name=["a", "b", "c"], day=["x", None, "x"]))
    sink.write(batch(id=[4, 5], name=["d", "e"], day=["", "007"]))
    sink.close()
    ids = {values: [row["id"] for row in rows] for values, rows in rows_of(sink).items()}
    assert ids == {("x",): [1, 3], (None,): [2, 4], ("007",): [5]}
    assert all(set(rows[0]) == {"id", "name"} for rows in rows_of(sink).values())


def test_several_columns_make_one_partition_of_each_combination(tmp_path: Path):
    """One of them may be added."""
    sink = sink_of(tmp_path, pa.schema([*SCHEMA, ("place", pa.string())]), "day", "place")
    sink.write(batch(id=[1, 2, 3], name=["a", "b", "c"], place=["p", "q", "p"]))
    sink.close()
    assert {file.values: file.rows for file in sink.files} == {("20240101", "p"): 2, ("20240101", "q"): 1}


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [(pa.int32(), 7, "7"), (pa.date32(), date(2024, 1, 2), "2024-01-02"), (pa.bool_(), True, "true")],
)
def test_declared_types_are_spelled_as_glue_reads_them(tmp_path: Path, kind, value, text):
    """The path holds texts."""
    schema = pa.schema([("id", pa.int64()), ("day", kind)])
    sink = sink_of(tmp_path, schema)
    sink.write(pa.record_batch([[1], [value]], schema=schema))
    sink.close()
    assert [file.values for file in sink.files] == [(text,)]


@pytest.mark.parametrize(
    ("schema", "columns", "message"),
    [
        (pa.schema([("day", pa.string())]), ["day"], "no column beside the partition columns day"),
        (SCHEMA, ["day", "hour"], "has no columns day, hour; only one partition column can be added"),
        (pa.schema([*SCHEMA, ("day", pa.float64())]), ["day"], "the partition column day is double; it can"),
    ],
)
def test_a_schema_that_makes_no_dataset_says_why(tmp_path: Path, schema, columns, message):
    """Before any row is read."""
    with pytest.raises(DatasetError, match=message):
        sink_of(tmp_path, schema, *columns)


def test_without_rows_there_is_a_file_only_where_the_partition_is_known(tmp_path: Path):
    """The file has the columns and no rows."""
    sink = sink_of(tmp_path / "a", SCHEMA)
    sink.close()
    assert rows_of(sink) == {("20240101",): []}
    assert pq.ParquetFile(sink.files[0].path).schema_arrow.names == SCHEMA.names
    sink = sink_of(tmp_path / "b", pa.schema([*SCHEMA, ("day", pa.string())]))
    sink.close()
    assert sink.files == []


def test_discarding_leaves_nothing_behind(tmp_path: Path, monkeypatch):
    """Neither in the folder nor in what is written next."""
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", 1)
    sink = sink_of(tmp_path, pa.schema([*SCHEMA, ("day", pa.string())]))
    sink.write(batch(id=[1, 2], name=["a", "b"], day=["x", "y"]))
    sink.write(batch(id=[3], name=["c"], day=["x"]))  # waits until the first rows are written
    assert any(tmp_path.iterdir())
    sink.discard()
    assert list(tmp_path.iterdir()) == []


@examples(30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["a", "b", "", None, "ü", "7"])), max_size=12),
        max_size=6,
    ),
    block=st.sampled_from([1, 100, 2**20]),
    most_open=st.sampled_from([0, 1, 3]),
)
def test_files_hold_the_rows_of_their_value_whatever_is_flushed_when(
    tmp_path_factory, monkeypatch, batches, block, most_open
):
    """With few files open at once, pieces are joined at the end."""
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", block)
    monkeypatch.setattr(parquet_sink, "MOST_OPEN", most_open)
    folder = tmp_path_factory.mktemp("sink")
    sink = sink_of(folder, pa.schema([("id", pa.int64()), ("day", pa.string())]))
    expected = defaultdict(list)
    for rows in batches:
        schema = pa.schema([("id", pa.int64()), ("day", pa.string())])
        sink.write(pa.record_batch([[i for i, _ in rows], [d for _, d in rows]], schema=schema))
        for number, day in rows:
            expected[(day or None,)].append({"id": number})
    sink.close()
    assert rows_of(sink) == expected
    assert {file.path for file in sink.files} == set(folder.iterdir())
    assert {file.values: file.rows for file in sink.files} == {k: len(v) for k, v in expected.items()}


def test_memory_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch):
    """What is held between two batches is no more at the end than in the middle; 150 files are written."""
    monkeypatch.setattr(parquet_sink, "BLOCK_BYTES", 2**21)
    schema = pa.schema([("id", pa.int64()), ("name", pa.string()), ("day", pa.string())])
    rows = pa.record_batch(
        [range(10_000), [f"name {n}" for n in range(10_000)], [str(n % 150) for n in range(10_000)]],
        schema=schema,
    )
    sink = sink_of(tmp_path, schema)
    before = pa.total_allocated_bytes()
    held = []
    for _ in range(60):
        sink.write(rows.filter(pa.array([True] * rows.num_rows)))  # a copy, as each batch of a CSV is
        for thread in threading.enumerate():
            if thread.name.startswith("parquet"):
                thread.join()  # else what is held depends on how far it is
        held.append(pa.total_allocated_bytes() - before)
    assert max(held[30:]) <= max(held[:30]) + 2**16
    sink.close()
    assert sum(file.rows for file in sink.files) == 60 * 10_000
    assert len(sink.files) == 150


def test_too_many_partitions_are_refused(tmp_path: Path, monkeypatch):
    """A column of ids would make an object of each row."""
    monkeypatch.setattr(parquet_sink, "MOST_PARTITIONS", 10)
    sink = sink_of(tmp_path, pa.schema([*SCHEMA, ("day", pa.string())]))
    sink.write(batch(id=range(11), name=["x"] * 11, day=[str(n) for n in range(11)]))
    with pytest.raises(DatasetError, match=r"more than 10 values.*CSV_PARTITIONS_COLS"):
        sink.close()


def test_a_full_disk_is_told(tmp_path: Path):
    """The system refuses to let the file grow, as it would on a full disk."""
    sink = sink_of(tmp_path, SCHEMA)
    sink.write(batch(id=range(200_000), name=[f"a name of its own {n}" for n in range(200_000)]))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(StorageError, match=f"{tmp_path}.*raise the limit or choose another folder"):
            sink.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    sink.discard()
    assert list(tmp_path.iterdir()) == []

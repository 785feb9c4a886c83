"""CSVs in memory, opened as the reader of tables opens them; sinks that note what happens to them."""

from collections.abc import Callable, Container
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO

import pyarrow as pa

from lightning_eda.tables.csv.stream import CsvOptions, CsvResult, OpenSource, TableColumns, stream_csv
from lightning_eda.tables.text.blocks import BLOCK_BYTES


def opener(data: bytes) -> Callable[[], AbstractContextManager[BytesIO]]:
    """Opens the bytes from their start, each time anew."""
    return lambda: nullcontext(BytesIO(data))


def read(data: bytes | str, known: dict[str, pa.DataType] | None = None, **options) -> tuple[dict, CsvResult]:
    """The columns as Python values, and the result."""
    raw = data.encode() if isinstance(data, str) else data
    block_bytes = options.pop("block_bytes", 1 << 20)
    may_lack = options.pop("may_lack", ())
    table, result = read_csv(
        opener(raw),
        CsvOptions(**options),
        known,
        block_bytes=block_bytes,
        may_lack=may_lack,
        name="s3://b/x.csv",
    )
    assert table.schema == result.schema
    assert table.num_rows == result.rows
    return table.to_pydict(), result


def read_csv(
    open_source: OpenSource,
    options: CsvOptions | None = None,
    known: dict[str, pa.DataType] | None = None,
    *,
    may_lack: Container[str] = (),
    name: str = "the CSV",
    block_bytes: int = BLOCK_BYTES,
) -> tuple[pa.Table, CsvResult]:
    """The whole CSV as a table; arguments and errors as of `stream_csv`."""
    sinks = [Collected(pa.schema([]))]

    def collect(schema: pa.Schema) -> Collected:
        sinks.append(Collected(schema))
        return sinks[-1]

    result = stream_csv(
        open_source, options or CsvOptions(), TableColumns(known or {}, may_lack), collect,
        name=name, block_bytes=block_bytes,
    )  # fmt: skip
    return pa.Table.from_batches(sinks[-1].batches, result.schema), result


def types(result: CsvResult) -> dict[str, str]:
    """The types of the columns, as pyarrow spells them."""
    return {field.name: str(field.type) for field in result.schema}


class Collected:
    """A sink that keeps the batches."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch, /) -> None:
        self.batches.append(batch)

    def close(self) -> None:
        """Keeps the batches."""

    def discard(self) -> None:
        self.batches.clear()


class Noted:
    """A sink that keeps its rows and notes its end in a list."""

    def __init__(self, notes: list[str], schema: pa.Schema) -> None:
        self.notes = notes
        self.rows = 0
        notes.append("open " + ",".join(str(field.type) for field in schema))

    def write(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows

    def close(self) -> None:
        self.notes.append(f"close {self.rows}")

    def discard(self) -> None:
        self.notes.append("discard")

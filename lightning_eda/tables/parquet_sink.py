"""Record batches into local Parquet files, one for each value of the partition columns, in bounded memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightning_eda.errors import DatasetError
from lightning_eda.storage.atomic import storage_error
from lightning_eda.tables.dataset import PartitionValues

BLOCK_BYTES: Final = 32 * 2**20
"""Batches are gathered to about this many bytes in memory, then written; a row group has no more."""
MOST_OPEN: Final = 128
"""Files held open at once; those of further partitions are written in pieces that are joined at the end."""
MOST_PARTITIONS: Final = 20_000
TEXT_TYPES: Final = "a text, an integer, a date or a boolean"


@dataclass(frozen=True)
class PartitionFile:
    """A finished Parquet file with all rows of one partition.

    Attributes:
        values: One for each partition column.
        path: The file.
        rows: Its rows.
        size: Its bytes.
    """

    values: PartitionValues
    path: Path
    rows: int
    size: int


@dataclass
class _Partition:
    """What has been written of one partition."""

    values: PartitionValues
    parts: list[Path] = field(default_factory=list)
    writer: pq.ParquetWriter | None = None
    rows: int = 0


class ParquetSink:
    """Takes the batches of one CSV; `files` are there after `close`.

    The partition columns are not stored in the files: readers take their values from the path. One that
    the CSV does not have gets the value `data_ref`.

    Args:
        folder: An empty folder of its own.
        schema: Schema of the batches.
        partition_columns: Names of the partition columns.
        data_ref: Value of the partition column that the batches lack.
        footer: Texts kept in the footer of every file.

    Raises:
        DatasetError: There is more than one column to add, none left to store, or a type that no path shows.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        partition_columns: Sequence[str],
        data_ref: str,
        footer: Mapping[str, str],
    ) -> None:
        self._folder = folder
        self._columns = tuple(partition_columns)
        self._data_ref = data_ref
        self.adds_column = _adds_column(self._columns, schema)
        self.schema = file_schema(schema, self._columns).with_metadata(dict(footer))
        self.files: list[PartitionFile] = []
        self._partitions: dict[PartitionValues, _Partition] = {}
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._files_made = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Takes the next rows.

        Raises:
            DatasetError: There are too many partitions.
            StorageError: The disk is full, or refuses.
        """
        if batch.num_rows:
            self._batches.append(batch)
            self._bytes += batch.nbytes
        if self._bytes >= BLOCK_BYTES:
            self._flush()

    def close(self) -> None:
        """Finishes the files; errors as `write`.

        Without any row there is one file without rows where the value of the partition is known, that is
        where it is `data_ref`, and none otherwise.
        """
        self._flush()
        if not self._partitions and self.adds_column and len(self._columns) == 1:
            self._write_part((self._data_ref,), self.schema.empty_table())
        with self._explained():
            self.files = [self._finish(partition) for partition in self._partitions.values()]

    def discard(self) -> None:
        """Removes everything written so far; the sink is as new."""
        for partition in self._partitions.values():
            if partition.writer is not None:
                partition.writer.close()
            for path in partition.parts:
                path.unlink(missing_ok=True)
        self._partitions.clear()
        self._batches.clear()
        self.files.clear()
        self._bytes = 0

    def _flush(self) -> None:
        """Writes what was gathered, each partition's rows to its file."""
        if self._batches:
            block = pa.Table.from_batches(self._batches)
            self._batches, self._bytes = [], 0
            for values, rows in self._split(block):
                self._write_part(values, rows.select(self.schema.names).cast(self.schema))

    def _split(self, block: pa.Table) -> Iterator[tuple[PartitionValues, pa.Table]]:
        """The rows of each partition, in the order they came."""
        if not any(column in block.column_names for column in self._columns):
            yield (self._data_ref,), block
            return
        texts = {name: _texts(block, name) for name in self._columns if name in block.column_names}
        codes = np.zeros(block.num_rows, np.int64)
        for text in texts.values():
            codes = codes * len(text.dictionary) + text.indices.to_numpy()
            codes = np.unique(codes, return_inverse=True)[1]
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        for rows in np.split(order, starts[1:]):
            values = (
                texts[name][int(rows[0])].as_py() if name in texts else self._data_ref
                for name in self._columns
            )
            yield tuple(values), block if len(rows) == block.num_rows else block.take(pa.array(rows))

    def _write_part(self, values: PartitionValues, rows: pa.Table) -> None:
        partition = self._partitions.setdefault(values, _Partition(values))
        if len(self._partitions) > MOST_PARTITIONS:
            raise DatasetError(
                f"the partition columns {', '.join(self._columns)} have more than {MOST_PARTITIONS} values, "
                "each of which would be an object; choose a column of fewer values (CSV_PARTITIONS_COLS)"
            )
        partition.rows += rows.num_rows
        with self._explained():
            writer = partition.writer or self._new_writer(partition)
            writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
            if partition.writer is None:
                writer.close()

    def _new_writer(self, partition: _Partition) -> pq.ParquetWriter:
        path = self._folder / f"{self._files_made:06d}.parquet"
        self._files_made += 1
        partition.parts.append(path)
        writer = _writer(path, self.schema)
        if len(self._partitions) <= MOST_OPEN:
            partition.writer = writer
        return writer

    def _finish(self, partition: _Partition) -> PartitionFile:
        if partition.writer is not None:
            partition.writer.close()
            partition.writer = None
        if len(partition.parts) > 1:
            partition.parts = [self._joined(partition)]
        (path,) = partition.parts
        return PartitionFile(partition.values, path, partition.rows, path.stat().st_size)

    def _joined(self, partition: _Partition) -> Path:
        """One file in place of the pieces of a partition."""
        pieces = partition.parts
        joined = self._folder / f"{self._files_made:06d}.parquet"
        self._files_made += 1
        with _writer(joined, self.schema) as writer:
            for rows in _gathered(pieces):
                writer.write_table(rows, row_group_size=rows.num_rows)
        for path in pieces:
            path.unlink()
        return joined

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise storage_error(self._folder, error) from error


def file_schema(schema: pa.Schema, partition_columns: Sequence[str]) -> pa.Schema:
    """What the files store: all columns but those of the partition; DatasetError when there is none."""
    stored = [column for column in schema if column.name not in partition_columns]
    if not stored:
        raise DatasetError(
            f"the CSV has no column beside the partition columns {', '.join(partition_columns)}; "
            "a Parquet file needs at least one (CSV_PARTITIONS_COLS)"
        )
    return pa.schema(stored)


def _adds_column(columns: Sequence[str], schema: pa.Schema) -> bool:
    missing = [column for column in columns if column not in schema.names]
    if len(missing) > 1:
        raise DatasetError(
            f"the CSV has no columns {', '.join(missing)}; only one partition column can be added, with the "
            f"value of data_ref. Its columns are: {', '.join(schema.names)} (CSV_PARTITIONS_COLS)"
        )
    for column in set(columns) - set(missing):
        kind = schema.field(column).type
        shown = (pa.types.is_integer, pa.types.is_date32, pa.types.is_boolean, pa.types.is_string)
        if not any(is_kind(kind) for is_kind in (*shown, pa.types.is_large_string)):
            raise DatasetError(f"the partition column {column} is {kind}; it can be {TEXT_TYPES} (CSV_TYPES)")
    return bool(missing)


def _texts(block: pa.Table, name: str) -> pa.DictionaryArray:
    """The values of a partition column as texts, encoded; an empty one is NULL, as a path cannot differ."""
    text = pc.cast(block[name], pa.string())
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return pc.dictionary_encode(text, null_encoding="encode").combine_chunks()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=_repeating(schema))


def _repeating(schema: pa.Schema) -> list[str]:
    """The columns worth a dictionary: not those of measurements and instants, which hardly repeat."""
    alone = (pa.types.is_floating, pa.types.is_timestamp)
    return [column.name for column in schema if not any(is_kind(column.type) for is_kind in alone)]


def _gathered(pieces: Sequence[Path]) -> Iterator[pa.Table]:
    """The rows of small files in large tables."""
    tables: list[pa.Table] = []
    for path in pieces:
        tables.append(pq.ParquetFile(path).read())
        if sum(table.nbytes for table in tables) >= BLOCK_BYTES:
            yield pa.concat_tables(tables)
            tables = []
    if tables:
        yield pa.concat_tables(tables)

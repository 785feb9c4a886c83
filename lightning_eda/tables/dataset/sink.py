"""Record batches into local Parquet files, one for each value of the partition columns, in bounded memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lightning_eda.errors import DatasetError
from lightning_eda.storage.atomic import storage_error
from lightning_eda.storage.object_store import Upload
from lightning_eda.tables.dataset.location import PartitionValues
from lightning_eda.tables.dataset.parquet_file import (
    BLOCK_BYTES,
    adds_column,
    file_schema,
    gathered,
    open_writer,
)
from lightning_eda.tables.values.spelling import spelled

MOST_OPEN: Final = 128
"""Files held open at once; those of further partitions are written in pieces that are joined at the end."""
MOST_PARTITIONS: Final = 20_000


@dataclass(frozen=True)
class PartitionFile:
    """A finished Parquet file with all rows of one partition.

    Attributes:
        values: One for each partition column.
        path: The file.
        rows: Its rows.
        size: Its bytes.
        upload: The upload of it that was begun while it was written; None where none was.
    """

    values: PartitionValues
    path: Path
    rows: int
    size: int
    upload: Upload | None = None


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

    Attributes:
        adds_column: Whether a partition column gets the value `data_ref`.
        schema: Schema of the files.
        files: The finished files, in the order of their first rows.
        start_upload: Set by whoever knows that there will be one file: called with its path, begins the
            upload that goes on while it is written. `discard` aborts it.

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
        self.adds_column = adds_column(self._columns, schema)
        self.schema = file_schema(schema, self._columns).with_metadata(dict(footer))
        self.files: list[PartitionFile] = []
        self._partitions: dict[PartitionValues, _Partition] = {}
        self._batches: list[pa.RecordBatch] = []
        self._bytes = 0
        self._files_made = 0
        self._writing: Future[None] | None = None
        self.start_upload: Callable[[Path], Upload] | None = None
        self._upload: Upload | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Takes the next rows; they are written by a thread, so that an error may be that of earlier rows.

        Raises:
            DatasetError: There are too many partitions.
            StorageError: The disk is full, or refuses; or a part of the upload was refused.
        """
        if batch.num_rows:
            self._batches.append(batch)
            self._bytes += batch.nbytes
        if self._bytes >= BLOCK_BYTES:
            self._start_writing()

    def close(self) -> None:
        """Finishes the files; errors as `write`.

        Without any row there is one file without rows where the value of the partition is known, that is
        where it is `data_ref`, and none otherwise.
        """
        self._start_writing()
        self._wait()
        if not self._partitions and self.adds_column and len(self._columns) == 1:
            self._write_part((self._data_ref,), self.schema.empty_table())
        with self._explained():
            self.files = [self._finish(partition) for partition in self._partitions.values()]

    def discard(self) -> None:
        """Removes everything written so far, but no finished upload; the sink is as new."""
        if self._writing is not None:
            self._writing.exception()  # waits; what does not count need not have succeeded
            self._writing = None
        if self._upload is not None:
            self._upload.abort()
            self._upload = None
        for partition in self._partitions.values():
            if partition.writer is not None:
                partition.writer.close()
            for path in partition.parts:
                path.unlink(missing_ok=True)
        self._partitions.clear()
        self._batches.clear()
        self.files.clear()
        self._bytes = 0

    def _start_writing(self) -> None:
        """Hands over what was gathered, when what was handed over before is written."""
        self._wait()
        if self._batches:
            block = pa.Table.from_batches(self._batches)
            self._batches, self._bytes = [], 0
            with_one_thread = ThreadPoolExecutor(1, thread_name_prefix="parquet")
            self._writing = with_one_thread.submit(self._write_block, block)
            with_one_thread.shutdown(wait=False)  # the thread ends with its work

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def _write_block(self, block: pa.Table) -> None:
        """Writes each partition's rows to its file."""
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
            writer = partition.writer or self._new_writer(partition, rows)
            writer.write_table(rows, row_group_size=max(rows.num_rows, 1))
            if partition.writer is None:
                writer.close()
        if self._upload is not None:
            # A Parquet file is written from front to back: what is on the disk is final.
            self._upload.advance(partition.parts[-1].stat().st_size)

    def _new_writer(self, partition: _Partition, rows: pa.Table) -> pq.ParquetWriter:
        path = self._folder / f"{self._files_made:06d}.parquet"
        self._files_made += 1
        partition.parts.append(path)
        writer = open_writer(path, self.schema, rows)
        if self.start_upload is not None:
            self._upload = self.start_upload(path)
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
        size = path.stat().st_size
        return PartitionFile(partition.values, path, partition.rows, size, self._upload)

    def _joined(self, partition: _Partition) -> Path:
        """One file in place of the pieces of a partition."""
        pieces = partition.parts
        joined = self._folder / f"{self._files_made:06d}.parquet"
        self._files_made += 1
        parts = gathered(pieces)
        first = next(parts)
        with open_writer(joined, self.schema, first) as writer:
            for rows in chain([first], parts):
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


def _texts(block: pa.Table, name: str) -> pa.DictionaryArray:
    """The values of a partition column as texts, encoded; an empty one is NULL, as a path cannot differ."""
    text = spelled(block[name])
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return pc.dictionary_encode(text, null_encoding="encode").combine_chunks()

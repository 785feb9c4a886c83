"""One load: a CSV that was chosen is read, written and put in the place of the old rows."""

import hashlib
import json
import secrets
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyarrow as pa

from lightning_eda.errors import CsvError, SchemaChangedError
from lightning_eda.storage.object_store import ObjectInfo
from lightning_eda.tables.csv.stream import CsvResult, TableColumns, stream_csv
from lightning_eda.tables.dataset.object_names import loaded_run, new_run
from lightning_eda.tables.dataset.replace import Run
from lightning_eda.tables.dataset.sink import ParquetSink
from lightning_eda.tables.destination import PartitionResult
from lightning_eda.tables.formats import open_destination
from lightning_eda.tables.glue.table import TableTypes
from lightning_eda.tables.load_result import LoadResult
from lightning_eda.tables.options import TableOptions
from lightning_eda.tables.task import TableTask
from lightning_eda.tables.unpack.archive import open_csv
from lightning_eda.tables.values.spelling import spelled_day
from lightning_eda.tables.values.types import glue_type, shown_type
from lightning_eda.texts import plain

FORMAT: Final = 1
"""Part of every data version; a greater number makes the same source count as new."""
LONGEST_METADATA: Final = 1000


class AlreadyLoadedError(Exception):
    """Not a failure: what would be loaded is there already, so that the CSV need not be read further."""

    def __init__(self, result: LoadResult) -> None:
        self.result = result


class Load:
    """One load of one version of a CSV, that was chosen; the other arguments are those of `load_table`."""

    def __init__(self, task: TableTask, info: ObjectInfo, data_ref: str, now: datetime) -> None:
        self._source = task.source
        self._info = info
        self._csv = task.options.csv
        self._data_ref = data_ref
        self._now = now
        self._declared = task.options.declared_types()
        self._dataset = open_destination(task.destination, task.options, task.glue, task.backoff)
        self._version = data_version(info, task.options, data_ref)
        self._before: list[ObjectInfo] = []
        self._run: Run | None = None
        self._has_table = False
        self._earlier: pa.Schema | None = None  # without a table: the columns of another partition

    def run(self, folder: Path) -> LoadResult:
        """Does it all, with the Parquet files in `folder`."""
        self._dataset, types = self._dataset.held_to_table()
        table = None if types is None else types.columns
        self._check_declared(types)
        self._has_table = table is not None
        kinds = list(self._dataset.columns.values())
        value = spelled_day(self._data_ref, kinds[0])
        if len(kinds) == 1 and value is not None:
            self._before = self._dataset.list_objects(self._dataset.folder((value,)))
            self._stop_when_loaded()
        sinks: list[ParquetSink] = []

        def new_sink(schema: pa.Schema) -> ParquetSink:
            sinks.append(self._new_sink(folder, schema))
            return sinks[-1]

        columns = dict(self._dataset.columns)
        known = {column.name: column.type for column in table or ()} | columns
        try:
            read = stream_csv(
                lambda: open_csv(self._source.open_object(self._info), self._source.url(self._info.key)),
                self._csv,
                TableColumns(known, columns.keys(), types.lengths if types else {}),
                new_sink,
                name=self._source.url(self._info.key),
            )
            if not read.rows and not self._has_table and self._earlier is None:
                self._require_columns(read)
            return self._replaced(sinks[-1], read, table)
        finally:
            for sink in sinks:
                sink.discard()  # no upload that was begun outlives the load

    def _new_sink(self, folder: Path, schema: pa.Schema) -> ParquetSink:
        """The sink of one reading; with the first, what the dataset holds is looked at."""
        footer = {
            "lightning_eda.source": plain(self._info.key),
            "lightning_eda.source_etag": self._info.etag,
        }
        footer |= {"lightning_eda.data_version": self._version}
        value = self._dataset.day_value(self._data_ref, schema)
        sink = ParquetSink(folder, schema, list(self._dataset.columns), value, footer)
        if self._run is None:
            if not (sink.adds_column and len(self._dataset.columns) == 1):
                self._before = self._dataset.list_objects()
                self._stop_when_loaded()
            if not self._has_table:
                url = self._source.url(self._info.key)
                self._earlier = self._dataset.require_shared_column(sink.schema, self._before, url)
            present = [info.key for info in self._before]
            metadata = {
                "source": quote(self._info.key, errors="surrogateescape")[:LONGEST_METADATA],
                "source-etag": self._info.etag,
            }
            run = new_run(self._now, secrets.token_hex(4), present)
            self._run = Run(run, self._version, metadata | {"data-version": self._version})
        if sink.adds_column and len(self._dataset.columns) == 1:
            sink.start_upload = partial(self._dataset.start_upload, self._run, (value,))
        return sink

    def _require_columns(self, read: CsvResult) -> None:
        """Refuses one line of one field, when nothing says that it is a column."""
        if len(read.schema) == 1 and not self._csv.schema:
            raise CsvError(
                f"{self._source.url(self._info.key)} is one line, {read.schema.names[0]!r}, and no rows: "
                "nothing tells a column from a message there; send rows, or name the column in CSV_SCHEMA"
            )

    def _stop_when_loaded(self) -> None:
        """Ends the load when this version is there already; its entry in the catalogue is mended."""
        keys = set(loaded_run((info.key for info in self._before), self._version))
        objects = [info for info in self._before if info.key in keys]
        found = self._dataset.already_loaded(objects) if objects else None
        if found is not None:
            schema, partitions = found
            note = "this version of the CSV was loaded before; nothing was changed"
            raise AlreadyLoadedError(self._result(schema, None, partitions, note, None))

    def _replaced(self, sink: ParquetSink, read: CsvResult, table: pa.Schema | None) -> LoadResult:
        partitions: list[PartitionResult] = []
        if sink.files and self._run is not None:
            partitions = self._dataset.replace(self._run, sink)
        note = ""
        if not read.rows:
            note = "the CSV has no rows: " + (
                f"the partition {partitions[0].name} is empty now"
                if partitions
                else "it names no partition, and nothing was replaced"
            )
        elif any(partition.won_by for partition in partitions):
            note = "another run replaced the same partitions at the same time, and won"
        empty = [name for name in read.without_values if table is None or name not in table.names]
        if empty:
            told = f"no value in {', '.join(empty)}: their type is string now (CSV_TYPES can say another)"
            note = f"{note}; {told}" if note else told
        return self._result(sink.schema, table, partitions, note, read)

    def _result(
        self,
        schema: pa.Schema,
        table: pa.Schema | None,
        partitions: list[PartitionResult],
        note: str,
        reading: CsvResult | None,
    ) -> LoadResult:
        columns = {column.name: glue_type(column.type) for column in schema}
        return LoadResult(
            source=plain(self._info.key),
            etag=self._info.etag,
            last_modified=self._info.last_modified,
            data_version=self._version,
            unchanged=reading is None,
            note=note,
            columns=columns,
            new_columns=tuple(name for name in columns if name not in table.names) if table else (),
            partitions=tuple(partitions),
            reading=reading,
            bytes_in=self._info.size,
            changed_columns=_differences(schema, self._earlier, reading) if reading and self._earlier else (),
        )

    def _check_declared(self, types: TableTypes | None) -> None:
        """Refuses declared types that the table does not have, before anything is read."""
        changed = [
            f"{column.name} is declared {glue_type(self._declared[column.name])}, in the table "
            f"{glue_type(column.type)}"
            for column in ((*types.columns, *types.keys) if types else ())
            if self._declared.get(column.name, column.type) != column.type
        ]
        if changed:
            raise SchemaChangedError(
                f"types that are not the table's: {'; '.join(changed)}. Correct CSV_TYPES, or write to "
                "another table (CSV_TABLE)"
            )


def _differences(schema: pa.Schema, earlier: pa.Schema, reading: CsvResult) -> tuple[str, ...]:
    """What differs from the columns of another partition; of one without values the type says nothing."""
    told = [f"{name} is missing" for name in earlier.names if name not in schema.names]
    told += [f"{name} is new" for name in schema.names if name not in earlier.names]
    for column in schema:
        known = column.name in earlier.names and column.name not in reading.without_values
        old = earlier.field(column.name).type if known else column.type
        if old != column.type:
            told.append(f"{column.name} is {shown_type(column.type)}, and was {shown_type(old)}")
    return tuple(told)


def data_version(info: ObjectInfo, options: TableOptions, data_ref: str) -> str:
    """A digest of a version of a source and of all that decides what its rows become; 16 hex digits."""
    facts = [FORMAT, info.key, info.etag, info.size, data_ref, options.partitions_cols, asdict(options.csv)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]

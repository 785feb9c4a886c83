"""The series of an hour: one CSV per tier, and the ledger of its granules.

Rows are sorted by satellite, granule, time and id; times are UTC with microseconds, as
`2022-12-31T05:00:00.123456Z`; doubles are written in the fewest digits that read back to the same double;
NULL is an empty field. So the same granules give the same bytes.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from lightning_eda.glm.granule import TIER_SCHEMAS, TIME, Granule
from lightning_eda.series import GRANULES, TABLE_NAMES
from lightning_eda.storage.atomic import open_atomic, write_atomic

TIME_COLUMNS = {"flash": "flash_time_of_first_event", "group": "group_time", "event": "event_time"}
BATCH_ROWS = 1 << 16  # about 20 MB of them with their text
LEDGER_COLUMNS = tuple(column.name for column in GRANULES.series_columns)


@dataclass(frozen=True)
class SeriesFile:
    """One CSV on disk.

    Attributes:
        table: The table its rows are for.
        path: Where it is.
        rows: Rows, without the heading.
        size_bytes: Its size.
        sha256: Of its bytes, hex.
    """

    table: str
    path: Path
    rows: int
    size_bytes: int
    sha256: str


class _CountedFile:
    """A file that counts and hashes what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size_bytes = 0
        self.rows = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size_bytes += len(data)
        return self.file.write(data)


class SeriesWriter:
    """Writes granules, given in name order, to the CSVs of an hour; made by `open_series`.

    Rows are gathered and written `batch_rows` at a time, since a call costs more than the rows of a granule.
    """

    def __init__(self, files: dict[str, _CountedFile], batch_rows: int) -> None:
        self._files = files
        self._batch_rows = batch_rows
        self._gathered: dict[str, list[pa.Table]] = {tier: [] for tier in files}
        self._rows = dict.fromkeys(files, 0)

    def add(self, granule: Granule) -> None:
        """Appends the rows of a granule to each tier's CSV."""
        for tier, gathered in self._gathered.items():
            rows = granule.tier(tier)
            if rows is None:
                raise ValueError(f"{granule.header.name} was not decoded for the tier {tier}")
            if rows.num_rows:
                gathered.append(rows)
                self._rows[tier] += rows.num_rows
            if self._rows[tier] >= self._batch_rows:
                self._write(tier)

    def finish(self) -> None:
        """Writes what is still gathered."""
        for tier in self._files:
            self._write(tier)

    def _write(self, tier: str) -> None:
        if self._gathered[tier]:
            arrow_csv.write_csv(
                _as_text(_sorted(self._gathered[tier], tier)), _Sink(self._files[tier]), CSV_OPTIONS
            )
        self._files[tier].rows += self._rows[tier]
        self._rows[tier] = 0
        self._gathered[tier].clear()


CSV_OPTIONS = arrow_csv.WriteOptions(include_header=False, quoting_style="none", batch_size=1 << 14)


@contextmanager
def open_series(
    folder: Path, tiers: Iterable[str], batch_rows: int = BATCH_ROWS
) -> Iterator[tuple[SeriesWriter, list[SeriesFile]]]:
    """A writer for the tiers' CSVs, and a list that holds the finished files once the block has ended.

    The files take their names when the block ends without an error; until then, what had them is unchanged.

    Args:
        folder: Where they go.
        tiers: Which to write.
        batch_rows: Rows of a tier that are held in memory before they are written.

    Raises:
        StorageError: The folder cannot be written.
    """
    finished: list[SeriesFile] = []
    with ExitStack() as stack:
        files = {}
        for tier in tiers:
            path = folder / f"{TABLE_NAMES[tier]}.csv"
            files[tier] = _CountedFile(stack.enter_context(open_atomic(path)))
            files[tier].write(_heading(TIER_SCHEMAS[tier].names))
        writer = SeriesWriter(files, batch_rows)
        yield writer, finished
        writer.finish()
    for tier, file in files.items():
        path = folder / f"{TABLE_NAMES[tier]}.csv"
        finished.append(
            SeriesFile(TABLE_NAMES[tier], path, file.rows, file.size_bytes, file.digest.hexdigest())
        )


def write_ledger(folder: Path, rows: Iterable[dict[str, Any]]) -> SeriesFile:
    """Writes granules.csv: one row a granule, with the columns `LEDGER_COLUMNS`.

    Raises:
        StorageError: The folder cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(LEDGER_COLUMNS)
    count = 0
    for row in sorted(rows, key=lambda row: (row["satellite"], row["granule_start"])):
        writer.writerow([_ledger_text(row[column]) for column in LEDGER_COLUMNS])
        count += 1
    data = text.getvalue().encode()
    path = folder / f"{GRANULES.name}.csv"
    write_atomic(path, data)
    return SeriesFile(GRANULES.name, path, count, len(data), hashlib.sha256(data).hexdigest())


def _sorted(granules: list[pa.Table], tier: str) -> pa.Table:
    """The rows of some granules, which stay in their order, by time, then id."""
    rows = pa.concat_tables(granules).combine_chunks()
    granule = np.repeat(np.arange(len(granules)), [table.num_rows for table in granules])
    times = rows[TIME_COLUMNS[tier]].to_numpy().view(np.int64)
    ids = rows[f"{tier}_id"].to_numpy()
    return rows.take(np.lexsort((ids, times, granule)))


def _as_text(rows: pa.Table) -> pa.Table:
    """The rows with times as ISO text.

    Casting a time without a zone is twenty times faster than `strftime`; it leaves a blank where ISO has a T.
    """
    columns = []
    for column in rows.columns:
        if column.type == TIME:
            plain = pa.chunked_array([chunk.view(pa.timestamp("us")) for chunk in column.chunks])
            with_t = pc.binary_replace_slice(plain.cast(pa.string()), 10, 11, "T")
            column = pc.binary_join_element_wise(with_t, "", "Z")
        columns.append(column)
    return pa.table(columns, names=rows.column_names)


def _heading(names: Iterable[str]) -> bytes:
    return (",".join(names) + "\n").encode()


def _ledger_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"
    return repr(value) if isinstance(value, float) else str(value)


class _Sink(io.RawIOBase):
    """A counted file as the file object that pyarrow wants."""

    def __init__(self, file: _CountedFile) -> None:
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Passes the bytes on."""
        return self._file.write(bytes(data))

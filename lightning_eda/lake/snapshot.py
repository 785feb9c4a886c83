"""Reading: the ledger at one version says which files make up each hour, whatever is committed meanwhile."""

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from lightning_eda.errors import LakeError, ObjectNotFoundError
from lightning_eda.lake.layout import LEDGER, HourKey, LedgerName
from lightning_eda.lake.location import Lake
from lightning_eda.lake.parquet import read_parquet
from lightning_eda.lake.state import TableState, read_state
from lightning_eda.series import TABLES

FILES_AT_ONCE = 8


@dataclass(frozen=True)
class Snapshot:
    """The hours of a window at one moment.

    Attributes:
        lake: Where they are.
        version: The ledger's version.
        hours: What the ledger says of each hour, in the order of hours and satellites.
    """

    lake: Lake
    version: int
    hours: dict[HourKey, LedgerName]

    def rows(self, table: str) -> Iterator[pa.Table]:
        """The rows of a table hour by hour, with the warehouse's types; a few files are held at a time.

        Raises:
            StorageError: A file cannot be read.
            LakeError: A file that the ledger names is gone.
        """
        paths = [(key, path) for key, name in self.hours.items() if (path := _path(table, key, name))]
        with ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="lake") as pool:
            for begin in range(0, len(paths), FILES_AT_ONCE):
                part = paths[begin : begin + FILES_AT_ONCE]
                yield from pool.map(lambda one: self._read(table, *one), part)

    def _read(self, table: str, key: HourKey, path: str) -> pa.Table:
        try:
            data = self.lake.store.read_object(self.lake.key(table, path))
        except ObjectNotFoundError as error:
            raise LakeError(
                f"{self.lake.address(table)}/{path} is gone although the ledger names it; load the hour again"
            ) from error
        rows = read_parquet(data)
        schema = TABLES[table].arrow_schema()
        satellite = pa.repeat(pa.scalar(key.satellite), rows.num_rows)
        columns = [satellite if name == "satellite" else rows[name] for name in schema.names]
        return pa.table(columns, names=schema.names).cast(schema)


def open_snapshot(
    lake: Lake, start: datetime, end: datetime, satellites: Collection[str] | None = None
) -> Snapshot | None:
    """The hours of a window as they are now; None when there is no lake yet.

    Args:
        lake: The lake.
        start: First hour, aware.
        end: The hour after the last, aware.
        satellites: Whose hours; None is all.

    Raises:
        LakeError: The ledger was rewritten by another program.
        LakeUnavailableError: The log cannot be reached.
    """
    ledger = lake.open(LEDGER)
    if ledger is None:
        return None
    state = read_state(ledger, _days(start, end), satellites)
    state.require_own(lake.address(LEDGER))
    return Snapshot(lake, state.version, _names(state, start, end))


def _names(state: TableState, start: datetime, end: datetime) -> dict[HourKey, LedgerName]:
    found = {key: state.ledger(key) for key in sorted(state.hours) if start <= key.hour < end}
    return {key: name for key, name in found.items() if name is not None}


def _days(start: datetime, end: datetime) -> list[date]:
    """The days of a window, [start, end)."""
    first, last = start.astimezone(UTC).date(), (end.astimezone(UTC) - timedelta(microseconds=1)).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _path(table: str, key: HourKey, name: LedgerName) -> str | None:
    if table == LEDGER:
        return name.path(key)
    return key.tier_path(name.tiers[table]) if table in name.tiers else None

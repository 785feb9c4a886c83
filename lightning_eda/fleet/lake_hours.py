"""The hours of a window in the lake: all of one version of its ledger, a part in memory at a time."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from lightning_eda.fleet.hours import Progress
from lightning_eda.lake.snapshot import Snapshot
from lightning_eda.series import GRANULES, HOUR, TIER_TABLES
from lightning_eda.warehouse.cleaning.cell_sums import CleanCells, sum_window
from lightning_eda.warehouse.cleaning.piece_sums import SumOptions
from lightning_eda.warehouse.cleaning.pieces import Span
from lightning_eda.warehouse.database.memory import memory_database
from lightning_eda.warehouse.queries import hour_counts

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LEDGER_AT_ONCE = timedelta(days=7)


@dataclass(frozen=True)
class LakeHours:
    """Hours in the lake at one version of its ledger; it can be sent to another process.

    Attributes:
        snapshot: What the ledger says of them.
        start: Start of the window.
        end: Its end.
        scheduler: Address of a Dask scheduler, whose workers sum a long window.
    """

    snapshot: Snapshot
    start: datetime
    end: datetime
    scheduler: str | None = None

    @contextmanager
    def rows(
        self, start: datetime, end: datetime, tables: Collection[str]
    ) -> "Iterator[duckdb.DuckDBPyConnection]":
        """The rows of the hours that overlap the span, in memory while the block lasts."""
        part = self.part(start, end).snapshot
        with memory_database({table: part.rows(table) for table in tables}) as connection:
            yield connection

    def part(self, start: datetime, end: datetime) -> "LakeHours":
        """The hours that overlap a span."""
        hours = {key: name for key, name in self.snapshot.hours.items() if start - HOUR < key.hour < end}
        return replace(self, snapshot=replace(self.snapshot, hours=hours))

    def counts(self) -> "pa.Table":
        """A week of the ledger at a time."""
        import pyarrow as pa

        weeks = []
        start = self.start
        while start < self.end:
            end = min(start + LEDGER_AT_ONCE, self.end)
            with self.rows(start, end, (GRANULES.name,)) as connection:
                weeks.append(hour_counts(connection, start, end))
            start = end
        order = [("satellite", "ascending"), ("hour", "ascending")]
        return pa.concat_tables(weeks).sort_by(order)

    def tier_rows(self, tier: str, satellites: Collection[str] | None = None) -> int:
        """As of `Hours`."""
        column = f"n_{TIER_TABLES[tier].name}"
        return sum(
            row[column]
            for row in self.counts().to_pylist()
            if not satellites or row["satellite"] in satellites
        )

    def holds(self, table: str) -> bool:
        """As of `Hours`."""
        return any(table in name.tiers for name in self.snapshot.hours.values())

    def sums(
        self,
        pieces: Sequence[Span],
        tables: Sequence[str],
        options: SumOptions,
        most_cells: int,
        progress: Progress,
    ) -> CleanCells:
        """As of `Hours`; on the workers of the cluster where there is one."""
        if not self.scheduler:
            return sum_window(partial(self.rows, tables=tables), pieces, options, most_cells, progress)
        from lightning_eda.fleet.archive import sum_on_workers

        return sum_on_workers(self.scheduler, self, pieces, tables, options, most_cells, progress)

"""The hours of a window, all of one state, a part at a time: from the database file here."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Protocol

from lightning_eda.errors import WindowChangedError
from lightning_eda.series import TIER_TABLES
from lightning_eda.warehouse.cleaning.cell_sums import CleanCells, sum_window
from lightning_eda.warehouse.cleaning.piece_sums import SumOptions
from lightning_eda.warehouse.cleaning.pieces import Span
from lightning_eda.warehouse.cleaning.rows import count_rows
from lightning_eda.warehouse.cleaning.window_sums import explained_memory
from lightning_eda.warehouse.queries import hour_counts, ledger_state, reading

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

Progress = Callable[[int, int], None]


class Hours(Protocol):
    """What is asked of the hours of a window; the window never changes while it is used."""

    def rows(
        self, start: datetime, end: datetime, tables: Collection[str]
    ) -> "AbstractContextManager[duckdb.DuckDBPyConnection]":
        """A connection whose `tables` hold at least the rows of the granules that start in [start, end)."""

    def counts(self) -> "pa.Table":
        """What the ledger counts of each hour, as `queries.hour_counts`."""

    def tier_rows(self, tier: str, satellites: Collection[str] | None = None) -> int:
        """Rows of a tier before cleaning: of a lake those that its ledger counts."""

    def holds(self, table: str) -> bool:
        """Whether there are rows of a table."""

    def sums(
        self,
        pieces: Sequence[Span],
        tables: Sequence[str],
        options: SumOptions,
        most_cells: int,
        progress: Progress,
    ) -> CleanCells:
        """The sums per cell of the window, as `cell_sums.sum_window`, from rows of these tables."""


@dataclass(frozen=True)
class FileHours:
    """Hours in a database file that is open.

    Attributes:
        connection: The open file.
        start: Start of the window.
        end: Its end.
        database: Where the file is.
        let_go: Closes the file before sums are made, so that loads need not wait; None keeps it open.
    """

    connection: "duckdb.DuckDBPyConnection"
    start: datetime
    end: datetime
    database: "Path | str"
    let_go: Callable[[], None] | None = None

    def rows(
        self,
        start: datetime,  # noqa: ARG002 - all rows are there
        end: datetime,  # noqa: ARG002
        tables: Collection[str],  # noqa: ARG002
    ) -> "AbstractContextManager[duckdb.DuckDBPyConnection]":
        """The open file."""
        return nullcontext(self.connection)

    def counts(self) -> "pa.Table":
        """As of the protocol."""
        return hour_counts(self.connection, self.start, self.end)

    def tier_rows(self, tier: str, satellites: Collection[str] | None = None) -> int:
        """As of the protocol."""
        return count_rows(self.connection, self.start, self.end, tier, satellites)

    def holds(self, table: str) -> bool:
        """As of the protocol."""
        tier = next(tier for tier, known in TIER_TABLES.items() if known.name == table)
        return self.tier_rows(tier) > 0

    def sums(
        self,
        pieces: Sequence[Span],
        tables: Sequence[str],
        options: SumOptions,
        most_cells: int,
        progress: Progress,
    ) -> CleanCells:
        """As of the protocol.

        Raises:
            WindowChangedError: The file was let go, and hours of the window were loaded meanwhile.
        """
        if self.let_go is None:
            return sum_window(partial(self.rows, tables=tables), pieces, options, most_cells, progress)
        state = ledger_state(self.connection, self.start, self.end)
        self.let_go()

        @contextmanager
        def rows(start: datetime, end: datetime) -> "Iterator[duckdb.DuckDBPyConnection]":
            with reading(self.database) as connection, explained_memory(start, end):
                if ledger_state(connection, self.start, self.end) != state:
                    raise WindowChangedError(
                        f"hours of {self.start:%Y-%m-%dT%HZ} to {self.end:%Y-%m-%dT%HZ} were loaded while "
                        "they were summed; run it again"
                    )
                yield connection

        return sum_window(rows, pieces, options, most_cells, progress)


@contextmanager
def file_hours(
    database: "Path | str", start: datetime, end: datetime, hold: bool = True
) -> Iterator[FileHours]:
    """The hours of a window in a database file.

    Args:
        database: The file.
        start: First hour, aware.
        end: The hour after the last.
        hold: Whether nobody can write it while a long window is summed; else that may fail.

    Raises:
        DatabaseBusyError: Others held the database all the time that is waited.
        WarehouseError: There is no database, or it cannot be read.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(reading(database))
        yield FileHours(connection, start, end, database, None if hold else stack.close)

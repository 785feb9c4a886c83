"""Pieces of a window added up, in memory for the occupied cells and not for the rows.

The result does not depend on how the window is cut, nor on the order in which the pieces come: sums are whole
numbers, cells are joined to larger ones only while more than `most_cells` of the whole window are occupied,
and rows that are far are compared with all pieces in the end.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

import duckdb
import pyarrow as pa

from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse.cleaning.piece_sums import (
    DRAW,
    LARGEST_DRAW,
    STEPS,
    PieceSums,
    SumOptions,
    cells_of,
    each,
    whole_sums,
)
from lightning_eda.warehouse.cleaning.rows import ROW_COLUMNS, Account, make_account
from lightning_eda.warehouse.cleaning.rules import DUPLICATE, SAME, TIME_REACH
from lightning_eda.warehouse.database.instances import connected
from lightning_eda.warehouse.database.options import set_options

PIECE_MEMORY: Final = "250MB"
SUMS_MEMORY: Final = "400MB"
MOST_CELLS: Final = 500_000
Span = tuple[datetime, datetime]


def limit_memory(connection: duckdb.DuckDBPyConnection, limit: str = PIECE_MEMORY) -> None:
    """Keeps DuckDB, which else takes what the machine has, to what a piece needs; the rest is spilled."""
    set_options(connection, {"memory_limit": limit, "temp_directory": _spill_folder()})


@contextmanager
def explained_memory(start: datetime, end: datetime) -> Iterator[None]:
    """Our error when a span needs more memory than is allowed, and cannot spill."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise WarehouseError(
            f"{start:%Y-%m-%dT%HZ} to {end:%Y-%m-%dT%HZ}: summing it takes more than {PIECE_MEMORY}, and "
            f"{_spill_folder()} has no room for the rest: free some, or set TMPDIR to a larger place; a box, "
            "or a tier with fewer rows, takes less"
        ) from error


def _spill_folder() -> Path:
    return Path(tempfile.gettempdir()) / "lightning_eda-duckdb"


@dataclass
class WindowSums:
    """The sum of the pieces so far; make it by `open`.

    Attributes:
        options: What is summed.
        most_cells: Occupied cells to allow, at least 2 for each axis; for more the edge is doubled.
        level: How often the edge was doubled.
        largest_draw: Rows with a larger draw are not in the sample any more.
    """

    options: SumOptions
    most_cells: int
    connection: duckdb.DuckDBPyConnection
    level: int = 0
    largest_draw: int = LARGEST_DRAW
    dropped: Counter[str] = field(default_factory=Counter)
    untested: Counter[str] = field(default_factory=Counter)
    read: int = 0

    @classmethod
    @contextmanager
    def open(cls, options: SumOptions, most_cells: int = MOST_CELLS) -> Iterator[Self]:
        """Nothing yet."""
        with connected() as connection:
            limit_memory(connection, SUMS_MEMORY)
            yield cls(options, most_cells, connection)

    def add(self, piece: PieceSums) -> None:
        """Adds a piece."""
        self.read += piece.account.read
        self.dropped.update(piece.account.dropped)
        self.untested.update(piece.account.untested)
        self._append("far", piece.far)
        self._append("sample", piece.sample)
        if self._count("sample") > 2 * self.options.sample_rows:
            self._draw()
        self._add_cells(piece.cells)

    def far(self) -> pa.Table:
        """The rows that are far, but for those that repeat another of them."""
        before = self._count("far")
        self.connection.execute(f"""
            CREATE OR REPLACE TABLE far AS SELECT * FROM far
            QUALIFY row_number() OVER (PARTITION BY {SAME} ORDER BY granule_start, id, place) = 1""")
        self.dropped[DUPLICATE] += before - self._count("far")
        return self.connection.table("far").to_arrow_table()

    def far_spans(self, pieces: Sequence[Span]) -> Iterator[Span]:
        """Where rows that are not far may have the time of one that is: at most one span of each piece."""
        found = self.connection.sql("SELECT DISTINCT time FROM far WHERE time IS NOT NULL").fetchall()
        times = sorted(time.replace(tzinfo=UTC) for (time,) in found)
        for start, end in pieces:
            near = [time for time in times if start - TIME_REACH <= time < end + TIME_REACH]
            if near:
                last = near[-1] + TIME_REACH + timedelta(microseconds=1)
                yield max(start, near[0] - TIME_REACH), min(end, last)

    def drop_far(self, repeated: pa.Table) -> None:
        """Drops the rows that are far and repeat one that is not; `repeated` has what is the `SAME`."""
        before = self._count("far")
        self.connection.register("incoming", repeated)
        same = " AND ".join(f"far.{name} IS NOT DISTINCT FROM incoming.{name}" for name in SAME.split(", "))
        self.connection.execute(f"CREATE OR REPLACE TABLE far AS FROM far ANTI JOIN incoming ON {same}")
        self.connection.unregister("incoming")
        self.dropped[DUPLICATE] += before - self._count("far")

    def finish(self) -> tuple[Account, pa.Table, pa.Table]:
        """What became of all rows, the cells by key with sums as doubles, and the sample in order."""
        if self._count("far"):
            self._append(
                "sample", self.connection.sql(f"SELECT {ROW_COLUMNS}, {DRAW} FROM far").to_arrow_table()
            )
            self._add_cells(cells_of(self.connection, "far", self.options))
        self._draw()
        self._join_cells()
        keys = each(self.options, "key_AXIS")
        sums = each(self.options, "sum_AXIS::DOUBLE AS sum_AXIS")
        cells = f"SELECT {keys}, count::DOUBLE AS count, {sums}, squares::DOUBLE AS squares FROM cells"
        sample = f"SELECT {ROW_COLUMNS} FROM sample ORDER BY satellite, granule_start, id, draw"
        return (
            make_account(self.read, self.dropped, self.untested),
            self.connection.sql(f"{cells} ORDER BY {keys}").to_arrow_table(),
            self.connection.sql(sample).to_arrow_table(),
        )

    def _append(self, table: str, rows: pa.Table) -> None:
        self.connection.register("incoming", rows)
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS {table} AS FROM incoming LIMIT 0")
        self.connection.execute(f"INSERT INTO {table} FROM incoming")
        self.connection.unregister("incoming")

    def _count(self, table: str) -> int:
        ((count,),) = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(count)

    def _draw(self) -> None:
        """Keeps the rows of the sample with the smallest draws."""
        most = self.options.sample_rows
        self.connection.execute(f"""
            CREATE OR REPLACE TABLE sample AS FROM sample
            ORDER BY draw, satellite, granule_start, id LIMIT {most}""")
        if most and self._count("sample") == most:
            ((self.largest_draw,),) = self.connection.execute("SELECT max(draw) FROM sample").fetchall()

    def _add_cells(self, cells: pa.Table) -> None:
        self.connection.register("incoming", cells)
        fine = f"SELECT {whole_sums(self.options)} FROM incoming"
        joined = self._joined_sql(f"({fine})", 0, self.level) if self.level else fine
        self.connection.execute(f"CREATE TABLE IF NOT EXISTS cells AS FROM ({joined}) LIMIT 0")
        self.connection.execute(f"INSERT INTO cells {joined}")
        self.connection.unregister("incoming")
        if self._count("cells") > 2 * self.most_cells:
            self._join_cells()

    def _join_cells(self) -> None:
        """One row for each cell; while there are too many, cells of twice the edge."""
        self.connection.execute(f"CREATE OR REPLACE TABLE cells AS {self._joined_sql('cells', 0, 0)}")
        while self._count("cells") > self.most_cells:
            joined = self._joined_sql("cells", self.level, 1)
            self.connection.execute(f"CREATE OR REPLACE TABLE cells AS {joined}")
            self.level += 1

    def _joined_sql(self, cells: str, level: int, doublings: int) -> str:
        """Cells of a level joined to those of larger edges; the unit of the sums stays.

        What is x from the corner of its cell is x + b from that of the larger one, so sums of x grow by n b
        and sums of squares by 2 b x + n b**2, for each axis.
        """
        options, times = self.options, 2**doublings
        keys = each(options, f"key_AXIS >> {doublings}")
        corner = f"((key_AXIS - (key_AXIS >> {doublings}) * {times})::HUGEINT * {2**level})"
        one = f"{int(STEPS)}::HUGEINT"
        moved = each(options, f"sum(sum_AXIS + count::HUGEINT * {corner} * {one})::HUGEINT AS sum_AXIS")
        added = " + ".join(
            f"2 * {corner} * sum_AXIS + {corner} * {corner} * count * {one}".replace("AXIS", axis)
            for axis in options.axes
        )
        named = each(options, f"key_AXIS >> {doublings} AS key_AXIS")
        return f"""
            SELECT {named}, sum(count)::BIGINT AS count, {moved}, sum(squares + {added})::HUGEINT AS squares
            FROM {cells} GROUP BY {keys}"""

"""The sums per cell of a piece of a window: whole numbers, so that pieces add up to the window exactly.

Positions are whole steps of 2**-48 of a cell's edge from its lower corner, and sums of them are 128-bit
numbers: nothing is rounded when pieces are added, in whatever order, or when cells are joined to those of
twice the edge. Which rows repeat another is exact as well: see `rules.judge_piece`; the few rows that a piece
alone cannot decide on go with it as `far`.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb
import pyarrow as pa

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import SettingError
from lightning_eda.warehouse.cleaning.options import Cleaning
from lightning_eda.warehouse.cleaning.rows import ROW_COLUMNS, Account, account_of
from lightning_eda.warehouse.cleaning.rules import LOOK_BACK, SAME, judge_piece
from lightning_eda.warehouse.span import select_span

STEPS: Final = 2.0**48  # per cell edge
HALF_BITS: Final = 32
LARGEST_KEY: Final = 2.0**40
LARGEST_DRAW: Final = 2**64 - 1
AXES: Final[dict[str, dict[str, str]]] = {
    "sphere": {
        "x": "getvariable('radius') * cos(radians(lat)) * cos(radians(lon))",
        "y": "getvariable('radius') * cos(radians(lat)) * sin(radians(lon))",
        "z": "getvariable('radius') * sin(radians(lat))",
    },
    "lonlat": {"x": "lon", "y": "lat"},
}
DRAW = "hash(satellite, granule_start, id, time, lat, lon) AS draw"
"""The lot of a row: those with the smallest are a sample, the same whichever way the window is cut."""


@dataclass(frozen=True)
class SumOptions:
    """What is summed.

    Attributes:
        cleaning: What to read and what to drop.
        size: Edge of a cell: km for "sphere", degrees for "lonlat".
        geometry: "sphere" (unit vectors times the Earth's mean radius) or "lonlat" (plain degrees).
        sample_rows: Kept rows to draw.

    Raises:
        SettingError: The geometry is neither of the two, or the size is not above 0 or far too small.
    """

    cleaning: Cleaning
    size: float = 2.0
    geometry: str = "sphere"
    sample_rows: int = 0

    def __post_init__(self) -> None:
        if self.geometry not in AXES:
            raise SettingError("geometry", self.geometry, ", ".join(AXES))
        if not (math.isfinite(self.size) and self.size * LARGEST_KEY > EARTH_RADIUS_KM):
            raise SettingError("cell_size", self.size, f"above {EARTH_RADIUS_KM / LARGEST_KEY:.1g}")

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes."""
        return tuple(AXES[self.geometry])

    @property
    def sums(self) -> tuple[str, ...]:
        """The names of the sums."""
        return (*(f"sum_{axis}" for axis in self.axes), "squares")


@dataclass(frozen=True)
class PieceSums:
    """The sums of a piece, and what the others are needed for.

    Attributes:
        account: What became of its rows; repeats among `far` are not known yet.
        cells: By occupied cell key_x, ..., count, and the halves of sum_x, ... and squares, in steps.
        sample: Of the kept rows those with the smallest draw, with the columns of `clean_rows` and draw.
        far: Kept rows whose time is far from their granule, with the columns of `clean_rows` and place; they
            are in no cell yet.
    """

    account: Account
    cells: pa.Table
    sample: pa.Table
    far: pa.Table


def sum_piece(
    connection: duckdb.DuckDBPyConnection,
    start: datetime,
    end: datetime,
    window_start: datetime,
    options: SumOptions,
    largest_draw: int = LARGEST_DRAW,
) -> PieceSums:
    """Cleans and sums the rows of the granules that start in [start, end).

    Args:
        connection: Where the rows from `needed_from` on are.
        start: Start of the piece, aware.
        end: Its end, aware.
        window_start: Start of the window, aware.
        options: What is summed.
        largest_draw: Rows with a larger draw are not wanted in the sample.
    """
    cleaning = options.cleaning
    select_span(connection, needed_from(start, window_start), end, cleaning.satellites)
    judge_piece(connection, cleaning, start)
    connection.execute("""
        CREATE OR REPLACE TEMP VIEW own_kept AS
        SELECT * FROM temp.own_judged ANTI JOIN temp.own_repeats USING (place)
        WHERE reason IS NULL AND NOT is_far""")
    sample = f"""
        SELECT * FROM (SELECT {ROW_COLUMNS}, {DRAW} FROM temp.own_kept) WHERE draw <= {largest_draw}::UBIGINT
        ORDER BY draw LIMIT {options.sample_rows}"""
    far = f"SELECT {ROW_COLUMNS}, place FROM temp.own_judged WHERE reason IS NULL AND is_far"
    return PieceSums(
        account_of(connection, cleaning, "own_"),
        cells_of(connection, "temp.own_kept", options),
        connection.sql(sample).to_arrow_table(),
        connection.sql(far).to_arrow_table(),
    )


def needed_from(start: datetime, window_start: datetime) -> datetime:
    """From which granule on the rows must be there for a piece that starts then."""
    return max(window_start, start - LOOK_BACK)


def repeated_near(
    connection: duckdb.DuckDBPyConnection, start: datetime, end: datetime, far: pa.Table, cleaning: Cleaning
) -> pa.Table:
    """What rows of `far` repeat: the columns `SAME` of kept rows that are not far, in [start, end)."""
    select_span(connection, start, end, cleaning.satellites)
    judge_piece(connection, cleaning, start)
    connection.register("far_rows", far)
    found = connection.sql(f"""
        SELECT {SAME} FROM temp.own_judged WHERE reason IS NULL AND NOT is_far
        INTERSECT SELECT {SAME} FROM far_rows""").to_arrow_table()
    connection.unregister("far_rows")
    return found


def cells_of(connection: duckdb.DuckDBPyConnection, rows: str, options: SumOptions) -> pa.Table:
    """The cells of the rows of a relation with lat and lon."""
    for name, value in {"size": options.size, "radius": EARTH_RADIUS_KM, "steps": STEPS}.items():
        connection.execute(f"SET VARIABLE {name} = CAST(? AS DOUBLE)", [value])
    axes = AXES[options.geometry]
    scaled = ", ".join(f"({position}) / getvariable('size') AS {axis}" for axis, position in axes.items())
    square = " + ".join(f"({axis} - key_{axis}) ** 2" for axis in axes)
    sql = f"""
        WITH scaled AS (
            SELECT {scaled} FROM {rows}
        ), keyed AS (
            SELECT *, {each(options, "floor(AXIS)::BIGINT AS key_AXIS")} FROM scaled
        )
        SELECT {each(options, "key_AXIS")}, count(*) AS count,
            {each(options, "sum(((AXIS - key_AXIS) * getvariable('steps'))::BIGINT) AS sum_AXIS")},
            sum((({square}) * getvariable('steps'))::BIGINT) AS squares
        FROM keyed GROUP BY {each(options, "key_AXIS")}"""
    return connection.sql(f"SELECT {_halves(options)} FROM ({sql})").to_arrow_table()


def _halves(options: SumOptions) -> str:
    """Each sum as two 64-bit numbers: Arrow has 128-bit ones as decimals, which take ten times as long."""
    halves = ", ".join(
        f"({name} >> {HALF_BITS})::BIGINT AS {name}_high, "
        f"({name} & {2**HALF_BITS - 1}::HUGEINT)::BIGINT AS {name}_low"
        for name in options.sums
    )
    return f"{each(options, 'key_AXIS')}, count, {halves}"


def whole_sums(options: SumOptions) -> str:
    """SQL that makes the halves one number again."""
    wholes = ", ".join(
        f"{name}_high::HUGEINT * {2**HALF_BITS} + {name}_low AS {name}" for name in options.sums
    )
    return f"{each(options, 'key_AXIS')}, count, {wholes}"


def each(options: SumOptions, text: str) -> str:
    """A list of SQL with the text for each axis."""
    return ", ".join(text.replace("AXIS", axis) for axis in options.axes)

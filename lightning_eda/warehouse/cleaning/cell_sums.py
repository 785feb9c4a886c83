"""The sums of a window's kept rows per cell: what weighted k-means needs, by one GROUP BY in DuckDB."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import SettingError
from lightning_eda.warehouse.cleaning.rows import Account, Cleaning, account_of
from lightning_eda.warehouse.cleaning.rules import judge
from lightning_eda.warehouse.queries import Database, reading
from lightning_eda.warehouse.span import select_span

STEPS = 2.0**48  # steps per cell edge: whole steps add up exactly, so in every row order alike
LARGEST_KEY = 2.0**40
AXES: Final[dict[str, dict[str, str]]] = {
    "sphere": {
        "x": "getvariable('radius') * cos(radians(lat)) * cos(radians(lon))",
        "y": "getvariable('radius') * cos(radians(lat)) * sin(radians(lon))",
        "z": "getvariable('radius') * sin(radians(lat))",
    },
    "lonlat": {"x": "lon", "y": "lat"},
}


@dataclass(frozen=True)
class CleanCells(Account):
    """The sums of the kept rows per occupied cell, ordered by key, and the account of all rows.

    The first five are what the clustering takes as cells.

    Attributes:
        size: Edge of a cell: km for "sphere", degrees for "lonlat".
        key: Grid index floor(x / size) per axis, shape (m, d), int64.
        count: Rows per cell, shape (m,), float64.
        mean: Mean position per cell, shape (m, d): x, y, z in km from the Earth's centre on a sphere, or
            longitude and latitude in degrees.
        sum_squares: Sum of squared distances to the cell's mean, shape (m,).
        geometry: "sphere" or "lonlat".
    """

    size: float
    key: NDArray[np.int64]
    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    sum_squares: NDArray[np.float64]
    geometry: str


def clean_cells(
    database: Database,
    start: datetime,
    end: datetime,
    cleaning: Cleaning | None = None,
    cell_size: float = 2.0,
    geometry: str = "sphere",
) -> CleanCells:
    """The sums per cell of the rows that the cleaning keeps, by one GROUP BY: rows never leave DuckDB.

    Positions are added in steps of 2**-48 of the edge as whole numbers, so the sums do not depend on the
    order in which DuckDB's threads meet the rows.

    Args:
        database: The database file, or an open reader.
        start: First granule start, aware.
        end: First granule start after the window, aware.
        cleaning: What to read and what to drop; None is `Cleaning()`.
        cell_size: Edge of a cell: km for "sphere", degrees for "lonlat".
        geometry: "sphere" (unit vectors times the Earth's mean radius) or "lonlat" (plain degrees).

    Raises:
        SettingError: The geometry is neither of the two, or the size is not above 0 or far too small.
        DatabaseBusyError: Others held the database all that time.
        WarehouseError: There is no database, or it cannot be read.
    """
    _require_grid(cell_size, geometry)
    cleaning = cleaning or Cleaning()
    with reading(database) as connection:
        select_span(connection, start, end, cleaning.satellites)
        judge(connection, cleaning)
        account = account_of(connection, cleaning)
        for name, value in {"size": cell_size, "radius": EARTH_RADIUS_KM, "steps": STEPS}.items():
            connection.execute(f"SET VARIABLE {name} = CAST(? AS DOUBLE)", [value])
        sums = connection.sql(_cells_sql(AXES[geometry])).to_arrow_table()
    return _cells(account, sums, cell_size, geometry)


def _require_grid(cell_size: float, geometry: str) -> None:
    if geometry not in AXES:
        raise SettingError("geometry", geometry, ", ".join(AXES))
    if not (math.isfinite(cell_size) and cell_size * LARGEST_KEY > EARTH_RADIUS_KM):
        raise SettingError("cell_size", cell_size, f"above {EARTH_RADIUS_KM / LARGEST_KEY:.1g}")


def _cells_sql(axes: dict[str, str]) -> str:
    def each(text: str) -> str:
        return ", ".join(text.replace("AXIS", axis) for axis in axes)

    scaled = ", ".join(f"({position}) / getvariable('size') AS {axis}" for axis, position in axes.items())
    square = " + ".join(f"({axis} - key_{axis}) ** 2" for axis in axes)
    return f"""
        WITH scaled AS (
            SELECT {scaled} FROM temp.judged ANTI JOIN temp.repeats USING (place) WHERE reason IS NULL
        ), keyed AS (
            SELECT *, {each("floor(AXIS)::BIGINT AS key_AXIS")} FROM scaled
        )
        SELECT {each("key_AXIS")}, count(*)::DOUBLE AS count,
            {each("sum(((AXIS - key_AXIS) * getvariable('steps'))::BIGINT)::DOUBLE AS sum_AXIS")},
            sum((({square}) * getvariable('steps'))::BIGINT)::DOUBLE AS squares
        FROM keyed GROUP BY {each("key_AXIS")} ORDER BY {each("key_AXIS")}"""


def _cells(account: Account, sums: pa.Table, size: float, geometry: str) -> CleanCells:
    def columns(prefix: str) -> NDArray[np.float64]:
        return np.column_stack([sums[prefix + axis].to_numpy() for axis in AXES[geometry]])

    key = columns("key_").astype(np.int64)
    count = sums["count"].to_numpy()
    steps = columns("sum_") / STEPS
    mean = steps / count[:, np.newaxis]
    about_mean = np.maximum(sums["squares"].to_numpy() / STEPS - (steps * mean).sum(axis=1), 0.0)
    about_mean[count == 1] = 0.0
    return CleanCells(
        **vars(account),
        size=size,
        key=key,
        count=count,
        mean=(key + mean) * size,
        sum_squares=about_mean * size**2,
        geometry=geometry,
    )

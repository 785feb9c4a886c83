"""Storms of a day for GIS programs: a table with shapes as GeoJSON and GeoParquet."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from lightning_eda.figures.globe.features import Geometry


def write_shapes(folder: Path, name: str, table: "pa.Table", shapes: "Sequence[Geometry]") -> list[Path]:
    """Writes both files, a row with its shape in each; StorageError where that cannot be done."""
    from lightning_eda.figures.globe.features import geojson, geoparquet
    from lightning_eda.storage.atomic import write_atomic

    paths = [folder / f"{name}.geojson", folder / f"{name}.parquet"]
    for path, content in zip(paths, (geojson, geoparquet), strict=True):
        write_atomic(path, content(table, shapes))
    return paths

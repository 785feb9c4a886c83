"""From cleaned rows to the points that are clustered: geometry, and extra features on a common scale."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lightning_eda.clustering.points import Floats, lonlat, normalise, sphere_points
from lightning_eda.errors import PointsError

GEOMETRIES = ("sphere", "lonlat")
NORMALISATIONS = ("none", "zscore", "minmax")
FEATURES = {"time": "time", "energy": "energy_j", "area": "area_m2"}


@dataclass(frozen=True)
class PointSpec:
    """How rows become points.

    Attributes:
        geometry: "sphere": unit vectors times the Earth's radius, so distances are km (chords), inertia is
            km2 and nothing happens at the antimeridian or near the poles. "lonlat": plain degrees, as in
            the classic notebook, where a degree of longitude counts the same at every latitude.
        features: Any of "time" (s), "energy" (J) and "area" (m2), as further dimensions.
        normalisation: Of the features: "none", "zscore" or "minmax".
        feature_scale: What one unit of a (normalised) feature counts, in km or degrees.

    Raises:
        PointsError: A word is not one of these, or the scale is not positive.
    """

    geometry: str = "sphere"
    features: tuple[str, ...] = ()
    normalisation: str = "zscore"
    feature_scale: float = 500.0

    def __post_init__(self) -> None:
        for name, words, found, allowed in (
            ("geometry", {self.geometry}, self.geometry, GEOMETRIES),
            ("normalisation", {self.normalisation}, self.normalisation, NORMALISATIONS),
            ("features", {*self.features}, sorted({*self.features}), tuple(FEATURES)),
        ):
            if not words <= {*allowed}:
                raise PointsError(f"{name}: found {found!r}; allowed: {', '.join(allowed)}")
        if not self.feature_scale > 0:
            raise PointsError(f"feature_scale: found {self.feature_scale}; allowed: above 0")

    @property
    def unit(self) -> str:
        """Unit of a distance."""
        return "km" if self.geometry == "sphere" else "degree"


def make_points(rows: pa.Table, spec: PointSpec) -> Floats:
    """The points of cleaned rows, shape (n, 3 or 2, plus one for each feature).

    Args:
        rows: Columns lon and lat (degrees), and those the features ask for, without nulls.
        spec: How.

    Raises:
        PointsError: A value is missing or not finite.
    """
    lon, lat = _floats(rows, "lon"), _floats(rows, "lat")
    position = sphere_points(lon, lat) if spec.geometry == "sphere" else np.column_stack([lon, lat])
    if not spec.features:
        return position
    columns = [_floats(rows, FEATURES[name]) for name in spec.features]
    features = normalise(np.column_stack(columns), spec.normalisation)  # type: ignore[arg-type]
    return np.hstack([position, spec.feature_scale * features])


def center_positions(centers: Floats, spec: PointSpec) -> Floats:
    """Longitude and latitude of centres, degrees, shape (k, 2)."""
    return lonlat(centers) if spec.geometry == "sphere" else centers[:, :2]


def _floats(rows: pa.Table, name: str) -> Floats:
    column = rows[name]
    if column.null_count:
        raise PointsError(f"{column.null_count} of {len(column)} rows have no {name}; drop them first")
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() / 1e6
        return np.asarray(seconds - seconds.min() if len(seconds) else seconds, dtype=np.float64)
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)

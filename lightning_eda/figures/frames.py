"""What every figure is drawn from: the points and clusters of one window, and the scores of k."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lightning_eda.earth import subpoint_lon
from lightning_eda.figures.sphere import Floats
from lightning_eda.series import TABLE_NAMES

FLASH_COLUMNS = {
    "time": "first light, UTC, microseconds",
    "lat": "degrees, finite",
    "lon": "degrees, finite, -180 <= lon < 180",
    "energy_j": "radiant energy, J, may be null",
    "area_m2": "footprint, m2, may be null",
    "duration_s": "last light minus first light, s, may be null",
    "cluster": "label, -1 for none",
}
CLUSTER_COLUMNS = {
    "cluster": "label",
    "center_lat": "degrees",
    "center_lon": "degrees",
    "radius_km": "from the centre to the farthest of its points, km",
    "hull_area_km2": "area of the convex hull, km2",
    "flashes": "count",
    "rate_per_minute": "per minute",
    "energy_j": "sum, J, may be null",
    "first_time": "UTC",
    "last_time": "UTC",
}
SCORE_COLUMNS = {
    "k": "number of clusters",
    "inertia": "sum of squared distances to the centres, km2 (sphere) or deg2 (lonlat)",
    "silhouette": "mean silhouette coefficient, -1 to 1, may be null",
    "silhouette_error": "standard error when sampled, else null",
}
NOT_LOADED = "Nothing of this window is loaded"
GLM = "GOES-R Geostationary Lightning Mapper (GLM)"

Labels = NDArray[np.int64]


def require_columns(table: pa.Table, columns: dict[str, str], what: str) -> None:
    """Checks that a table has every column a figure reads.

    Raises:
        ValueError: A column is missing.
    """
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ValueError(f"{what}: missing columns {missing}; it has {table.column_names}")


def satellite_title(satellite: str, simulated: bool) -> str:
    """A satellite as people write it: "GOES-18" for "G18"; said to be simulated where it is."""
    number = satellite[1:]
    title = f"GOES-{number}" if satellite.startswith("G") and number.isdigit() else satellite
    return f"Simulated {title}" if simulated else title


def source_words(simulated: bool) -> str:
    """Where the data come from."""
    return "simulated granules, seen by no instrument" if simulated else GLM


@dataclass(frozen=True)
class Scene:
    """The clustered points of one window, as seen by one satellite.

    Attributes:
        satellite: For example "G18".
        start: Start of the window, UTC.
        end: End of the window, exclusive, UTC.
        flashes: A row a point, FLASH_COLUMNS.
        clusters: A row a cluster, CLUSTER_COLUMNS.
        tier: What a row of `flashes` is: "flash", "group" or "event".
        total: How many there were, where `flashes` is a sample of them; None: it holds all.
        simulated: Whether no instrument saw them; every title says so.
        names: Numbers to show in place of labels, where these are others than in the tables.
        word: What a label stands for, in a word.
        loaded: Whether there were granules to find points in.

    Raises:
        ValueError: A column is missing, the window is empty, or the tier is not known.
    """

    satellite: str
    start: datetime
    end: datetime
    flashes: pa.Table
    clusters: pa.Table
    tier: str = "flash"
    total: int | None = None
    simulated: bool = False
    names: Mapping[int, int] = field(default_factory=dict)
    word: str = "cluster"
    loaded: bool = True

    def __post_init__(self) -> None:
        require_columns(self.flashes, FLASH_COLUMNS, "flashes")
        require_columns(self.clusters, CLUSTER_COLUMNS, "clusters")
        if utc(self.end) <= utc(self.start):
            raise ValueError(f"the window ends at {self.end}, not after its start {self.start}")
        if self.tier not in TABLE_NAMES:
            raise ValueError(f"tier {self.tier!r}: allowed are {', '.join(TABLE_NAMES)}")

    def __len__(self) -> int:
        return int(self.flashes.num_rows)

    @property
    def count(self) -> int:
        """How many there were in the window."""
        return len(self) if self.total is None else self.total

    @property
    def scale(self) -> float:
        """How many each row stands for: 1 unless the rows are a sample."""
        return self.count / len(self) if len(self) else 1.0

    def counts_in_window(self, rows: Labels) -> Labels:
        """Numbers of rows as numbers in the window: the same unless the rows are a sample."""
        counts: Labels = np.rint(self.scale * rows).astype(np.int64)
        return counts

    @property
    def noun(self) -> str:
        """The plural of the tier."""
        return TABLE_NAMES[self.tier]

    @property
    def absence(self) -> str:
        """Why there are no points, in a sentence."""
        return f"There were no {self.noun}." if self.loaded else f"{NOT_LOADED}."

    @property
    def satellite_title(self) -> str:
        """The satellite as people write it: "GOES-18" for "G18"."""
        return satellite_title(self.satellite, self.simulated)

    @property
    def source(self) -> str:
        """Where the points come from, in words."""
        return source_words(self.simulated)

    @property
    def subpoint_lon(self) -> float:
        """The longitude under the satellite, degrees; between East and West for one not known here."""
        return subpoint_lon(self.satellite)

    @property
    def window_title(self) -> str:
        """The window in words, the second date only where it differs."""
        return span_text(self.start, self.end)

    @property
    def minutes(self) -> float:
        """The length of the window, minutes."""
        return (utc(self.end) - utc(self.start)) / timedelta(minutes=1)

    @cached_property
    def lat(self) -> Floats:
        """Latitudes, degrees."""
        return self._floats("lat")

    @cached_property
    def lon(self) -> Floats:
        """Longitudes, degrees, -180 <= lon < 180."""
        return self._floats("lon")

    @cached_property
    def energy_fj(self) -> Floats:
        """Radiant energies, fJ, NaN where null."""
        return self._floats("energy_j") * 1e15

    @cached_property
    def area_km2(self) -> Floats:
        """Footprints, km2, NaN where null."""
        return self._floats("area_m2") / 1e6

    @cached_property
    def duration_ms(self) -> Floats:
        """Durations, ms, NaN where null."""
        return self._floats("duration_s") * 1e3

    @cached_property
    def seconds(self) -> Floats:
        """Times since the start of the window, s; below 0 for light that came before its granule."""
        micros = self.flashes["time"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
        start: int = pa.scalar(utc(self.start), pa.timestamp("us", tz="UTC")).cast(pa.int64()).as_py()
        seconds: Floats = (micros - start) / 1e6
        return seconds

    @cached_property
    def label(self) -> Labels:
        """Cluster labels, -1 for none."""
        return np.asarray(self.flashes["cluster"].cast(pa.int64()).fill_null(-1).to_numpy())

    @cached_property
    def labels(self) -> list[int]:
        """The labels in use: those of the cluster table, then any other found on a point, -1 left out."""
        listed: list[int] = self.clusters["cluster"].to_pylist()
        return listed + [int(x) for x in np.unique(self.label) if x >= 0 and x not in set(listed)]

    def name(self, label: int) -> str:
        """What a label is called: its number, "none" for -1."""
        return str(self.names.get(label, label)) if label >= 0 else "none"

    def counts(self) -> dict[int, int]:
        """The points of each label, -1 among them where it occurs."""
        if self.total is not None and self.clusters.num_rows:
            names, sizes = self.clusters["cluster"].to_pylist(), self.clusters["flashes"].to_pylist()
            return dict(zip(names, sizes, strict=True))
        found, count = np.unique(self.label, return_counts=True)
        return dict.fromkeys(self.labels, 0) | dict(zip(found.tolist(), count.tolist(), strict=True))

    def _floats(self, column: str) -> Floats:
        values = self.flashes[column].cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True)
class Evaluation:
    """The scores of every k, and the k that was chosen.

    Attributes:
        scores: A row a k, SCORE_COLUMNS.
        chosen_k: The k of the map, None when there were not enough points.
        chosen_by: Who chose it, in a word or two, for example "silhouette" or "run config".
        knee: The knee of the inertia curve, None when it has none.
        inertia_unit: The unit of the inertia, in plain text.
        rule: How it was chosen, in a sentence without its full stop; empty where that is not known.
        doubts: What speaks against it, in sentences.

    Raises:
        ValueError: A column is missing.
    """

    scores: pa.Table
    chosen_k: int | None = None
    chosen_by: str = ""
    knee: int | None = None
    inertia_unit: str = "km²"
    rule: str = ""
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_columns(self.scores, SCORE_COLUMNS, "scores")

    def __hash__(self) -> int:
        # A table has none; equality compares it whole.
        return hash((self.scores.num_rows, self.chosen_k, self.chosen_by, self.knee, self.inertia_unit))

    def column(self, name: str) -> Floats:
        """One column in the order of k, NaN where null."""
        values = self.scores.sort_by("k")[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        return np.asarray(values, dtype=np.float64)


def utc(time: datetime) -> datetime:
    """A time in UTC; one without a zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def span_text(start: datetime, end: datetime) -> str:
    """A span of time in words, the second date only where it differs."""
    start, end = utc(start), utc(end)
    last = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {last} UTC"

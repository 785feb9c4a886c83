"""Simulated storms: seeded flashes in Gaussian cells, and the cluster table that belongs to them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from lightning_eda.figures.frames import Evaluation, Scene

START = datetime(2024, 10, 1, 0, tzinfo=UTC)
WEST_BOX = (-45.0, 45.0, -165.0, -85.0)
EAST_BOX = (-45.0, 45.0, -110.0, -40.0)
PACIFIC_BOX = (-30.0, 20.0, 165.0, 190.0)


def storm_scene(
    clusters: int,
    flashes: int = 3000,
    box: tuple[float, float, float, float] = EAST_BOX,
    satellite: str = "G18",
    hours: int = 1,
    seed: int = 60,
    spread_deg: float = 2.0,
) -> Scene:
    """A window of storms, one cluster each, of sizes that fall off like 1/rank.

    Args:
        clusters: Storms.
        flashes: Rows.
        box: South, north, west, east of the storm centres, degrees; east may pass 180.
        satellite: For the title.
        hours: Length of the window.
        seed: Of the generator.
        spread_deg: Standard deviation of a storm.
    """
    random = np.random.default_rng(seed)
    south, north, west, east = box
    lats, lons = random.uniform(south, north, clusters), random.uniform(west, east, clusters)
    share = 1.0 / np.arange(1, clusters + 1)
    label = np.sort(random.choice(clusters, flashes, p=share / share.sum()))
    spread = spread_deg * random.uniform(0.5, 1.5, clusters)[label]
    lat = np.clip(lats[label] + random.normal(0, 1, flashes) * spread, -56, 56)
    lon = (lons[label] + random.normal(0, 1, flashes) * spread + 180) % 360 - 180
    peak = random.uniform(0.2, 0.8, clusters)[label]
    seconds = (peak + random.normal(0, 0.2, flashes)) % 1.0 * hours * 3600
    micros = (seconds * 1e6).astype("int64")
    table = pa.table(
        {
            "time": pa.array(
                np.datetime64("2024-10-01T00:00:00", "us") + micros, pa.timestamp("us", tz="UTC")
            ),
            "lat": lat,
            "lon": lon,
            "energy_j": np.exp(random.normal(4.71, 1.57, flashes)) * 1e-15,
            "area_m2": np.exp(random.normal(5.78, 0.91, flashes)) * 1e6,
            "duration_s": np.exp(random.normal(5.4, 0.9, flashes)) * 1e-3,
            "cluster": label,
        }
    )
    return Scene(satellite, START, START + timedelta(hours=hours), table, cluster_table(table, hours * 60.0))


def cluster_table(flashes: pa.Table, minutes: float) -> pa.Table:
    """The table of clusters that belongs to labelled flashes; radius and area by a plain local estimate."""
    rows = []
    label = flashes["cluster"].to_numpy()
    for cluster in [int(c) for c in np.unique(label) if c >= 0]:
        mine = flashes.filter(pa.array(label == cluster))
        lat, lon = mine["lat"].to_numpy(), mine["lon"].to_numpy()
        lon = lon[0] + (lon - lon[0] + 180) % 360 - 180
        north, east = (lat - lat.mean()) * 111.2, (lon - lon.mean()) * 111.2 * np.cos(np.radians(lat.mean()))
        rows.append(
            {
                "cluster": cluster,
                "center_lat": float(lat.mean()),
                "center_lon": float((lon.mean() + 180) % 360 - 180),
                "radius_km": float(np.hypot(north, east).max()),
                "hull_area_km2": float(np.ptp(north) * np.ptp(east) * 0.7),
                "flashes": mine.num_rows,
                "rate_per_minute": mine.num_rows / minutes,
                "energy_j": float(mine["energy_j"].to_numpy().sum()),
                "first_time": min(mine["time"].to_pylist()),
                "last_time": max(mine["time"].to_pylist()),
            }
        )
    return pa.Table.from_pylist(rows, schema=CLUSTER_SCHEMA)


CLUSTER_SCHEMA = pa.schema(
    {
        "cluster": pa.int64(),
        "center_lat": pa.float64(),
        "center_lon": pa.float64(),
        "radius_km": pa.float64(),
        "hull_area_km2": pa.float64(),
        "flashes": pa.int64(),
        "rate_per_minute": pa.float64(),
        "energy_j": pa.float64(),
        "first_time": pa.timestamp("us", tz="UTC"),
        "last_time": pa.timestamp("us", tz="UTC"),
    }
)


def empty_scene(satellite: str = "G18") -> Scene:
    """An hour without a flash."""
    full = storm_scene(2, 10, satellite=satellite)
    return Scene(satellite, full.start, full.end, full.flashes.slice(0, 0), full.clusters.slice(0, 0))


def evaluation(first: int = 2, last: int = 23, chosen: int | None = 7, sampled: bool = False) -> Evaluation:
    """Scores with the usual shapes: a falling inertia and a silhouette with one top."""
    k = np.arange(first, last + 1)
    silhouette = 0.35 + 0.3 * np.exp(-(((k - (chosen or 7)) / 5.0) ** 2))
    error = pa.array(np.full(len(k), 0.012)) if sampled else pa.nulls(len(k), pa.float64())
    scores = pa.table({"k": k, "inertia": 4e9 / k**1.6, "silhouette": silhouette, "silhouette_error": error})
    return Evaluation(scores, chosen, "silhouette", 6)

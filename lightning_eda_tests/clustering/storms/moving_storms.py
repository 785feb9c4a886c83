"""Storms with known drift, as flashes."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from lightning_eda.clustering.points import US_PER_MINUTE, sphere_points
from lightning_eda.clustering.storms.frames import FrameOptions, frames
from lightning_eda.clustering.storms.tracking import Sighting, Tracker
from lightning_eda.earth import EARTH_RADIUS_KM

EPOCH = datetime(1970, 1, 1)


def storm(random, minutes, place, kmh=40.0, heading=90.0, per_minute=4.0, spread_km=5.0):
    """Minutes, latitudes and longitudes of the flashes of a storm that is at `place` at its first minute."""
    first, last = minutes
    lat, lon = place
    count = random.poisson(per_minute * (last - first))
    minute = np.sort(random.uniform(first, last, count))
    gone = kmh / 60 * (minute - first)
    east = gone * np.sin(np.radians(heading)) + random.normal(0, spread_km, count)
    north = gone * np.cos(np.radians(heading)) + random.normal(0, spread_km, count)
    across = EARTH_RADIUS_KM * np.cos(np.radians(lat))
    return minute, lat + np.degrees(north / EARTH_RADIUS_KM), lon + np.degrees(east / across)


def back(place, km, heading):
    """From where a storm comes that is at a place after so many km."""
    lat, lon = place
    across = EARTH_RADIUS_KM * np.cos(np.radians(lat))
    north, east = km * np.cos(np.radians(heading)), km * np.sin(np.radians(heading))
    return lat - np.degrees(north / EARTH_RADIUS_KM), lon - np.degrees(east / across)


def follow(storms, end_minute, options=None) -> tuple[list[Sighting], np.ndarray]:
    """What the tracker sees of some storms, and which storm each flash is of."""
    minute, lat, lon = (np.concatenate(parts) for parts in zip(*storms, strict=True))
    source = np.repeat(np.arange(len(storms)), [len(storm[0]) for storm in storms])
    order = np.argsort(minute, kind="stable")
    time = (minute[order] * US_PER_MINUTE).astype(np.int64)
    points = sphere_points(lon[order], lat[order])
    tracker = Tracker("G18", points)
    steps = frames(time, points, 0, end_minute * US_PER_MINUTE, options or FrameOptions())
    return [sighting for frame in steps for sighting in tracker.follow(frame)], source[order]


def flashes(storms, satellite="G18", start=EPOCH) -> pa.Table:
    """The flashes of some storms as the database gives them."""
    minute, lat, lon = (np.concatenate(parts) for parts in zip(*storms, strict=True))
    moments = [start + timedelta(minutes=value) for value in minute.tolist()]
    granules = [start + timedelta(minutes=np.floor(value * 3) / 3) for value in minute.tolist()]
    return pa.table(
        {
            "satellite": [satellite] * len(minute),
            "time": pa.array(moments, pa.timestamp("us")),
            "granule_start": pa.array(granules, pa.timestamp("us")),
            "lat": lat,
            "lon": lon,
        }
    )

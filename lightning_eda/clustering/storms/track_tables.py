"""The storms of a span of time as tables: each storm, where it was, and its flash rate."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.clustering.points import (
    US_PER_MINUTE,
    Floats,
    Integers,
    cluster_shapes,
    lonlat,
    sphere_points,
)
from lightning_eda.clustering.storms.frames import FrameOptions, frames
from lightning_eda.clustering.storms.jumps import jump_sigmas
from lightning_eda.clustering.storms.motion import Fix, distance_km, heading_deg, moved, speed_kmh, velocity
from lightning_eda.clustering.storms.track import FEWEST_FIXES
from lightning_eda.clustering.storms.tracking import Sighting, Tracker
from lightning_eda.series.storms import (
    FRAME_MINUTES,
    RATE_MINUTES,
    STORM_TRACK_POINTS,
    STORM_TRACK_RATES,
    STORM_TRACKS,
)

Row = dict[str, Any]
FORECAST_MINUTES = 30
RATE_US = RATE_MINUTES * US_PER_MINUTE


class TrackTables(NamedTuple):
    """What `track_storms` found: tables of `series.storms` without the day.

    Attributes:
        tracks: `STORM_TRACKS`: the storms that were open in the span, each from its birth to the span's end.
        points: `STORM_TRACK_POINTS`: the frames of the span.
        rates: `STORM_TRACK_RATES`: the steps of the span.
        oldest_us: The earliest birth of a storm that is named in them; None of none.
    """

    tracks: pa.Table
    points: pa.Table
    rates: pa.Table
    oldest_us: int | None


class _Flashes(NamedTuple):
    """Those of one satellite in the order of their times, shape (n,)."""

    time_us: Integers
    lat: Floats
    lon: Floats


def track_storms(
    flashes: pa.Table, first_us: int, start_us: int, end_us: int, options: FrameOptions
) -> TrackTables:
    """The storms from `start_us` to `end_us`, known by flashes from `first_us` on.

    Args:
        flashes: satellite, time (UTC, no zone), granule_start, lat, lon (degrees); in any order. A flash that
            began before its granule counts at the granule's start, so that a granule is of one frame and day.
        first_us: Where the frames begin, microseconds, on the step.
        start_us: Where the tables begin.
        end_us: Where they end.
        options: What a cell is.
    """
    births: list[int] = []
    tracks: list[Row] = []
    points: list[Row] = []
    rates: list[Row] = []
    for satellite in sorted(flashes["satellite"].unique().to_pylist()):
        own = _in_order(flashes.filter(pc.equal(flashes["satellite"], satellite)))
        for seen in _storms(satellite, own, first_us, end_us, options):
            track = seen[0].track
            if track.closed_us is None or track.closed_us > start_us:
                name = {"satellite": satellite, "track": track.name}
                frames_seen, steps = _points(seen, own), _rates(seen, own)
                births.append(track.born_us)
                tracks.append(name | _summary(seen, frames_seen, steps))
                points += [name | row for row in frames_seen if row["frame_time"] > start_us]
                rates += [name | row for row in steps if row["time"] >= start_us]
    return TrackTables(
        pa.Table.from_pylist(tracks, STORM_TRACKS.arrow_schema("day")),
        pa.Table.from_pylist(points, STORM_TRACK_POINTS.arrow_schema("day")),
        pa.Table.from_pylist(rates, STORM_TRACK_RATES.arrow_schema("day")),
        min(births, default=None),
    )


def _in_order(flashes: pa.Table) -> _Flashes:
    micros = pa.timestamp("us")
    begun = pc.max_element_wise(flashes["time"].cast(micros), flashes["granule_start"].cast(micros))
    flashes = flashes.append_column("begun", begun.cast(pa.int64()))
    flashes = flashes.sort_by([(name, "ascending") for name in ("begun", "lat", "lon")])
    return _Flashes(*(flashes[name].to_numpy() for name in ("begun", "lat", "lon")))


def _storms(
    satellite: str, flashes: _Flashes, first_us: int, end_us: int, options: FrameOptions
) -> Iterator[list[Sighting]]:
    """The sightings of each storm, storms by name."""
    points = sphere_points(flashes.lon, flashes.lat)
    tracker = Tracker(satellite, points)
    seen: dict[str, list[Sighting]] = {}
    for frame in frames(flashes.time_us, points, first_us, end_us, options):
        for sighting in tracker.follow(frame):
            seen.setdefault(sighting.track.name, []).append(sighting)
    return (seen[name] for name in sorted(seen))


def _summary(seen: list[Sighting], points: list[Row], rates: list[Row]) -> Row:
    """The row of a storm in the tracks."""
    track, fixes = seen[0].track, [sighting.fix for sighting in seen]
    over = track.closed_us is not None
    errors = [row["forecast_error_km"] for row in points if row["forecast_error_km"] is not None]
    return {
        "first_time": track.born_us,
        "last_time": fixes[-1].time_us,
        "parent": track.parent,
        "ended_by": track.ended_by if over else None,
        "merged_into": track.merged_into if over else None,
        "frames": len(seen),
        "flashes": sum(row["flashes"] for row in rates),
        "peak_per_minute": max(row["flashes_per_minute"] for row in points),
        "largest_area_km2": max(row["area_km2"] for row in points),
        **_motion(velocity(fixes) if len(fixes) >= FEWEST_FIXES else None, fixes[-1]),
        "forecast_error_km": float(np.mean(errors)) if errors else None,
    }


def _motion(motion: Floats | None, fix: Fix) -> Row:
    if motion is None:
        return {"speed_kmh": None, "heading_deg": None}
    return {"speed_kmh": speed_kmh(motion), "heading_deg": heading_deg(motion, fix.unit)}


def _points(seen: list[Sighting], flashes: _Flashes) -> list[Row]:
    """The rows of a storm's frames, those before the span too."""
    rows = np.concatenate([sighting.cell for sighting in seen])
    labels = np.repeat(np.arange(len(seen)), [len(sighting.cell) for sighting in seen])
    shapes = cluster_shapes(flashes.lon[rows], flashes.lat[rows], labels)
    forecasts: dict[int, Floats] = {}
    found: list[Row] = []
    for sighting, shape in zip(seen, shapes, strict=True):
        now, motion = sighting.fix.time_us, sighting.velocity
        later = now + FORECAST_MINUTES * US_PER_MINUTE
        lon = lat = None
        if motion is not None:
            forecasts[later] = moved(sighting.fix, motion, later)
            lon, lat = lonlat(forecasts[later][np.newaxis])[0].tolist()
        before = forecasts.get(now)
        found.append(
            {
                "frame_time": now,
                "lat": shape.lat,
                "lon": shape.lon,
                "flashes": shape.size,
                "flashes_per_minute": len(sighting.new) / FRAME_MINUTES,
                "area_km2": shape.hull_area_km2,
                **_motion(motion, sighting.fix),
                "event": sighting.event,
                "forecast_lat": lat,
                "forecast_lon": lon,
                "forecast_error_km": None if before is None else distance_km(before, sighting.fix.unit),
            }
        )
    return found


def _rates(seen: list[Sighting], flashes: _Flashes) -> list[Row]:
    """Flashes by step; each flash is of the storm of the first frame that has it."""
    steps = flashes.time_us[np.concatenate([sighting.new for sighting in seen])] // RATE_US
    if not len(steps):
        return []
    counts = np.bincount(steps - steps.min())
    times = (steps.min() + np.arange(len(counts))) * RATE_US
    sigmas = [None if np.isnan(sigma) else sigma for sigma in jump_sigmas(counts).tolist()]
    columns = {"time": times.tolist(), "flashes": counts.tolist(), "sigma": sigmas}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

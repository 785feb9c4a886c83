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
from lightning_eda.clustering.storms.jumps import STEP_MINUTES, jump_sigmas
from lightning_eda.clustering.storms.motion import Fix, distance_km, heading_deg, moved, speed_kmh, velocity
from lightning_eda.clustering.storms.track import FEWEST_FIXES, Track
from lightning_eda.clustering.storms.tracking import Sighting, Tracker, TrackOptions

Row = dict[str, Any]
FORECAST_MINUTES = 30
STEP_US = STEP_MINUTES * US_PER_MINUTE
TIME = pa.timestamp("us")
TEXT, NUMBER, WHOLE = pa.string(), pa.float64(), pa.int64()
POINT_SCHEMA = pa.schema(
    {
        "satellite": TEXT, "track": TEXT, "frame_time": TIME, "lat": NUMBER, "lon": NUMBER,
        "flashes": WHOLE, "flashes_per_minute": NUMBER, "area_km2": NUMBER, "speed_kmh": NUMBER,
        "heading_deg": NUMBER, "event": TEXT, "forecast_lat": NUMBER, "forecast_lon": NUMBER,
        "forecast_error_km": NUMBER,
    }
)  # fmt: skip
TRACK_SCHEMA = pa.schema(
    {
        "satellite": TEXT, "track": TEXT, "first_time": TIME, "last_time": TIME, "parent": TEXT,
        "ended_by": TEXT, "merged_into": TEXT, "frames": WHOLE, "flashes": WHOLE,
        "peak_per_minute": NUMBER, "largest_area_km2": NUMBER, "speed_kmh": NUMBER, "heading_deg": NUMBER,
        "forecast_error_km": NUMBER,
    }
)  # fmt: skip
RATE_SCHEMA = pa.schema({"satellite": TEXT, "track": TEXT, "time": TIME, "flashes": WHOLE, "sigma": NUMBER})


class TrackTables(NamedTuple):
    """What `track_storms` found.

    Attributes:
        tracks: A row a storm that was open in the span: satellite, track, first_time and last_time (frames,
            from its birth to the end of the span), parent, ended_by (end or merger; null while it is open),
            merged_into, frames, flashes, peak_per_minute, largest_area_km2, speed_kmh and heading_deg (of its
            whole way; null of fewer than three frames), forecast_error_km (mean; null without any).
        points: A row a storm and frame of the span: satellite, track, frame_time, lat, lon, flashes (of the
            window), flashes_per_minute (of the step), area_km2 (convex hull), speed_kmh and heading_deg (of
            the last 30 minutes), event (birth, split, merger), forecast_lat and forecast_lon (of 30 minutes
            later), forecast_error_km (how far off the forecast made 30 minutes ago was).
        rates: A row a storm and two minutes of the span: satellite, track, time (their beginning), flashes,
            sigma (`jump_sigmas`).
        oldest_us: The earliest birth of a storm that is named in them; None of none.
    """

    tracks: pa.Table
    points: pa.Table
    rates: pa.Table
    oldest_us: int | None


def track_storms(
    flashes: pa.Table,
    first_us: int,
    start_us: int,
    end_us: int,
    frame_options: FrameOptions,
    track_options: TrackOptions,
) -> TrackTables:
    """The storms from `start_us` to `end_us`, known by flashes from `first_us` on.

    Args:
        flashes: satellite, time (UTC, no zone), granule_start, lat, lon (degrees); in any order. A flash that
            began before its granule counts at the granule's start, so that a granule is of one frame and day.
        first_us: Where the frames begin, microseconds, on the step.
        start_us: Where the tables begin.
        end_us: Where they end.
        frame_options: What a cell is.
        track_options: How long a storm is remembered.
    """
    stories = [
        story
        for satellite in sorted(flashes["satellite"].unique().to_pylist())
        for story in _stories(
            satellite,
            flashes.filter(pc.equal(flashes["satellite"], satellite)),
            first_us,
            start_us,
            end_us,
            frame_options,
            track_options,
        )
    ]
    points = [row for story in stories for row in story.points if row["frame_time"] > start_us]
    rates = [row for story in stories for row in story.rates if row["time"] >= start_us]
    return TrackTables(
        pa.Table.from_pylist([story.summary() for story in stories], TRACK_SCHEMA),
        pa.Table.from_pylist(points, POINT_SCHEMA),
        pa.Table.from_pylist(rates, RATE_SCHEMA),
        min((story.track.born_us for story in stories), default=None),
    )


class _Story(NamedTuple):
    """All of one storm, up to the end of the span."""

    satellite: str
    track: Track
    fixes: list[Fix]
    points: list[Row]
    rates: list[Row]

    def summary(self) -> Row:
        """Its row of the tracks."""
        over = self.track.closed_us is not None
        errors = [row["forecast_error_km"] for row in self.points if row["forecast_error_km"] is not None]
        known = len(self.fixes) >= FEWEST_FIXES
        motion = velocity(self.fixes) if known else None
        return {
            "satellite": self.satellite,
            "track": self.track.name,
            "first_time": self.track.born_us,
            "last_time": self.fixes[-1].time_us,
            "parent": self.track.parent,
            "ended_by": self.track.ended_by if over else None,
            "merged_into": self.track.merged_into if over else None,
            "frames": len(self.fixes),
            "flashes": sum(row["flashes"] for row in self.rates),
            "peak_per_minute": max(row["flashes_per_minute"] for row in self.points),
            "largest_area_km2": max(row["area_km2"] for row in self.points),
            "speed_kmh": motion if motion is None else speed_kmh(motion),
            "heading_deg": motion if motion is None else heading_deg(motion, self.fixes[-1].unit),
            "forecast_error_km": float(np.mean(errors)) if errors else None,
        }


def _stories(
    satellite: str,
    flashes: pa.Table,
    first_us: int,
    start_us: int,
    end_us: int,
    frame_options: FrameOptions,
    track_options: TrackOptions,
) -> Iterator[_Story]:
    """The storms of one satellite that are open at the start, by name."""
    begun = pc.max_element_wise(flashes["time"].cast(TIME), flashes["granule_start"].cast(TIME))
    flashes = flashes.append_column("begun", begun.cast(WHOLE)).sort_by(
        [(name, "ascending") for name in ("begun", "lat", "lon")]
    )
    time = flashes["begun"].to_numpy()
    lat, lon = flashes["lat"].to_numpy(), flashes["lon"].to_numpy()
    points = sphere_points(lon, lat)
    tracker = Tracker(satellite, points, track_options)
    seen: dict[str, list[Sighting]] = {}
    for frame in frames(time, points, first_us, end_us, frame_options):
        for sighting in tracker.follow(frame):
            seen.setdefault(sighting.track.name, []).append(sighting)
    for name in sorted(seen):
        track = seen[name][0].track
        if track.closed_us is None or track.closed_us > start_us:
            rows = _points(satellite, seen[name], lon, lat, frame_options)
            fixes = [Fix(sighting.frame.end_us, sighting.unit) for sighting in seen[name]]
            yield _Story(satellite, track, fixes, rows, _rates(satellite, name, seen[name], time))


def _points(
    satellite: str, seen: list[Sighting], lon: Floats, lat: Floats, options: FrameOptions
) -> list[Row]:
    rows = np.concatenate([sighting.cell for sighting in seen])
    labels = np.repeat(np.arange(len(seen)), [len(sighting.cell) for sighting in seen])
    shapes = cluster_shapes(lon[rows], lat[rows], labels)
    forecasts: dict[int, Floats] = {}
    found: list[Row] = []
    for sighting, shape in zip(seen, shapes, strict=True):
        now, motion = sighting.frame.end_us, sighting.velocity
        later = now + FORECAST_MINUTES * US_PER_MINUTE
        forecast = None
        if motion is not None:
            forecasts[later] = moved(Fix(now, sighting.unit), motion, later)
            forecast = lonlat(forecasts[later][np.newaxis])[0]
        new = int(np.count_nonzero(sighting.cell >= sighting.frame.old))
        before = forecasts.get(now)
        found.append(
            {
                "satellite": satellite,
                "track": sighting.track.name,
                "frame_time": now,
                "lat": shape.lat,
                "lon": shape.lon,
                "flashes": shape.size,
                "flashes_per_minute": new / options.step_minutes,
                "area_km2": shape.hull_area_km2,
                "speed_kmh": None if motion is None else speed_kmh(motion),
                "heading_deg": None if motion is None else heading_deg(motion, sighting.unit),
                "event": sighting.event,
                "forecast_lat": None if forecast is None else float(forecast[1]),
                "forecast_lon": None if forecast is None else float(forecast[0]),
                "forecast_error_km": None if before is None else distance_km(before, sighting.unit),
            }
        )
    return found


def _rates(satellite: str, name: str, seen: list[Sighting], time: Integers) -> list[Row]:
    """Flashes by step; each flash is of the storm of the first frame that has it."""
    new = np.concatenate([sighting.cell[sighting.cell >= sighting.frame.old] for sighting in seen])
    if not len(new):
        return []
    steps = time[new] // STEP_US
    first = int(steps.min())
    counts = np.bincount(steps - first)
    sigmas = jump_sigmas(counts)
    return [
        {
            "satellite": satellite,
            "track": name,
            "time": (first + step) * STEP_US,
            "flashes": int(count),
            "sigma": None if np.isnan(sigma) else float(sigma),
        }
        for step, (count, sigma) in enumerate(zip(counts, sigmas, strict=True))
    ]

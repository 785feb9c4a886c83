"""Storms: where and how strongly it thunders in an hour.

Storms sit in systems, systems in the regions of `places`. The systems of a day and the storms born in an hour
depend only on the seed, the satellite and that day or hour, so storms live on from one simulated hour to the
next.

Source: distributions of storm size, spread and drift from 21 hours of real G18 granules.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from lightning_eda.errors import SettingError
from lightning_eda.series import HOUR
from lightning_eda.simulator.eras import Satellite
from lightning_eda.simulator.sky import pixels
from lightning_eda.simulator.sky.places import REGIONS

EPOCH = datetime(2018, 1, 1, tzinfo=UTC)
MAX_LAT = 54.0
FLASHES_PER_STORM = 22.0  # over its life, on average; 11 in any 10 minutes of it
SYSTEM_SPREAD_KM = 130.0
SYSTEMS_PER_DAY = 90
SWELL = 0.45  # all storms together wax and wane by this share within an hour or two


@dataclass(frozen=True)
class Storms:
    """Storms as columns, one row each; times are seconds from the start of the simulated hour.

    Attributes:
        x: East of the subpoint at the time of the peak, km on the plane of `pixels`.
        y: North of it, km.
        speed_x: Drift, km/s; `speed_y` likewise.
        spread_x: Standard deviation of flash places along the storm, km; `spread_y` across it.
        tilt: Direction of the storm's length, radians.
        peak: When it is strongest.
        width: Standard deviation of its flash times, seconds.
        weight: Its share of the flashes, relative to the others.
    """

    x: np.ndarray
    y: np.ndarray
    speed_x: np.ndarray
    speed_y: np.ndarray
    spread_x: np.ndarray
    spread_y: np.ndarray
    tilt: np.ndarray
    peak: np.ndarray
    width: np.ndarray
    weight: np.ndarray


def generator(seed: int, satellite: Satellite, *place: int) -> np.random.Generator:
    """The random numbers of one place in the simulation, independent of those of any other.

    Raises:
        SettingError: The seed is negative.
    """
    if seed < 0:
        raise SettingError("seed", seed, "a whole number from 0")
    return np.random.default_rng([seed, int(satellite.name[1:]), *place])


def hours_since_epoch(hour: datetime) -> int:
    """Whole hours since 2018."""
    return (hour - EPOCH) // HOUR


def storms_of_hour(seed: int, satellite: Satellite, hour: datetime, flashes: float) -> Storms:
    """The storms that thunder in an hour: those born in it and in its two neighbours.

    Args:
        seed: The user's seed.
        satellite: Where they are seen from.
        hour: Start of the hour, UTC.
        flashes: Expected number of flashes in the hour; more flashes come from more storms.
    """
    births = max(4, round(flashes / FLASHES_PER_STORM))
    parts = [_born(seed, satellite, hour + shift * HOUR, births, shift) for shift in (-1, 0, 1)]
    return Storms(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in Storms.__annotations__}
    )


def _born(seed: int, satellite: Satellite, hour: datetime, births: int, shift: int) -> Storms:
    """The storms whose peak lies in `hour`, which is `shift` hours after the simulated one."""
    rng = generator(seed, satellite, 1, hours_since_epoch(hour))
    system_x, system_y, system_weight = _systems(seed, satellite, hour)
    chosen = rng.choice(len(system_x), births, p=system_weight)
    x = system_x[chosen] + SYSTEM_SPREAD_KM * rng.standard_normal(births)
    y = system_y[chosen] + SYSTEM_SPREAD_KM * rng.standard_normal(births)
    seen = pixels.in_view(x, y, margin_km=250.0)
    x, y = np.where(seen, x, system_x[chosen]), np.where(seen, y, system_y[chosen])
    speed = rng.lognormal(np.log(36.0), 0.6, births).clip(2.0, 110.0) / 3600.0
    lat, _ = pixels.to_degrees(x, y)
    heading = np.where(np.abs(lat) < 20.0, np.pi, 0.3) + 0.8 * rng.standard_normal(births)
    spread = rng.lognormal(np.log(14.0), 0.5, births).clip(4.0, 35.0)
    return Storms(
        x=x,
        y=y,
        speed_x=speed * np.cos(heading),
        speed_y=speed * np.sin(heading),
        spread_x=spread * 1.3,
        spread_y=spread * 0.7,
        tilt=rng.uniform(0.0, np.pi, births),
        peak=3600.0 * (shift + rng.random(births)),
        width=rng.uniform(500.0, 1300.0, births),
        weight=rng.lognormal(0.0, 1.3, births),
    )


def _systems(seed: int, satellite: Satellite, hour: datetime) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Plane positions (km) and shares of the storm systems of the day."""
    rng = generator(seed, satellite, 2, hours_since_epoch(hour) // 24)
    regions = np.array(REGIONS[satellite.slot])
    rows = regions[rng.choice(len(regions), SYSTEMS_PER_DAY, p=regions[:, 4] / regions[:, 4].sum())]
    lat = (rows[:, 0] + rows[:, 2] * rng.standard_normal(len(rows))).clip(-MAX_LAT, MAX_LAT)
    lon = rows[:, 1] + rows[:, 3] * rng.standard_normal(len(rows))
    weight = rng.lognormal(0.0, 0.8, len(rows))
    x, y = pixels.to_plane(lat, lon - satellite.subpoint_lon)
    seen = pixels.in_view(x, y, margin_km=300.0)
    return x[seen], y[seen], weight[seen] / weight[seen].sum()


def draw_flashes(
    rng: np.random.Generator, storms: Storms, mean: float, start: float, end: float
) -> dict[str, np.ndarray]:
    """Places and times of flashes, in time order.

    Args:
        rng: Source of chance.
        storms: Where they happen.
        mean: Expected number between `start` and `end`.
        start: Seconds from the start of the hour.
        end: Likewise.

    Returns:
        time (seconds), x and y (km), each of shape (flashes,), float64.
    """
    step = 20.0
    bins = np.arange(start, end, step)
    middle = bins + step / 2
    shape = (middle - storms.peak[:, None]) / storms.width[:, None]
    swell = 1.0 + SWELL * np.sin(2 * np.pi * (middle / rng.uniform(3000.0, 9000.0) + rng.random()))
    intensity = (storms.weight / storms.width)[:, None] * np.exp(-0.5 * shape**2) * swell
    edges = np.cumsum(intensity.ravel())
    count = rng.poisson(mean)
    cell = np.searchsorted(edges, rng.random(count) * edges[-1], side="right").clip(0, edges.size - 1)
    storm = cell // len(bins)
    time = np.minimum(bins[cell % len(bins)] + step * rng.random(count), end)
    x, y = _around(rng, storms, storm, time)
    order = np.argsort(time, kind="stable")
    return {"time": time[order], "x": x[order], "y": y[order]}


def _around(
    rng: np.random.Generator, storms: Storms, storm: np.ndarray, time: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places in the drifting storms at the given times; a storm that leaves the view stays where it was."""
    along = storms.spread_x[storm] * rng.standard_normal(len(storm)).clip(-3, 3)
    across = storms.spread_y[storm] * rng.standard_normal(len(storm)).clip(-3, 3)
    age = time - storms.peak[storm]
    cosine, sine = np.cos(storms.tilt[storm]), np.sin(storms.tilt[storm])
    x = storms.x[storm] + storms.speed_x[storm] * age + along * cosine - across * sine
    y = storms.y[storm] + storms.speed_y[storm] * age + along * sine + across * cosine
    seen = pixels.in_view(x, y, pixels.FLASH_MARGIN_KM)
    return np.where(seen, x, storms.x[storm]), np.where(seen, y, storms.y[storm])

"""Flashes of an hour and their groups: how many, when, where, how bright, and their numbers.

Everything here is arrays over the whole hour; events are made granule by granule in `granules`.

Source: percentiles over 570 flashes, 11,687 groups and 29,352 events of real granules in the current format.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from lightning_eda.simulator.granule.template import SPLIT_GROUPS

FRAME_S = 0.00198803  # 503.01 frames a second
CLOSING_S = 0.330  # a flash closes when nothing has joined it for this long
SINGLE_GROUP_SHARE = 0.4  # of flash numbers are flashes of one group, which are left out of the files
MAX_GAP_FRAMES = 160
MAX_GROUPS = 800
GROUPS_SPREAD = 1.22
ID_SPAN = {"event": 4_500_000, "group": 2_000_000, "flash": 20_000}  # numbers an hour may use
# Standard normal value below which a group has at most so many events.
_EVENTS_AT = ((-9.0, 1), (-0.176, 1), (0.496, 2), (0.842, 3), (1.175, 4), (1.405, 5), (1.645, 7), (2.326, 13),
              (3.09, 35), (3.72, 70), (4.5, 91))  # fmt: skip


@dataclass(frozen=True)
class Groups:
    """Groups of an hour as columns, one row each, in flash order and then time order.

    Attributes:
        flash: Row of the flash in `Flashes`.
        frame: Number of the frame it was seen in, counted from the start of the hour.
        x: Place of its first pixel, km on the plane of `pixels`; `y` likewise.
        n_events: How many pixels it lit.
        energy: What it is meant to radiate, J.
        number: Its place among all groups of the hour in time.
        first_event: The place of its first event among all events of the hour.
    """

    flash: np.ndarray
    frame: np.ndarray
    x: np.ndarray
    y: np.ndarray
    n_events: np.ndarray
    energy: np.ndarray
    number: np.ndarray
    first_event: np.ndarray


@dataclass(frozen=True)
class Flashes:
    """Flashes of an hour as columns, one row each; those of one group are among them.

    Attributes:
        start: Row of the first group in `Groups`.
        n_groups: How many groups, at most 101.
        number: Its place among all flashes of the hour in time.
        closed: When it closed, seconds from the start of the hour.
    """

    start: np.ndarray
    n_groups: np.ndarray
    number: np.ndarray
    closed: np.ndarray


@dataclass(frozen=True)
class Shape:
    """What the sizes of flashes and groups are drawn from.

    Attributes:
        median_groups: Median of groups per flash before flashes are cut.
        event_shift: Added to the normal value that gives the number of events of a group.
        flashes_per_draw: Mean number of flashes of two groups or more that one draw makes.
    """

    median_groups: float
    event_shift: float
    flashes_per_draw: float


def find_shape(groups_per_flash: float, events_per_group: float) -> Shape:
    """The shape that gives the wanted means, found by bisection on a grid of quantiles."""
    quantiles = (np.arange(4000) + 0.5) / 4000
    normal = _normal_quantiles(quantiles)

    def mean_groups(median: float) -> float:
        sizes = _group_counts(normal, median)
        return float(sizes.sum() / _kept_pieces(sizes).sum())

    median = _bisect(mean_groups, groups_per_flash, 2.0, 400.0)
    shift = _bisect(lambda move: float(_event_counts(normal + move).mean()), events_per_group, -3.0, 4.0)
    pieces = float(_kept_pieces(_group_counts(normal, median)).mean())
    return Shape(median, shift, pieces * (1 - SINGLE_GROUP_SHARE))


def draw_groups(
    rng: np.random.Generator, flash: dict[str, np.ndarray], shape: Shape
) -> tuple[Flashes, Groups]:
    """Gives flashes their groups and cuts those that reach 101.

    Args:
        rng: Source of chance.
        flash: time (seconds from the start of the hour), x and y (km), and n_groups (0: drawn here; other
            numbers are taken as given, with one group in each frame).
        shape: Sizes.
    """
    time = flash["time"]
    sizes = _group_counts(rng.standard_normal(len(time)), shape.median_groups)
    sizes = np.where(rng.random(len(time)) < SINGLE_GROUP_SHARE, 1, sizes)
    given = flash["n_groups"]
    sizes = np.where(given > 0, given, sizes)
    draw = np.repeat(np.arange(len(time)), sizes)
    start = np.cumsum(sizes) - sizes
    rank = np.arange(len(draw)) - start[draw]
    gap = _gaps(rng, sizes[draw])
    gap[(given > 0)[draw]] = 1
    gap[start] = np.floor(time / FRAME_S).astype(np.int64)
    frame = np.cumsum(gap)
    frame -= np.repeat(frame[start] - gap[start], sizes)
    glow = rng.standard_normal(len(time))
    n_events = _event_counts(
        0.35 * glow[draw] + np.sqrt(1 - 0.35**2) * rng.standard_normal(len(draw)) + shape.event_shift
    )
    x, y = _spread(rng, flash, sizes, draw, rank, gap)
    return _cut(frame, rank, draw, sizes, {"x": x, "y": y, "n_events": n_events,
                                           "energy": _energies(rng, n_events, glow[draw])})  # fmt: skip


def _cut(
    frame: np.ndarray, rank: np.ndarray, draw: np.ndarray, sizes: np.ndarray, columns: dict[str, np.ndarray]
) -> tuple[Flashes, Groups]:
    """Cuts what was drawn into flashes of at most 101 groups; numbers all three tiers in time order."""
    pieces = -(-sizes // SPLIT_GROUPS)
    flash = (np.cumsum(pieces) - pieces)[draw] + rank // SPLIT_GROUPS
    n_groups = np.bincount(flash, minlength=int(pieces.sum()))
    start = np.cumsum(n_groups) - n_groups
    in_time = np.argsort(frame, kind="stable")
    number = np.empty(len(frame), np.int64)
    number[in_time] = np.arange(len(frame))
    first_event = np.empty(len(frame), np.int64)
    counts = columns["n_events"][in_time]
    first_event[in_time] = np.cumsum(counts) - counts
    flash_number = np.empty(len(start), np.int64)
    flash_number[np.argsort(frame[start], kind="stable")] = np.arange(len(start))
    last = frame[start + n_groups - 1] * FRAME_S
    closed = last + np.where(n_groups == SPLIT_GROUPS, 0.0, CLOSING_S)
    return (
        Flashes(start, n_groups, flash_number, closed),
        Groups(flash=flash, frame=frame, number=number, first_event=first_event, **columns),
    )


def _gaps(rng: np.random.Generator, size: np.ndarray) -> np.ndarray:
    """Frames since the flash's previous group: mostly the next frame, more so in large flashes."""
    chance = rng.random(len(size))
    next_frame = 0.10 + 0.11 * np.log(size)
    pause = (2.0 + 31.0 * size**-0.42) * np.exp(1.0 * rng.standard_normal(len(size)))
    gap = 2 + np.ceil(pause.clip(0.01, MAX_GAP_FRAMES)).astype(np.int64)
    gap[chance < next_frame + 0.09] = 2
    gap[chance < next_frame] = 1
    gap[(chance < 0.018) & (size > 20)] = 0
    return np.asarray(gap)


def _spread(
    rng: np.random.Generator,
    flash: dict[str, np.ndarray],
    sizes: np.ndarray,
    draw: np.ndarray,
    rank: np.ndarray,
    gap: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Places of groups: along a line that the flash follows, with scatter; groups of one frame lie apart."""
    length = (0.3 * sizes**0.6 * rng.lognormal(0.0, 1.0, len(sizes))).clip(0.0, 60.0)
    heading = rng.uniform(0.0, 2 * np.pi, len(sizes))
    scatter = rng.lognormal(np.log(0.35), 0.8, len(sizes)).clip(0.05, 6.0)
    along = (rank / np.maximum(sizes - 1, 1)[draw] - 0.5) * length[draw]
    along += np.where((gap == 0) & (rank > 0), 16.0, 0.0)
    x = flash["x"][draw] + along * np.cos(heading)[draw]
    y = flash["y"][draw] + along * np.sin(heading)[draw]
    x += scatter[draw] * rng.standard_normal(len(draw))
    y += scatter[draw] * rng.standard_normal(len(draw))
    return x, y


def _energies(rng: np.random.Generator, n_events: np.ndarray, glow: np.ndarray) -> np.ndarray:
    """Energies of groups, J: lognormal about a power of the number of their events."""
    noise = 0.42 * rng.standard_normal(len(n_events)) + 0.25 * glow
    return np.asarray(1e-15 * np.exp(1.03 + 1.35 * np.log(n_events) + noise))


def _group_counts(normal: np.ndarray, median: float) -> np.ndarray:
    """Groups per flash, int64, at least 2."""
    return np.rint(median * np.exp(GROUPS_SPREAD * normal)).clip(2, MAX_GROUPS).astype(np.int64)


def _event_counts(normal: np.ndarray) -> np.ndarray:
    """Events per group, int64, for standard normal values."""
    at, count = zip(*_EVENTS_AT, strict=True)
    counts: np.ndarray = np.ceil(np.interp(normal, at, count) - 1e-9).astype(np.int64)
    return counts


def _kept_pieces(sizes: np.ndarray) -> np.ndarray:
    """How many flashes of two groups or more each size is cut into."""
    return np.asarray(sizes // SPLIT_GROUPS + (sizes % SPLIT_GROUPS >= 2))


def _normal_quantiles(quantiles: np.ndarray) -> np.ndarray:
    """Standard normal values below which the given shares lie."""
    return np.array([NormalDist().inv_cdf(float(quantile)) for quantile in quantiles])


def _bisect(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where a rising function reaches `target`, between `low` and `high`."""
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2

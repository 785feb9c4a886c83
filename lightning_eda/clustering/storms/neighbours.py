"""Pairs of flashes that are near each other in space and time, found batch by batch; never all pairs.

The flashes are walked in the order of their times. A batch of them is looked up in a k-d tree of those that
are not yet too late, so the work grows with the pairs that are near and the memory with one batch.

Distances are whole metres, the precision they are written with, and the limit is compared with those: what a
reader of the pairs finds at most `max_km` apart is what was found here.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lightning_eda.clustering.points import M_PER_KM, US_PER_MINUTE, Floats, Integers, sphere_points
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError

FIRST_BATCH = 1024
LARGEST_BATCH = 1 << 16
CANDIDATES = 1 << 20  # of one batch, counted before they are made: about 100 MB


class NearPairs(NamedTuple):
    """Some of the pairs, sorted by the place of i, then of j, in the order of the times.

    Attributes:
        i: Row of the earlier flash of each pair, shape (m,).
        j: Row of the later one.
        metres: Great-circle distance, rounded to whole metres, shape (m,).
    """

    i: Integers
    j: Integers
    metres: Integers


def near_pairs(
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    time_us: ArrayLike,
    max_km: float,
    max_minutes: float,
    candidates: int = CANDIDATES,
) -> Iterator[NearPairs]:
    """Every pair of flashes at most so far apart, each once, a batch at a time.

    Args:
        lat_deg: Latitudes, degrees, shape (n,).
        lon_deg: Longitudes, degrees, in any turn.
        time_us: Times, whole microseconds from any moment; in any order.
        max_km: Largest great-circle distance, inclusive, after rounding to whole metres.
        max_minutes: Largest difference of time, inclusive.
        candidates: Pairs near in space that may be held at a time; a single flash may exceed it.

    Yields:
        Batches; flashes of one time stand in the order they were given in.

    Raises:
        PointsError: A coordinate or a limit is not as described, or the lengths differ.
    """
    time = np.asarray(time_us, dtype=np.int64)
    points = sphere_points(lon_deg, lat_deg)
    if time.shape != (len(points),):
        raise PointsError(f"{len(points)} positions but times of shape {time.shape}")
    limit_m = _whole("max_km", max_km, M_PER_KM)
    limit_us = _whole("max_minutes", max_minutes, US_PER_MINUTE)
    order = np.argsort(time, kind="stable")
    time, points = time[order], points[order]
    start, size = 0, FIRST_BATCH
    while start < len(points):
        stop = min(start + size, len(points))
        last = int(np.searchsorted(time, time[stop - 1] + limit_us, side="right"))
        batch = _Batch(points[start:last], time[start:last], stop - start, limit_m)
        count = batch.candidates()
        if count > candidates and batch.size > 1:
            size = batch.size // 2
            continue
        yield batch.pairs(limit_us, order[start:last])
        start, size = stop, min(2 * size, LARGEST_BATCH) if 4 * count < candidates else size


def near_pairs_in_groups(
    group: ArrayLike,
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    time_us: ArrayLike,
    max_km: float,
    max_minutes: float,
) -> Iterator[NearPairs]:
    """As `near_pairs`, but only pairs whose flashes are of one group, group after group in their order.

    Args:
        group: The group of each flash, such as its satellite, shape (n,).
        lat_deg: As for `near_pairs`; so are the others.
        lon_deg: Degrees.
        time_us: Microseconds.
        max_km: Kilometres.
        max_minutes: Minutes.

    Raises:
        PointsError: As `near_pairs`.
    """
    groups, lat, lon, time = (np.asarray(values) for values in (group, lat_deg, lon_deg, time_us))
    for name in np.unique(groups):
        rows = np.flatnonzero(groups == name)
        for pairs in near_pairs(lat[rows], lon[rows], time[rows], max_km, max_minutes):
            yield NearPairs(rows[pairs.i], rows[pairs.j], pairs.metres)


class PairCounts:
    """Counts pairs and the neighbours of each flash.

    Args:
        rows: How many flashes there are.

    Attributes:
        pairs: How many pairs there were.
        neighbours: How many neighbours each flash has, shape (rows,).
    """

    def __init__(self, rows: int) -> None:
        self.pairs = 0
        self.neighbours = np.zeros(rows, np.int64)

    def add(self, batch: NearPairs) -> None:
        """Counts a batch."""
        self.pairs += len(batch.i)
        self.neighbours += np.bincount(np.append(batch.i, batch.j), minlength=len(self.neighbours))

    @property
    def isolated(self) -> int:
        """Flashes without a neighbour, which are in no pair."""
        return int(np.count_nonzero(self.neighbours == 0))

    @property
    def most_neighbours(self) -> int:
        """Neighbours of the flash that has the most."""
        return int(self.neighbours.max(initial=0))


class _Batch:
    """The first `size` of some flashes in order of time, and the trees to look them up in all of these."""

    def __init__(self, points: Floats, time: Integers, size: int, limit_m: int) -> None:
        from scipy.spatial import KDTree

        self.size, self.time, self.limit_m = size, time, limit_m
        self.among = KDTree(points)
        self.tree = KDTree(points[:size])
        # Half a metre more is rounded to the limit; no two places are farther apart than half the globe.
        angle = min((limit_m + 1.0) / M_PER_KM / EARTH_RADIUS_KM, np.pi)
        self.chord_km = 2 * EARTH_RADIUS_KM * np.sin(angle / 2)

    def candidates(self) -> int:
        """How many pairs are near in space, both ways round and with themselves."""
        return int(self.tree.count_neighbors(self.among, self.chord_km))

    def pairs(self, limit_us: int, rows: Integers) -> NearPairs:
        """The pairs within both limits; `rows` are the rows of the flashes as the caller numbers them."""
        found = self.tree.sparse_distance_matrix(self.among, self.chord_km, output_type="ndarray")
        found = found[found["j"] > found["i"]]
        found = found[self.time[found["j"]] - self.time[found["i"]] <= limit_us]
        half_chord = np.minimum(found["v"] / (2 * EARTH_RADIUS_KM), 1.0)
        metres = np.rint(2 * EARTH_RADIUS_KM * M_PER_KM * np.arcsin(half_chord)).astype(np.int64)
        near = np.flatnonzero(metres <= self.limit_m)
        near = near[np.argsort(found["i"][near] * np.int64(len(rows)) + found["j"][near])]
        return NearPairs(rows[found["i"][near]], rows[found["j"][near]], metres[near])


def _whole(name: str, limit: float, factor: float) -> int:
    """A limit in whole smaller units, rounded down; 0.1 + 0.2 km are 300 m.

    Raises:
        PointsError: It is negative or not finite.
    """
    if not 0 <= limit < np.inf:
        raise PointsError(f"{name}: found {limit!r}; allowed: a number from 0")
    return int(np.floor(limit * factor * (1 + 1e-12)))

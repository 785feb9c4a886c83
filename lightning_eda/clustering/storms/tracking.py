"""Which cell of a frame is which storm of the frame before: birth, split, merger and end.

Shared flashes link a cell to the storms before it. A storm that merged into another is remembered for a
while, with its motion: when the cell falls apart again, each part is the storm that should be there by then,
so two storms that cross do not change names. A storm without flashes for a few minutes is looked for where it
should be.

What a storm is called depends on its own flashes alone and on those of the storms it met, not on where the
flashes that are given begin, as long as they begin before its birth; nor on other storms.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lightning_eda.clustering.points import US_PER_MINUTE, Floats, Integers
from lightning_eda.clustering.storms.frames import Frame
from lightning_eda.clustering.storms.motion import Fix, direction, distances_km
from lightning_eda.clustering.storms.track import Event, Track, track_name

LEAST_SHARE = 0.3  # of the flashes that two cells could share, for them to be linked
SAME_SHARE = 0.75  # of the flashes of a merged cell, for its centre to go on as the storm's
FAR_KM = 1e6
GAP_MINUTES, GAP_KM = 20, 20.0
"""How long a storm without a cell is remembered; how far from where it should be a cell may be it."""
INSIDE_MINUTES, INSIDE_KM = 90, 60.0
"""The same of a storm inside another it merged into, and of a part of that."""


class Sighting(NamedTuple):
    """A storm in a frame: what is known of it there and then.

    Attributes:
        track: The storm; it changes as time goes on.
        frame: The frame.
        fix: Its centre then.
        cell: Rows of its flashes.
        velocity: Its motion, km a minute; None while too little is known.
        event: What happened to it in this frame.
    """

    track: Track
    frame: Frame
    fix: Fix
    cell: Integers
    velocity: Floats | None
    event: Event | None

    @property
    def new(self) -> Integers:
        """Those of its flashes that the frame before did not have."""
        return self.cell[self.cell >= self.frame.old]


class Tracker:
    """Follows the storms of one satellite from frame to frame.

    Args:
        satellite: Its name.
        points: `sphere_points` of its flashes in the order of time, shape (n, 3).
    """

    def __init__(self, satellite: str, points: Floats) -> None:
        self.satellite, self.points = satellite, points
        self.active: list[Track] = []
        self._owner = np.full(len(points), -1, np.int64)

    def follow(self, frame: Frame) -> Iterator[Sighting]:
        """The storms of the next frame, by name."""
        self._close(frame.end_us)
        shared = self._shared(frame)
        found = _Matching(self, frame, shared)
        seen = sorted(found.sightings(), key=lambda sighting: sighting.track.name)
        self._remember(frame, [sighting.track for sighting in seen])
        yield from seen

    def _close(self, now_us: int) -> None:
        """Storms that were not seen for long have ended; what merged long ago does not come out again."""
        for track in self.active:
            track.forget(now_us - INSIDE_MINUTES * US_PER_MINUTE, now_us)
            if track.last.time_us < now_us - GAP_MINUTES * US_PER_MINUTE:
                track.end(now_us)

    def _shared(self, frame: Frame) -> Floats:
        """How many flashes each active track shares with each cell, 0 where they are too few for a link."""
        shared = np.zeros((len(self.active), len(frame.cells)))
        owners = self._owner[frame.first : frame.old]
        of_track = np.bincount(owners[owners >= 0], minlength=len(self.active))
        for number, cell in enumerate(frame.cells):
            old = self._owner[cell[cell < frame.old]]
            counts = np.bincount(old[old >= 0], minlength=len(self.active))
            could = np.minimum(of_track, len(old))
            shared[:, number] = np.where(counts >= np.maximum(1, LEAST_SHARE * could), counts, 0)
        return shared

    def _remember(self, frame: Frame, seen: list[Track]) -> None:
        """Whose the flashes of the frame are, for the next."""
        waiting = [track for track in self.active if track not in seen and track.ended_by is None]
        self.active = sorted([*seen, *waiting], key=lambda track: track.name)
        self._owner[frame.first : frame.stop] = -1
        for number, track in enumerate(self.active):
            if track.last.time_us == frame.end_us:
                self._owner[track.cell] = number


class _Matching:
    """The storms and the cells of one frame, matched."""

    def __init__(self, tracker: Tracker, frame: Frame, shared: Floats) -> None:
        self.tracker, self.frame, self.shared = tracker, frame, shared
        self.tracks, self.now_us = tracker.active, frame.end_us
        self.centres = [direction(tracker.points[cell]) for cell in frame.cells]
        self.track_of: dict[int, Track] = {}  # by cell
        self.events: dict[int, Event] = {}
        self.anew: set[int] = set()

    def sightings(self) -> Iterator[Sighting]:
        """Every cell with its track."""
        # The surest first: shared flashes, then only the place. Splits before mergers, since a storm that is
        # left over can merge only into a cell that has one.
        self._go_on()
        self._split()
        self._merge()
        self._find_again()
        for cell, rows in enumerate(self.frame.cells):
            fix = Fix(self.now_us, self.centres[cell])
            track = self.track_of.get(cell) or self._born(cell, None)
            track.see(fix, rows, anew=cell in self.anew)
            known = track.velocity if track.known else None
            yield Sighting(track, self.frame, fix, rows, known, self.events.get(cell))

    def _go_on(self) -> None:
        """Each track goes on as the cell it shares most with; no two as one."""
        from scipy.optimize import linear_sum_assignment

        for track, cell in zip(*linear_sum_assignment(-self.shared), strict=True):
            if self.shared[track, cell]:
                self.track_of[int(cell)] = self.tracks[track]

    def _split(self) -> None:
        """Cells that are linked to a track but go on as none came off it, or were inside it."""
        parts: dict[int, list[int]] = {}
        for cell in range(len(self.centres)):
            if cell not in self.track_of and self.shared[:, cell].any():
                parts.setdefault(int(np.argmax(self.shared[:, cell])), []).append(cell)
        for number, cells in parts.items():
            track = self.tracks[number]
            own = [cell for cell, other in self.track_of.items() if other is track]
            if track.inside and own:
                self._come_apart(track, [*own, *cells])
            for cell in [*own, *cells]:
                if cell not in self.track_of:
                    self._born(cell, track)

    def _come_apart(self, track: Track, cells: list[int]) -> None:
        """Each part is that storm of those inside that should be there by now."""
        storms = [track, *track.inside]
        off_km = self._off_km(storms, cells)
        for cell in cells:
            self.track_of.pop(cell, None)
        for storm, cell in _nearest(off_km, INSIDE_KM, always=0):
            if storms[storm] is not track:
                track.inside.remove(storms[storm])
                storms[storm].come_out()
                self.events[cells[cell]] = "split"
            self.track_of[cells[cell]] = storms[storm]
            self.anew.add(cells[cell])
        if not track.inside:
            track.anchor = None

    def _merge(self) -> None:
        """Tracks that are linked to a cell that goes on as another have merged into that."""
        going = list(self.track_of.values())
        for number, track in enumerate(self.tracks):
            if track in going or not self.shared[number].any():
                continue
            cell = int(np.argmax(self.shared[number]))
            host = self.track_of.get(cell)
            if host is None:
                continue
            old = np.count_nonzero(self.frame.cells[cell] < self.frame.old)
            # Else the centre would seem to leap to the middle of both, and the motion with it.
            if host.last.time_us < self.now_us and self.shared[:, cell].max() < SAME_SHARE * old:
                self.anew.add(cell)
            host.take_in(track, self.now_us)
            self.events[cell] = "merger"

    def _find_again(self) -> None:
        """Storms without a cell for a while, and cells without a storm before them."""
        going = self.track_of.values()
        lost = [track for track in self.tracks if track.ended_by is None and track not in going]
        free = [cell for cell in range(len(self.centres)) if cell not in self.track_of]
        if lost and free:
            for track, cell in _nearest(self._off_km(lost, free), GAP_KM):
                self.track_of[free[cell]] = lost[track]

    def _off_km(self, storms: list[Track], cells: list[int]) -> Floats:
        """How far each cell is from where each storm should be by now, shape (storms, cells)."""
        expected = [storm.expected(self.now_us) for storm in storms]
        return distances_km(expected, [self.centres[cell] for cell in cells])

    def _born(self, cell: int, parent: Track | None) -> Track:
        centre = self.centres[cell]
        name = track_name(self.tracker.satellite, self.now_us, centre)
        fix, rows = Fix(self.now_us, centre), self.frame.cells[cell]
        track = Track(name, self.now_us, parent.name if parent else None, fix, rows)
        if parent:
            track.velocity = parent.velocity
        self.events[cell] = "split" if parent else "birth"
        self.track_of[cell] = track
        return track


def _nearest(off_km: Floats, most_km: float, always: int | None = None) -> Iterator[tuple[int, int]]:
    """Pairs of rows and columns with the least sum of distances, each at most so far; one row in any case."""
    from scipy.optimize import linear_sum_assignment

    # Too far is dear, not forbidden: else one pair too far would leave the near ones without an assignment.
    cost = np.where(off_km <= most_km, off_km, FAR_KM + off_km)
    if always is not None:
        cost[always] = off_km[always] - 2 * FAR_KM  # it must not be left out, wherever it is
    for row, column in zip(*linear_sum_assignment(cost), strict=True):
        if cost[row, column] < FAR_KM:
            yield int(row), int(column)

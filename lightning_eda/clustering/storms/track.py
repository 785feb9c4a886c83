"""One storm through time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from lightning_eda.clustering.points import US_PER_MINUTE, Floats, Integers, lonlat
from lightning_eda.clustering.storms.motion import STILL, Fix, moved, velocity

Event = Literal["birth", "split", "merger"]
Ending = Literal["end", "merger"]
MOTION_MINUTES = 30  # the centres of so long make the motion
FEWEST_FIXES = 3  # of fewer the motion is not told


@dataclass(eq=False)
class Track:
    """A storm that is followed.

    Attributes:
        name: Its identity: satellite, frame and place of its birth; nothing else decides it.
        born_us: The frame of its birth.
        parent: The track it split from, None of a birth.
        last: Where it was seen last.
        cell: Rows of its flashes there; empty while it is inside another.
        velocity: Its motion along the ground, km a minute.
        known: Whether the motion is that of enough centres.
        inside: Tracks that merged into it and may come out again.
        anchor: Where it was, and how it moved, before the first of these merged into it.
        ended_by: How it ended, None while it goes on.
        merged_into: The track it merged into.
        ended_us: When that was.
        closed_us: From when on it cannot come back, None while it can.
    """

    name: str
    born_us: int
    parent: str | None
    last: Fix
    cell: Integers
    velocity: Floats = field(default_factory=lambda: STILL)
    known: bool = False
    inside: list["Track"] = field(default_factory=list)
    anchor: tuple[Fix, Floats] | None = None
    ended_by: Ending | None = None
    merged_into: str | None = None
    ended_us: int | None = None
    closed_us: int | None = None
    fixes: list[Fix] = field(default_factory=list)

    def see(self, fix: Fix, cell: Integers, *, anew: bool) -> None:
        """It was seen again; `anew` where its cell is no longer that of the same flashes as before."""
        self.last, self.cell = fix, cell
        oldest = fix.time_us - MOTION_MINUTES * US_PER_MINUTE
        self.fixes = [fix] if anew else [*(old for old in self.fixes if old.time_us >= oldest), fix]
        if len(self.fixes) >= FEWEST_FIXES:
            self.velocity, self.known = velocity(self.fixes), True

    def expected(self, time_us: int) -> Floats:
        """Where it should be, by its motion before another merged into it."""
        fix, motion = self.anchor or (self.last, self.velocity)
        return moved(fix, motion, time_us)

    def take_in(self, other: "Track", time_us: int) -> None:
        """Another merged into it."""
        self.anchor = self.anchor or (self.last, self.velocity)
        self.inside += [other, *other.inside]
        other.inside, other.cell = [], np.zeros(0, np.int64)
        other.ended_by, other.merged_into, other.ended_us = "merger", self.name, time_us

    def come_out(self) -> None:
        """It left the one it had merged into."""
        self.ended_by = self.merged_into = self.ended_us = self.anchor = None

    def forget(self, before_us: int, now_us: int) -> None:
        """What merged into it earlier than that stays inside for good."""
        for track in self.inside:
            if track.ended_us is not None and track.ended_us < before_us:
                track.closed_us = now_us
        self.inside = [track for track in self.inside if track.closed_us is None]
        if not self.inside:
            self.anchor = None

    def end(self, now_us: int) -> None:
        """It was not seen for too long; so were those inside it."""
        self.ended_by, self.ended_us, self.closed_us = "end", self.last.time_us, now_us
        self.forget(now_us, now_us)


def track_name(satellite: str, frame_us: int, unit: Floats) -> str:
    """The identity of a storm that is first seen in a frame: `G18_20241001T0510_S0345W06012`.

    Degrees times 100. Two cells of one frame are farther apart than that.
    """
    lon, lat = np.rint(lonlat(unit[np.newaxis])[0] * 100).astype(int)
    time = datetime.fromtimestamp(frame_us / 1e6, UTC)
    place = f"{'S' if lat < 0 else 'N'}{abs(lat):04}{'W' if lon < 0 else 'E'}{abs(lon):05}"
    return f"{satellite}_{time:%Y%m%dT%H%M}_{place}"

"""Frames: where storms are every five minutes, as the clusters of the flashes of the last ten.

Successive frames share flashes, so that a storm is known again by its flashes and not by a guess at its
motion.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lightning_eda.clustering.points import US_PER_MINUTE, Floats, Integers
from lightning_eda.clustering.storms.near_flashes import near_labels
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError
from lightning_eda.series.storms import FRAME_MINUTES

STEP_US = FRAME_MINUTES * US_PER_MINUTE


@dataclass(frozen=True)
class FrameOptions:
    """What is in a frame, and what is a cell in it.

    Attributes:
        window_minutes: The flashes of a frame are those of so long before its end; more than a step.
        eps_km: Flashes so near each other are neighbours, km.
        min_samples: Neighbours of a core flash, itself included.
    """

    window_minutes: int = 10
    eps_km: float = 12.0
    min_samples: int = 3

    def __post_init__(self) -> None:
        """Checks them."""
        if self.window_minutes <= FRAME_MINUTES:
            raise PointsError(
                f"window_minutes: found {self.window_minutes}; allowed: more than {FRAME_MINUTES}, the step, "
                "so that a storm is known again by flashes of both frames"
            )


class Frame(NamedTuple):
    """The cells of one frame.

    Attributes:
        end_us: Its end, which is its name.
        first: The first of its flashes, as a row of all flashes.
        old: The first that the frame before did not have.
        stop: Behind its last flash.
        cells: The rows of each cell's flashes, rising.
    """

    end_us: int
    first: int
    old: int
    stop: int
    cells: list[Integers]


def frames(
    time_us: Integers, points: Floats, start_us: int, end_us: int, options: FrameOptions
) -> Iterator[Frame]:
    """The frames that end after `start_us` and not after `end_us`.

    Args:
        time_us: Of the flashes of one satellite, rising, shape (n,). A flash belongs to the frames whose end
            is after it, by at most the window.
        points: `sphere_points` of them, shape (n, 3).
        start_us: A moment on the step.
        end_us: Another.
        options: What a frame is.
    """
    for end in range(start_us + STEP_US, end_us + 1, STEP_US):
        edges = (end - options.window_minutes * US_PER_MINUTE, end - STEP_US, end)
        first, old, stop = (int(row) for row in np.searchsorted(time_us, edges))
        yield Frame(end, first, old, stop, _cells(points[first:stop], first, options))


def _cells(points: Floats, first: int, options: FrameOptions) -> list[Integers]:
    chord = 2 * EARTH_RADIUS_KM * np.sin(min(options.eps_km / EARTH_RADIUS_KM / 2, np.pi / 2))
    labels = near_labels(points, chord, options.min_samples) if len(points) else np.zeros(0, np.int64)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(labels.max(initial=-1) + 2))
    return [order[a:b] + first for a, b in pairwise(starts)]

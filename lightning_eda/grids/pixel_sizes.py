"""How large the pixels of the sensor are, learned from the lattice that the pixels of some granules form.

The pixels of the sensor are smaller the farther they are from its middle, in a few steps, so that each sees
about as much ground as the others. The step is a matter of the distance from the middle alone, and alike to
the left, the right, up and down; so all neighbours of all granules together say where the steps are: the
distance between the middles of two neighbours is the size there, and the sizes only fall on the way outward.
The falling steps that fit all distances best (isotonic regression) are what is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lightning_eda.grids.fixed_grid import SIZE

Floats = NDArray[np.float64]

NEAREST, FARTHEST = 2.1, 5.0  # cells between neighbours: pixels have 2.7 to 4.0, and the next but one 5.4
SKEW = 0.2  # of the distance: what is further to the side is a neighbour across a corner
USUAL_SIZE = 4.0
"""Cells, of a pixel in the middle of the sensor: taken where no pixel has a neighbour."""


@dataclass(frozen=True)
class PixelSizes:
    """The size of pixels by their distance from the middle of the disk, in cells.

    Attributes:
        distance: Of pairs of neighbours from the middle, along the line through both, rising.
        size: The size there, falling.
    """

    distance: Floats
    size: Floats

    @property
    def pairs(self) -> int:
        """How many pairs of neighbours it was learned from; 0 means that the usual size is taken."""
        return len(self.distance)

    def edges(self, column: Floats, row: Floats) -> Floats:
        """Left, top, right and bottom of pixels around their middles, shape (n, 4)."""
        wide, high = self._at(column) / 2.0, self._at(row) / 2.0
        return np.column_stack([column - wide, row - high, column + wide, row + high])

    def _at(self, place: Floats) -> Floats:
        """The size of pixels along one axis: that of the nearest pair."""
        if not self.pairs:
            return np.full(len(place), USUAL_SIZE)
        distance = np.abs(place - SIZE / 2)
        after = np.searchsorted(self.distance, distance).clip(1, max(self.pairs - 1, 1))
        before = after - 1
        after = np.minimum(after, self.pairs - 1)
        nearer = distance - self.distance[before] <= self.distance[after] - distance
        return self.size[np.where(nearer, before, after)]


def learn_sizes(granules: Sequence[tuple[Floats, Floats]]) -> PixelSizes:
    """The sizes in some granules of one sensor.

    Args:
        granules: Column and row of the pixels of each.
    """
    pairs = [pair for column, row in granules for pair in _neighbours(column, row)]
    found = np.concatenate(pairs) if pairs else np.empty((0, 2))
    if not len(found):
        return PixelSizes(np.empty(0), np.empty(0))
    from scipy.optimize import isotonic_regression

    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return PixelSizes(found[:, 0], isotonic_regression(found[:, 1], increasing=False).x)


def _neighbours(column: Floats, row: Floats) -> list[Floats]:
    """Distance from the middle, and size, of each pair beside each other and each above each other."""
    from scipy.spatial import cKDTree

    places = np.column_stack([column, row])
    pairs = cKDTree(places).query_pairs(FARTHEST, output_type="ndarray")
    first, second = places[pairs[:, 0]], places[pairs[:, 1]]
    apart, middle = np.abs(second - first), np.abs((first + second) / 2.0 - SIZE / 2)
    found = []
    for axis in (0, 1):
        along, across = apart[:, axis], apart[:, 1 - axis]
        beside = (along > NEAREST) & (across < SKEW * along)
        found.append(np.column_stack([middle[beside, axis], along[beside]]))
    return found

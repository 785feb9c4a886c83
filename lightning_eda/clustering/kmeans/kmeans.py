"""Weighted k-means on a few thousand to a few hundred thousand points: greedy k-means++ and Hamerly's method.

`lloyd` gives what Lloyd's algorithm gives from the same centres, to rounding: Hamerly's bounds (2010, "Making
k-means even faster") only skip distances that cannot change a label.
"""

from dataclasses import dataclass

import numpy as np

from lightning_eda.clustering.points import Floats, Integers
from lightning_eda.compiled import compiled


@dataclass(frozen=True)
class Fit:
    """Centres, a label per point (its nearest centre), and the weighted sum of squared distances."""

    centers: Floats
    labels: Integers
    inertia: float


def seed_centers(
    points: Floats, weights: Floats, k: int, rng: np.random.Generator, given: Floats | None = None
) -> Floats:
    """Starting centres, k of them, by greedy k-means++, after any given ones.

    Each new centre is the best of 2 + ln k candidates drawn with probability proportional to weight times
    squared distance. Source: Arthur and Vassilvitskii 2007, who also name the greedy variant.

    Args:
        points: Shape (n, d); at least k of them distinct.
        weights: Shape (n,), above 0.
        k: Centres wanted.
        rng: Where the draws come from.
        given: Centres to begin with, shape (g, d), g <= k.
    """
    start = 0 if given is None else len(given)
    centers = np.empty((k, points.shape[1]))
    if given is not None:
        centers[:start] = given
    draws = rng.random((k, 2 + int(np.log(k))))
    compiled(_seed, _gap, _nearer, _first_above)(points, weights, centers, start, draws)
    return centers


def lloyd(points: Floats, weights: Floats, centers: Floats, max_iter: int = 300) -> Fit:
    """The k-means solution reached from the given centres: no label changes any more, or max_iter steps.

    A centre that loses all its points moves to the point that costs most.

    Args:
        points: Shape (n, d).
        weights: Shape (n,), above 0.
        centers: Where to start, shape (k, d); not changed.
        max_iter: Most updates of the centres.
    """
    moved = np.array(centers, order="C")  # a second memory order would be compiled for again
    labels = np.zeros(len(points), dtype=np.int64)
    helpers = (_gap, _half_gaps, _two_nearest, _assign, _costliest, _move, _loosen)
    inertia = compiled(_hamerly, *helpers)(points, weights, moved, labels, max_iter)
    return Fit(moved, labels, float(inertia))


def nearest_labels(points: Floats, centers: Floats) -> Integers:
    """The nearest centre of each point (the first of equally near ones), shape (n,)."""
    labels = np.zeros(len(points), dtype=np.int64)
    compiled(_nearest, _gap, _two_nearest)(points, centers, labels)
    return labels


def _gap(points: Floats, i: int, centers: Floats, c: int) -> float:
    gap = 0.0
    for axis in range(points.shape[1]):
        gap += (points[i, axis] - centers[c, axis]) ** 2
    return gap


def _nearer(points: Floats, weights: Floats, centers: Floats, c: int, nearest: Floats, out: Floats) -> float:
    """Squared distances to the nearest centre once `c` joins, and their weighted sum."""
    total = 0.0
    for i in range(len(points)):
        out[i] = min(nearest[i], _gap(points, i, centers, c))
        total += weights[i] * out[i]
    return total


def _seed(points: Floats, weights: Floats, centers: Floats, start: int, draws: Floats) -> None:
    """Kernel: fills centers[start:]."""
    nearest = np.full(len(points), np.inf)
    trial = np.empty(len(points))
    cumulative = np.empty(len(points))
    for c in range(start):
        _nearer(points, weights, centers, c, nearest, nearest)
    for c in range(start, len(centers)):
        total = 0.0
        for i in range(len(points)):
            total += weights[i] * nearest[i] if c > 0 else weights[i]
            cumulative[i] = total
        best = 0
        least = np.inf
        for number in range(draws.shape[1] if c > 0 else 1):
            pick = _first_above(cumulative, draws[c, number] * total)
            cost = _nearer(points, weights, points, pick, nearest, trial)
            if cost < least:
                least = cost
                best = pick
        _nearer(points, weights, points, best, nearest, nearest)
        for axis in range(points.shape[1]):
            centers[c, axis] = points[best, axis]


def _first_above(ascending: Floats, value: float) -> int:
    low = 0
    high = len(ascending) - 1
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] > value:
            high = middle
        else:
            low = middle + 1
    return low


def _hamerly(points: Floats, weights: Floats, centers: Floats, labels: Integers, max_iter: int) -> float:
    """Kernel: moves `centers`, fills `labels`, and returns the inertia."""
    upper = np.full(len(points), np.inf)  # bounds of the distance to the own and to the next nearest centre
    lower = np.full(len(points), -np.inf)
    half_gap = np.empty(len(centers))  # half the distance of a centre to its nearest neighbour
    shift = np.empty(len(centers))
    for step in range(max_iter + 1):
        _half_gaps(centers, half_gap)
        changed = _assign(points, centers, half_gap, labels, upper, lower)
        if step == max_iter or (changed == 0 and step > 0):
            break
        _move(points, weights, labels, centers, shift)
        _loosen(labels, shift, upper, lower)
    inertia = 0.0
    for i in range(len(points)):
        inertia += weights[i] * _gap(points, i, centers, labels[i])
    return inertia


def _half_gaps(centers: Floats, half_gap: Floats) -> None:
    for c in range(len(centers)):
        half_gap[c] = np.inf
        for other in range(len(centers)):
            if other != c:
                half_gap[c] = min(half_gap[c], 0.5 * np.sqrt(_gap(centers, c, centers, other)))


def _two_nearest(points: Floats, i: int, centers: Floats) -> tuple[int, float, float]:
    label = 0
    nearest = np.inf
    second = np.inf
    for c in range(len(centers)):
        gap = _gap(points, i, centers, c)
        if gap < nearest:
            second = nearest
            nearest = gap
            label = c
        elif gap < second:
            second = gap
    return label, nearest, second


def _nearest(points: Floats, centers: Floats, labels: Integers) -> None:
    """Kernel: fills `labels`."""
    for i in range(len(points)):
        labels[i] = _two_nearest(points, i, centers)[0]


def _assign(
    points: Floats, centers: Floats, half_gap: Floats, labels: Integers, upper: Floats, lower: Floats
) -> int:
    """Labels of the points whose bounds overlap; returns how many changed."""
    changed = 0
    for i in range(len(points)):
        own = labels[i]
        # Within half the distance of its centre to the next one no other can be nearer (triangle inequality).
        # Below, not at, the bound: of equally near centres the first is taken, as by `nearest_labels`.
        bound = max(half_gap[own], lower[i])
        if upper[i] < bound:
            continue
        upper[i] = np.sqrt(_gap(points, i, centers, own))  # one distance often saves the other k - 1
        if upper[i] < bound:
            continue
        label, nearest, second = _two_nearest(points, i, centers)
        upper[i] = np.sqrt(nearest)
        lower[i] = np.sqrt(second)
        if label != own:
            labels[i] = label
            changed += 1
    return changed


def _move(points: Floats, weights: Floats, labels: Integers, centers: Floats, shift: Floats) -> None:
    """Moves each centre to the mean of its points, and tells how far."""
    mass = np.zeros(len(centers))
    sums = np.zeros(centers.shape)
    for i in range(len(points)):
        mass[labels[i]] += weights[i]
        for axis in range(points.shape[1]):
            sums[labels[i], axis] += weights[i] * points[i, axis]
    lightest = mass[0]
    for c in range(1, len(centers)):
        lightest = min(lightest, mass[c])
    costliest = _costliest(points, weights, labels, centers) if lightest == 0 else 0
    for c in range(len(centers)):
        moved = 0.0
        for axis in range(points.shape[1]):
            place = sums[c, axis] / mass[c] if mass[c] > 0 else points[costliest, axis]
            moved += (place - centers[c, axis]) ** 2
            centers[c, axis] = place
        shift[c] = np.sqrt(moved) if mass[c] > 0 else np.inf  # it jumped: no lower bound holds any more


def _costliest(points: Floats, weights: Floats, labels: Integers, centers: Floats) -> int:
    most = -1.0
    where = 0
    for i in range(len(points)):
        cost = weights[i] * _gap(points, i, centers, labels[i])
        if cost > most:
            most = cost
            where = i
    return where


def _loosen(labels: Integers, shift: Floats, upper: Floats, lower: Floats) -> None:
    """Widens the bounds by what the centres moved: the own one, and the fastest of the others."""
    fastest = 0
    others = 0.0
    for c in range(1, len(shift)):
        if shift[c] > shift[fastest]:
            others = shift[fastest]
            fastest = c
        else:
            others = max(others, shift[c])
    for i in range(len(labels)):
        upper[i] += shift[labels[i]]
        lower[i] -= others if labels[i] == fastest else shift[fastest]

"""Lightning jumps: a flash rate that grows far faster than it did before, often ahead of severe weather.

Source: Schultz, Petersen, Carey, Lightning and severe weather: a comparison between total and cloud-to-ground
lightning trends, Weather and Forecasting 26 (2011), the 2-sigma algorithm on totals of two minutes; the
thresholds for GLM are those that Erdmann and Poelman tuned, JAMC 62 (2023), doi 10.1175/JAMC-D-22-0144.1.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike

from lightning_eda.clustering.points import US_PER_MINUTE, Floats, Integers
from lightning_eda.errors import PointsError

CHANGES = 5  # whose spread a change is held against
STEP_MINUTES = 2


def jump_sigmas(counts: ArrayLike) -> Floats:
    """By how many standard deviations of the changes before it each count has changed.

    `sigma[k] = (n[k] - n[k-1]) / s`, with s the sample standard deviation of the five changes
    `n[k-5] - n[k-6], ..., n[k-1] - n[k-2]`.

    Args:
        counts: Flashes in steps of equal length, finite, shape (m,), m from 0.

    Returns:
        Shape (m,); NaN for the first six steps, which have not enough before them, and 0 where the five
        changes are all the same.

    Raises:
        PointsError: The counts are not one-dimensional, or one is not finite.
    """
    values = np.asarray(counts, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise PointsError(f"counts: shape {values.shape}; expected finite numbers of shape (m,)")
    sigmas = np.full(len(values), np.nan)
    if len(values) <= CHANGES + 1:
        return sigmas
    changes = np.diff(values)
    before = np.lib.stride_tricks.sliding_window_view(changes, CHANGES)[:-1]
    spread = before.std(axis=1, ddof=1)
    steady = np.ptp(before, axis=1) <= 1e-12 * np.abs(values).max()
    sigmas[CHANGES + 1 :] = np.where(steady, 0.0, changes[CHANGES:] / np.where(steady, 1.0, spread))
    return sigmas


@dataclass(frozen=True)
class JumpLimits:
    """What counts as a jump.

    Attributes:
        sigma: Least sigma. Source: Erdmann and Poelman 2023, 1.0 to 1.5 for GLM; 2 is the classic value for
            mapping arrays, which see about three times the flashes.
        flashes_per_minute: Least flash rate in the step, minute-1. Source: the same, 15.
        one_within_minutes: Jumps so near each other in time are one. Source: the same, 6.
    """

    sigma: float = 1.5
    flashes_per_minute: float = 15.0
    one_within_minutes: float = 6.0


def jump_steps(time_us: ArrayLike, counts: ArrayLike, sigmas: ArrayLike, limits: JumpLimits) -> Integers:
    """The steps at which a jump begins.

    Args:
        time_us: Beginning of each step of `STEP_MINUTES`, microseconds, rising, shape (m,).
        counts: Flashes in it.
        sigmas: What `jump_sigmas` says of it; NaN is no jump.
        limits: What counts as one.

    Returns:
        Indices, rising. A step that passes the limits no more than `one_within_minutes` after another that
        does belongs to the same jump.
    """
    time, rate = np.asarray(time_us, np.int64), np.asarray(counts, np.float64) / STEP_MINUTES
    passes = np.flatnonzero((np.asarray(sigmas) >= limits.sigma) & (rate >= limits.flashes_per_minute))
    apart = np.diff(time[passes]) > limits.one_within_minutes * US_PER_MINUTE
    return passes[np.concatenate([[True], apart])] if len(passes) else passes


def jumps_of_storms(rates: pa.Table, limits: JumpLimits) -> pa.Table:
    """The rows at which a storm's jump begins, with the column flashes_per_minute.

    Args:
        rates: track, time, flashes and sigma of steps of `STEP_MINUTES`, by track and time; and any others.
        limits: What counts as a jump.
    """
    time, counts = rates["time"].cast(pa.int64()).to_numpy(), rates["flashes"].to_numpy()
    sigmas = rates["sigma"].cast(pa.float64()).to_numpy()
    names = np.array(rates["track"].to_pylist(), dtype=object)
    begins = np.flatnonzero(np.append(True, names[1:] != names[:-1])[: len(names)])
    pieces = [
        start + jump_steps(time[start:stop], counts[start:stop], sigmas[start:stop], limits)
        for start, stop in pairwise([*begins, len(time)])
    ]
    jumps = rates.take(np.concatenate([np.zeros(0, np.int64), *pieces]))
    rate = pc.divide(jumps["flashes"].cast(pa.float64()), float(STEP_MINUTES))
    return jumps.append_column("flashes_per_minute", rate)

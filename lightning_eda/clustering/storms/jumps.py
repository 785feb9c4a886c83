"""Lightning jumps: a flash rate that grows far faster than it did before, often ahead of severe weather.

Source: Schultz, Petersen, Carey, Lightning and severe weather: a comparison between total and cloud-to-ground
lightning trends, Weather and Forecasting 26 (2011), the 2-sigma algorithm on totals of two minutes. Which of
them are jumps says `warehouse.track_queries.jumps_of_day`.
"""

import numpy as np
from numpy.typing import ArrayLike

from lightning_eda.clustering.points import Floats
from lightning_eda.errors import PointsError

CHANGES = 5  # whose spread a change is held against


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

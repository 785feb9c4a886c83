"""The k-means sweep of a cleaned window: of its rows, or of the sums per cell where there are too many."""

from lightning_eda.clustering.clean_file import CleanWindow
from lightning_eda.clustering.features import make_points
from lightning_eda.clustering.sweep import Sweep, kmeans_sweep, kmeans_sweep_cells


def sweep_window(
    clean: CleanWindow, k_min: int, k_max: int, n_init: int, seed: int, *, fit_limit: int
) -> Sweep:
    """The k-means of every k; arguments as in `kmeans_sweep`.

    Raises:
        PointsError: A row lacks a feature, or the arguments are not usable.
    """
    if clean.cells is not None:
        return kmeans_sweep_cells(clean.cells, k_min, k_max, n_init, seed, fit_limit=fit_limit)
    points = make_points(clean.rows, clean.spec)
    return kmeans_sweep(points, k_min, k_max, n_init, seed, fit_limit=fit_limit)

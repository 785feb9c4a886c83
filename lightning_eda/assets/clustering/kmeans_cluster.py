"""k-means for every k of a range, each fitted once.

Both evaluators and the map read this one result; nobody fits again. The same seed and the same rows, in any
order, give the same clusters; cluster 0 is the largest. Above `fit_limit` distinct positions the fit runs on
grid cells, and the method and the size of a cell are recorded. Feeds `silhouette_evaluator`,
`elbow_evaluator` and `cluster_map`.
"""

import dagster as dg
from pydantic import Field

from lightning_eda.assets.catalog import LIGHTNING, OWNERS, about
from lightning_eda.assets.clustering.preprocessor import preprocessor
from lightning_eda.partitions import hourly, one_run
from lightning_eda.reporting import (
    Metadata,
    RunConfig,
    file_link,
    open_window,
    readable_failures,
    report_window,
)
from lightning_eda.resources import DataFolderResource, PinResource


class KmeansConfig(RunConfig):
    """The range of k and how hard to try."""

    k_min: int = Field(2, ge=1, description="Smallest number of clusters that is tried.")
    k_max: int = Field(23, ge=1, description="Largest number of clusters that is tried.")
    n_init: int = Field(10, ge=1, description="Starts of k-means for each k; the best is kept.")
    seed: int = Field(
        60, ge=0, description="Decides all chance in k-means: the same seed, the same clusters."
    )
    fit_limit: int = Field(
        100_000,
        ge=64,
        description="So many distinct positions are fitted as they are; more are joined to so many cells.",
    )


@dg.asset(
    group_name="clustering",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=LIGHTNING,
    metadata=about(),
    partitions_def=hourly,
    backfill_policy=one_run,
    kinds={"python", "numpy"},
    deps=[preprocessor],
)
def kmeans_cluster(
    context: dg.AssetExecutionContext, config: KmeansConfig, pin: PinResource, folders: DataFolderResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.clustering.window.clean_file import read_clean
    from lightning_eda.clustering.window.sweep_file import sweep_window, write_sweep

    with readable_failures():
        window, place = open_window(context, pin, folders)
        clean = read_clean(place.rows)
        sweep = sweep_window(
            clean, config.k_min, config.k_max, config.n_init, config.seed, fit_limit=config.fit_limit
        )
        write_sweep(place.sweep, sweep, clean.digest)
    metadata: Metadata = {
        "dagster/row_count": sweep.n_points,
        "points": sweep.n_points,
        "distinct_positions": len(sweep.cells),
        "k_fitted": len(sweep.fitted),
        "method": sweep.method,
        "cell_size": sweep.cell_size,
        "status": sweep.reason or "every k was fitted",
        "file": file_link(place.sweep),
    }
    return report_window(context, window, metadata)

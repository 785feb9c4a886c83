"""What a run does whose config says nothing is what the functions below do when they are told nothing."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from lightning_eda.assets.clustering.kmeans_cluster import KmeansConfig
from lightning_eda.assets.clustering.window_cleaning import PreprocessorConfig
from lightning_eda.assets.evaluators.silhouette_evaluator import SilhouetteConfig
from lightning_eda.assets.storm_cells.pair_finding import FlashPairsConfig
from lightning_eda.assets.storm_cells.storm_page import StormPageConfig
from lightning_eda.assets.storm_cells.track_finding import StormTracksConfig
from lightning_eda.clustering.kmeans.silhouette import estimate_silhouettes, sweep_silhouettes
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep, kmeans_sweep_cells
from lightning_eda.clustering.storms.frames import FrameOptions
from lightning_eda.clustering.window.features import PointSpec
from lightning_eda.reporting import RunConfig
from lightning_eda.warehouse.cleaning.options import Cleaning


@pytest.mark.parametrize(
    ("config", "function", "fields"),
    [
        (KmeansConfig, kmeans_sweep, {"k_min", "k_max", "n_init", "seed", "fit_limit"}),
        (KmeansConfig, kmeans_sweep_cells, {"k_min", "k_max", "n_init", "seed", "fit_limit"}),
        (SilhouetteConfig, sweep_silhouettes, {"exact_limit", "sample_size"}),
        (SilhouetteConfig, estimate_silhouettes, {"exact_limit", "sample_size"}),
        (PreprocessorConfig, PointSpec, {"geometry", "features", "normalisation", "feature_scale"}),
        (PreprocessorConfig, Cleaning, {"tier", "satellites", "quality_flags", "drop_artifacts"}),
        (StormTracksConfig, FrameOptions, {"window_minutes", "eps_km", "min_samples"}),
        (StormTracksConfig, Cleaning, {"satellites", "drop_artifacts"}),
        (FlashPairsConfig, Cleaning, {"satellites", "drop_artifacts"}),
        (StormPageConfig, Cleaning, {"drop_artifacts"}),
    ],
)
def test_defaults(config: type[RunConfig], function: Callable[..., Any], fields: set[str]) -> None:
    """Of all that both have under one name; an empty list is none."""
    told = {name: one.default for name, one in config.model_fields.items()}
    taken = {name: one.default for name, one in signature(function).parameters.items()}
    assert told.keys() & taken.keys() == fields
    for name in fields:
        assert plain(told[name]) == plain(taken[name]), name


def plain(default: object) -> object:
    return None if default in ([], ()) else default

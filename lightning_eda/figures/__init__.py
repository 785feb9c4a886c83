"""Maps, curves and reports: Arrow tables in, bytes or text out; the caller writes the files.

Nothing here reads a database, a network or a clock, and the same input always gives the same bytes.

What it offers:

    Scene, Evaluation    what is drawn (frames.py says which columns)
    render_cluster_map   PNG map of the flashes by cluster
    render_curves        elbow and silhouette, or one of them, PNG or SVG
    Blades, render_silhouettes   silhouettes by cluster beside their map, PNG or SVG
    render_interactive_map   one HTML page to pan, zoom, hover and play
    render_animation     GIF with one frame an hour
    render_report        one HTML page with everything
    render_storm_map     PNG map of the storm cells of a day
    render_cell_page     one HTML page of the largest of them
    StormScene, render_storm_page   one HTML page: density, tracks, flashes of a day
    render_track_map     PNG map of the same, small
    DensityScene, render_density_map   PNG map of the flashes that touched each cell of the fixed grid
    render_k_distances   PNG of the distance of each item to its k-th neighbour
    render_cluster_sizes   PNG of how many items the clusters have
    thumbnail            a PNG small enough for Dagster metadata
    described            what a map of the density shows, in words, from its PNG

Its modules:

    frames                what all of these are drawn from
    maps, globe           maps, and the Earth under them
    charts                curves and histograms
    report                the report
    interactive, interactive_layers   the map to explore, and its layers for Plotly
    canvas, palette       how pictures look
    wording               numbers and pictures in words
    sphere                geometry
    packaged, data        files that come with the package: pages (in page/), coastlines
"""

from lightning_eda.figures.canvas import described, thumbnail
from lightning_eda.figures.charts.curves import Curve, render_curves
from lightning_eda.figures.charts.distances import render_cluster_sizes, render_k_distances
from lightning_eda.figures.charts.silhouettes import Blades, render_silhouettes
from lightning_eda.figures.frames import (
    CLUSTER_COLUMNS,
    FLASH_COLUMNS,
    SCORE_COLUMNS,
    Evaluation,
    Scene,
)
from lightning_eda.figures.interactive import render_interactive_map
from lightning_eda.figures.maps.animation import render_animation
from lightning_eda.figures.maps.cluster_map import render_cluster_map
from lightning_eda.figures.maps.density_map import DensityScene, render_density_map
from lightning_eda.figures.maps.storm_map import render_cell_page, render_storm_map
from lightning_eda.figures.maps.storm_page import render_storm_page
from lightning_eda.figures.maps.storm_scene import DensitySteps, StormScene
from lightning_eda.figures.maps.track_map import render_track_map
from lightning_eda.figures.report import render_report

__all__ = [
    "CLUSTER_COLUMNS",
    "FLASH_COLUMNS",
    "SCORE_COLUMNS",
    "Blades",
    "Curve",
    "DensityScene",
    "DensitySteps",
    "Evaluation",
    "Scene",
    "StormScene",
    "described",
    "render_animation",
    "render_cell_page",
    "render_cluster_map",
    "render_cluster_sizes",
    "render_curves",
    "render_density_map",
    "render_interactive_map",
    "render_k_distances",
    "render_report",
    "render_silhouettes",
    "render_storm_map",
    "render_storm_page",
    "render_track_map",
    "thumbnail",
]

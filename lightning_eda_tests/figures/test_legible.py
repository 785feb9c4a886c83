"""Whatever a picture says can be read: inside of it, and apart from all else that is written."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from lightning_eda.figures import (
    Evaluation,
    render_animation,
    render_cluster_map,
    render_curves,
    render_density_map,
)
from lightning_eda.figures.charts.distances import render_cluster_sizes, render_k_distances
from lightning_eda.figures.charts.distributions import render_distributions, render_rate
from lightning_eda.figures.charts.silhouettes import Blades, render_silhouettes
from lightning_eda.figures.maps.animation import DPI, HEIGHT_IN, WIDTH_IN
from lightning_eda.figures.maps.storm_map import render_storm_map
from lightning_eda_tests.figures.conftest import drawn
from lightning_eda_tests.figures.maps import test_density_map as density
from lightning_eda_tests.figures.maps.test_storm_map import cell_scene, cells_at, no_cells
from lightning_eda_tests.figures.storms import empty_scene, evaluation, storm_scene

SLACK = 1.0  # pixels by which the edges of letters may be off
SMALLEST = 7.0  # points

BLADES = Blades(np.tile(np.arange(200.0), (3, 1)), np.array([0.3, 0.2, 0.1]), 0.4)
UNSCORED = evaluation().scores.set_column(2, "silhouette", pa.nulls(22, pa.float64()))
PICTURES = {
    "curves": (render_curves, evaluation(chosen=7)),
    "first k": (render_curves, evaluation(chosen=2, sampled=True)),
    "last k": (render_curves, evaluation(chosen=23)),
    "not scored": (render_curves, Evaluation(UNSCORED, 7, "knee", 6)),
    "one k": (render_curves, Evaluation(evaluation().scores.slice(0, 1))),
    "inertia": (render_curves, evaluation(), "png", ["inertia"]),
    "distances": (render_k_distances, np.append(np.linspace(0.1, 2.0, 500), [np.inf] * 20), 5, 0.5),
    "no neighbours": (render_k_distances, np.array([np.inf]), 5, 0.5),
    "sizes": (render_cluster_sizes, np.arange(1, 60), 4),
    "all is noise": (render_cluster_sizes, np.zeros(0, np.int64), 9),
    "rate": (render_rate, storm_scene(2, 500)),
    "rate of a month": (render_rate, storm_scene(2, 500, hours=720)),
    "no rate": (render_rate, empty_scene()),
    "distributions": (render_distributions, storm_scene(2, 500)),
    "no distributions": (render_distributions, empty_scene()),
    "silhouettes": (render_silhouettes, storm_scene(3, 600), BLADES),
    "clusters": (render_cluster_map, storm_scene(7, 1000)),
    "many clusters": (render_cluster_map, storm_scene(33, 500)),
    "no flashes": (render_cluster_map, empty_scene()),
    "cells": (render_storm_map, cell_scene(30, 2000)),
    "cells of an hour": (render_storm_map, cells_at(1263, 1317)),
    "no cells": (render_storm_map, no_cells()),
    "density": (render_density_map, density.scene([1.0] * 40 + [100.0] * 40)),
}


def boxes_drawn(draw: Callable[[], object]) -> dict[Text, Bbox]:
    """Where the texts are that are seen: not the labels of ticks outside of their axes."""
    boxes: dict[Text, Bbox] = {}
    with pytest.MonkeyPatch.context() as patch:
        write = Text.draw
        patch.setattr(
            Text,
            "draw",
            lambda text, *args: (write(text, *args), boxes.update({text: text.get_window_extent()})),
        )
        draw()
    return {text: box for text, box in boxes.items() if text.get_visible() and text.get_text().strip()}


def require_legible(boxes: dict[Text, Bbox], picture: Bbox) -> None:
    """No text leaves the picture or runs into another, and none is tiny."""
    assert boxes
    for text, box in boxes.items():
        inside = (box.x0, box.y0, picture.x1 - box.x1, picture.y1 - box.y1)
        assert min(inside) >= -SLACK, text
        assert text.get_size() >= SMALLEST, text
    for (one, box), (other, its) in combinations(boxes.items(), 2):
        across = min(box.x1, its.x1) - max(box.x0, its.x0)
        upward = min(box.y1, its.y1) - max(box.y0, its.y0)
        assert min(across, upward) <= SLACK, (one, other)


@pytest.mark.parametrize("name", PICTURES)
def test_every_word_can_be_read(name):
    """In every picture."""
    render, *arguments = PICTURES[name]
    figure = drawn(render, *arguments)
    require_legible(boxes_drawn(figure.draw_without_rendering), figure.bbox)


@pytest.mark.parametrize("hours", [6, 720])
def test_every_word_of_a_frame_can_be_read(monkeypatch, hours):
    """Also the time of a frame of a month beside the longest title."""
    monkeypatch.setattr("lightning_eda.figures.maps.animation.MOST_FRAMES", 1)
    scene = replace(
        storm_scene(7, 100, hours=hours), satellite="G16, G17, G18", simulated=True, total=12_345_678
    )
    boxes = boxes_drawn(lambda: render_animation(scene))
    require_legible(boxes, Bbox([[0, 0], [WIDTH_IN * DPI, HEIGHT_IN * DPI]]))

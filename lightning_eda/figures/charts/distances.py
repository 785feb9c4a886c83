"""Two looks at a day of distances: how far the k-th neighbours are, and how large the clusters came out."""

from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.figures.canvas import (
    ACCENT,
    INK,
    SECOND,
    SOFT_INK,
    heading,
    new_figure,
    notice,
    picture,
    plain_axes,
)
from lightning_eda.figures.frames import Labels
from lightning_eda.figures.sphere import Floats
from lightning_eda.texts import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS_PER_INCH = 80  # they are shown inside Dagster's metadata, where a picture must stay small
MOST_POINTS = 2_000
MOST_BARS = 40


def render_k_distances(distances: Floats, k: int, eps: float) -> bytes:
    """The distance of every item to its k-th neighbour, from the nearest to the farthest.

    The usual way to choose eps: where the curve bends upwards, items begin to be far from all others.
    Source: Ester et al. 1996, "A Density-Based Algorithm for Discovering Clusters", section 4.2.

    Args:
        distances: Ascending, infinite where an item has fewer neighbours, shape (n,).
        k: Which neighbour, the item itself included.
        eps: The limit now in use, drawn as a line; none where it is not finite.

    Returns:
        A PNG.
    """
    finite = distances[np.isfinite(distances)]
    figure = new_figure(8.0, 4.2, dpi=DOTS_PER_INCH)
    beyond = len(distances) - len(finite)
    words = f"{beyond:,} of {len(distances):,} items have fewer than {k} within the pairs that were given"
    heading(figure, f"Distance to the nearest item no. {k}", words, left=0.1)
    axes = figure.add_axes((0.1, 0.14, 0.86, 0.66))
    if not len(finite):
        axes.axis("off")
        notice(axes, "Nothing to draw", f"No item has {k} items near it, itself included.")
        return picture(figure)
    plain_axes(axes)
    shown = np.unique(np.linspace(0, len(finite) - 1, MOST_POINTS).astype(int))
    axes.plot(shown + 1, finite[shown], color=ACCENT, linewidth=1.8)
    axes.set_xlim(0, max(len(finite), 2))
    top = float(finite[-1])
    if np.isfinite(eps):
        _draw_eps(axes, eps, int((finite <= eps).sum()))
        top = max(top, eps)
    axes.set_ylim(0, top * 1.08 or 1.0)
    axes.set_xlabel("items, from the closest neighbourhood to the loosest; each is its own no. 1")
    axes.set_ylabel("distance")
    return picture(figure)


def _draw_eps(axes: "Axes", eps: float, within: int) -> None:
    """The limit as a line, and how many items are core by it."""
    axes.axhline(eps, color=SECOND, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"eps = {eps:g}: {within:,} core items",
        (0.01, eps),
        xycoords=("axes fraction", "data"),
        xytext=(0, 4),
        textcoords="offset points",
        color=SECOND,
        size=10,
    )


def render_cluster_sizes(sizes: Labels, noise: int) -> bytes:
    """How many items the clusters have, the largest first.

    Args:
        sizes: Items of each cluster, shape (clusters,).
        noise: Items in none.

    Returns:
        A PNG.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(8.0, 3.8, dpi=DOTS_PER_INCH)
    total = int(sizes.sum()) + noise
    inside = f"{total - noise:,} in {counted(len(sizes), 'cluster')}"
    words = f"{counted(total, 'item')}: {inside}, {noise:,} {'is' if noise == 1 else 'are'} noise"
    heading(figure, "Items of each cluster", words, left=0.1)
    axes = figure.add_axes((0.1, 0.16, 0.86, 0.62))
    if not len(sizes):
        axes.axis("off")
        notice(axes, "No clusters", "Every item is noise." if noise else "There are no items.")
        return picture(figure)
    plain_axes(axes)
    largest = np.sort(sizes)[::-1][:MOST_BARS]
    axes.bar(np.arange(1, len(largest) + 1), largest, color=ACCENT, width=0.8)
    rest = len(sizes) - len(largest)
    axes.set_xlabel("cluster, the largest first" + (f" ({rest:,} smaller ones are left out)" if rest else ""))
    axes.set_ylabel("items")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0.4, max(len(largest), 5) + 0.6)
    axes.text(
        0.99, 0.95, f"median {np.median(sizes):g}", transform=axes.transAxes, ha="right", va="top",
        color=SOFT_INK, size=10,
    )  # fmt: skip
    axes.tick_params(axis="x", colors=INK)
    return picture(figure)

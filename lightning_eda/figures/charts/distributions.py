"""The rate of flashes over the window, and how their energies and durations are spread."""

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from lightning_eda.figures.canvas import (
    ACCENT,
    RULE,
    SECOND,
    SOFT_INK,
    ImageFormat,
    halo,
    new_figure,
    nice_step,
    picture,
    plain_axes,
)
from lightning_eda.figures.frames import Scene, utc
from lightning_eda.figures.sphere import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RATE_BINS = 120
RATE_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
TICK_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 43200)


def rate_per_minute(scene: Scene) -> tuple[Floats, Floats]:
    """The edges of the bins, minutes from the start of the window, and the rate in each, per minute.

    A point before the window (light that came before its granule began) counts in the first bin.
    """
    step = nice_step(scene.minutes, RATE_BINS, RATE_MINUTES)
    edges = np.append(np.arange(0.0, scene.minutes - 1e-9, step), scene.minutes)
    inside = np.clip(scene.seconds / 60.0, 0.0, np.nextafter(scene.minutes, 0.0))
    counts, _ = np.histogram(inside, bins=edges)
    rate: Floats = scene.scale * counts / np.diff(edges)
    return edges, rate


def render_rate(scene: Scene, image_format: ImageFormat = "png") -> bytes:
    """Points per minute over the window, PNG or SVG."""
    figure = new_figure(9.0, 2.7)
    axes = figure.add_axes((0.075, 0.17, 0.89, 0.73))
    plain_axes(axes)
    edges, rate = rate_per_minute(scene)
    axes.stairs(rate, edges, fill=True, color=ACCENT, alpha=0.22)
    axes.stairs(rate, edges, color=ACCENT, linewidth=1.5, baseline=None)
    axes.set(xlim=(0.0, scene.minutes), ylim=(0.0, max(1.0, float(rate.max()) * 1.12)))
    axes.set_ylabel(_rate_label(scene, float(edges[1] - edges[0])), size=10)
    step = nice_step(scene.minutes, 8, TICK_MINUTES)
    ticks = np.arange(0.0, scene.minutes + 1e-9, step)
    form = "%H:%M" if scene.minutes <= 24 * 60 else "%d %b\n%H:%M" if step < 1440 else "%d %b"
    moments = [utc(scene.start) + timedelta(minutes=float(tick)) for tick in ticks]
    axes.set_xticks(ticks, [f"{moment:{form}}" for moment in moments])
    if len(scene) == 0:
        axes.text(
            0.5, 0.5, f"No {scene.noun}", transform=axes.transAxes, ha="center", color=SOFT_INK, size=13
        )
    return picture(figure, image_format)


def _rate_label(scene: Scene, minutes: float) -> str:
    """What the curve is; the width of its bins where it is not the minute of the words above it."""
    label = f"{scene.noun.capitalize()} per minute"
    return label if minutes <= 1 else f"{label}\nin bins of {minutes:g} minutes"


def render_distributions(scene: Scene, image_format: ImageFormat = "png") -> bytes:
    """Histograms of energy and duration on logarithmic axes with their medians, PNG or SVG."""
    figure = new_figure(9.0, 2.9)
    left = figure.add_axes((0.075, 0.19, 0.40, 0.68))
    right = figure.add_axes((0.555, 0.19, 0.40, 0.68))
    _draw_histogram(left, scene.energy_fj, "Radiant energy (fJ)", "fJ")
    _draw_histogram(right, scene.duration_ms, "Duration (ms)", "ms")
    left.set_ylabel(scene.noun.capitalize(), size=10)
    return picture(figure, image_format)


def _draw_histogram(axes: "Axes", values: Floats, label: str, unit: str) -> None:
    """One histogram of the values above zero; how many are zero is said, as the axis cannot show them."""
    plain_axes(axes)
    axes.set_xlabel(label, size=10)
    known = values[np.isfinite(values)]
    shown = known[known > 0.0]
    if len(shown) == 0:
        axes.set(xticks=[], yticks=[])
        text = "not recorded" if len(known) == 0 else "all are zero"
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", color=SOFT_INK, size=12)
        return
    low, high = np.log10(shown.min()), np.log10(shown.max())
    if high - low < 0.1:
        low, high = low - 0.5, high + 0.5
    edges = np.logspace(low, high, 41)
    edges[[0, -1]] = min(edges[0], shown.min()), max(edges[-1], shown.max())  # as logspace rounds
    axes.hist(shown, bins=edges.tolist(), color=ACCENT, alpha=0.75, linewidth=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.tick_params(which="minor", colors=RULE)
    median = float(np.median(known))
    if median > 0.0:
        axes.axvline(median, color=SECOND, linewidth=1.3)
        note = axes.annotate(
            f"median {median:,.3g} {unit}", (median, 1.0), (0, 4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", color=SECOND, size=9.5,
        )  # fmt: skip
        note.set_path_effects(halo())
    zero = len(known) - len(shown)
    if zero:
        axes.text(0.01, 0.93, f"{zero:,} at zero", transform=axes.transAxes, color=SOFT_INK, size=9)

"""The two looks at k: inertia with its knee, silhouette with its top, the chosen k in both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from lightning_eda.figures.canvas import (
    ACCENT,
    INK,
    PAPER,
    SECOND,
    SOFT_INK,
    ImageFormat,
    heading,
    new_figure,
    notice,
    picture,
    plain_axes,
)
from lightning_eda.figures.frames import Evaluation
from lightning_eda.figures.sphere import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = "#FCE9C8"
Curve: TypeAlias = Literal["inertia", "silhouette"]
BOTH: tuple[Curve, ...] = ("inertia", "silhouette")
# Bottom and height of the panels, as shares of the figure.
ONE_PANEL = ((0.16, 0.56),)
TWO_PANELS = ((0.50, 0.34), (0.10, 0.34))


def render_curves(
    evaluation: Evaluation, image_format: ImageFormat = "png", curves: Sequence[Curve] = BOTH
) -> bytes:
    """Inertia and silhouette over k, one above the other on one axis of k.

    Fewer than two values of k give a picture that says that there were not enough points.

    Args:
        evaluation: The scores.
        image_format: "png" or "svg".
        curves: Which of them.
    """
    enough = evaluation.scores.num_rows >= 2
    figure = new_figure(9.0, 6.4 if enough and len(curves) == 2 else 3.4)
    heading(figure, "How many clusters?", _subtitle(evaluation), left=0.1)
    if not enough:
        axes = figure.add_axes((0.1, 0.1, 0.86, 0.74))
        axes.axis("off")
        notice(axes, "Not enough points", "A curve over k needs at least two values of k.")
        return picture(figure, image_format)
    panels = TWO_PANELS if len(curves) == 2 else ONE_PANEL
    axes_of = [figure.add_axes((0.1, bottom, 0.86, height)) for bottom, height in panels]
    for axes, curve in zip(axes_of, curves, strict=True):
        draw = _draw_inertia if curve == "inertia" else _draw_silhouette
        draw(axes, evaluation)
        axes.tick_params(labelbottom=axes is axes_of[-1])
    for axes in axes_of[1:]:
        axes.sharex(axes_of[0])
    _name_k(axes_of[-1])
    _mark_chosen(axes_of, evaluation)
    return picture(figure, image_format)


def _subtitle(evaluation: Evaluation) -> str:
    """Which k was chosen and by whom, and the knee, in one line."""
    by = f" by {evaluation.chosen_by}" if evaluation.chosen_by else ""
    parts = [f"k = {evaluation.chosen_k} was chosen{by}"] if evaluation.chosen_k is not None else []
    parts += [f"knee of the inertia at k = {evaluation.knee}"] if evaluation.knee is not None else []
    return "  ·  ".join(parts) or "No k was chosen"


def _draw_inertia(axes: "Axes", evaluation: Evaluation) -> None:
    """The elbow: inertia over k, with the knee as an open ring."""
    k, inertia = evaluation.column("k"), evaluation.column("inertia")
    plain_axes(axes)
    most = float(np.nanmax(inertia, initial=0.0))
    power = 3 * int(np.floor(np.log10(most) / 3)) if most > 0.0 else 0
    scale = 10.0**power if abs(power) >= 6 else 1.0
    unit = f"{_power_text(power)} {evaluation.inertia_unit}" if scale != 1.0 else evaluation.inertia_unit
    axes.plot(k, inertia / scale, "-o", color=ACCENT, markersize=4.5, linewidth=1.8, zorder=3)
    axes.set_ylabel(f"Inertia ({unit.strip()})", size=10, parse_math=False)
    axes.set_ylim(0, 1.08 * most / scale or 1.0)
    here = k == evaluation.knee if evaluation.knee is not None else np.zeros(len(k), dtype=bool)
    if here.any():
        at = (float(k[here][0]), float(inertia[here][0] / scale))
        _ring(axes, at, f"knee, k = {evaluation.knee}", _side(k, at[0]))


def _side(k: Floats, at: float) -> Literal["left", "center", "right"]:
    """The alignment that keeps a text above a point inside the axes."""
    share = (at - k.min()) / max(k.max() - k.min(), 1e-9)
    return "left" if share < 0.2 else "right" if share > 0.8 else "center"


def _ring(axes: "Axes", at: tuple[float, float], text: str, side: Literal["left", "center", "right"]) -> None:
    """An open ring around a point of a curve, with a text above it."""
    axes.scatter(*at, s=190, facecolors="none", edgecolors=SECOND, linewidths=2.0, zorder=4)
    axes.annotate(
        text, at, (0, 13), textcoords="offset points", color=SECOND, size=10, ha=side, zorder=5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
    )  # fmt: skip


def _power_text(power: int) -> str:
    """10 to a power, with raised digits."""
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _draw_silhouette(axes: "Axes", evaluation: Evaluation) -> None:
    """Mean silhouette over k, with a bar of one standard error where it was sampled."""
    k, score = evaluation.column("k"), evaluation.column("silhouette")
    error = np.nan_to_num(evaluation.column("silhouette_error"))
    plain_axes(axes)
    axes.set_ylabel("Mean silhouette", size=10)
    if not np.isfinite(score).any():
        axes.set_yticks([])
        axes.text(0.5, 0.5, "not scored", transform=axes.transAxes, ha="center", color=SOFT_INK, size=12)
        return
    if error.any():
        axes.fill_between(k, score - error, score + error, color=ACCENT, alpha=0.18, linewidth=0)
    axes.plot(k, score, "-o", color=ACCENT, markersize=4.5, linewidth=1.8, zorder=3)
    best = int(np.nanargmax(score))
    at = (float(k[best]), float(score[best]))
    _ring(axes, at, f"best, {at[1]:.3f} at k = {at[0]:.0f}", _side(k, at[0]))
    low, high = np.nanmin(score - error), np.nanmax(score + error)
    pad = max(0.15 * (high - low), 0.02)
    axes.set_ylim(low - pad, high + 1.8 * pad)


def _name_k(axes: "Axes") -> None:
    """The axis of k, below the lowest curve."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("Number of clusters, k", size=10)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=24, min_n_ticks=1))


def _mark_chosen(axes_of: Sequence["Axes"], evaluation: Evaluation) -> None:
    """A band through the curves at the chosen k, named at its top."""
    k = evaluation.column("k")
    upper = axes_of[0]
    upper.set_xlim(k.min() - 0.7, k.max() + 0.7)
    if evaluation.chosen_k is None:
        return
    for axes in axes_of:
        axes.axvspan(evaluation.chosen_k - 0.35, evaluation.chosen_k + 0.35, color=BAND, zorder=0.5)
    upper.annotate(
        f"chosen k = {evaluation.chosen_k}", (evaluation.chosen_k, 1.0), (0, 4),
        xycoords=("data", "axes fraction"), textcoords="offset points",
        ha=_side(k, evaluation.chosen_k), weight="bold", color=INK, size=10.5,
    )  # fmt: skip

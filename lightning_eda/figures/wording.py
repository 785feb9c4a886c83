"""Numbers and pictures in words: the units people read, and what a picture shows to who cannot see it."""

from datetime import datetime

import numpy as np

from lightning_eda.figures.charts.distributions import rate_per_minute
from lightning_eda.figures.frames import Evaluation, Scene, utc
from lightning_eda.figures.globe.basemap import latitude_text, longitude_text
from lightning_eda.figures.sphere import Floats

NOT_RECORDED = "\N{EN DASH}"
ENERGY_UNITS = ((1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ"), (1e-9, "nJ"), (1e-12, "pJ"), (1e-15, "fJ"))


def number_text(value: float | None, unit: str = "") -> str:
    """A number to three digits, thousands parted, with its unit; a dash when it is not known."""
    if value is None or not np.isfinite(value):
        return NOT_RECORDED
    if value == 0.0:
        return f"0 {unit}".strip()
    places = max(0, 2 - int(np.floor(np.log10(abs(value)))))
    return f"{value:,.{places}f} {unit}".strip()


def energy_text(joules: float | None) -> str:
    """An energy to three digits in the unit that suits it."""
    if joules is None or not np.isfinite(joules):
        return NOT_RECORDED
    scale, unit = next((pair for pair in ENERGY_UNITS if abs(joules) >= pair[0]), ENERGY_UNITS[-1])
    return number_text(joules / scale, unit)


def moment_text(moment: datetime | None, scene: Scene) -> str:
    """A time, with its date only when the window is longer than a day or the time is on another day."""
    if moment is None:
        return NOT_RECORDED
    moment = utc(moment)
    same_day = moment.date() == utc(scene.start).date() and scene.minutes <= 24 * 60
    return f"{moment:%H:%M:%S}" if same_day else f"{moment:%Y-%m-%d %H:%M:%S}"


def place_text(lat: float, lon: float) -> str:
    """A place to a hundredth of a degree."""
    return f"{latitude_text(round(lat, 2))} {longitude_text(round(lon, 2))}"


def median_text(values: Floats, unit: str) -> str:
    """The median of the known values with its unit."""
    known = values[np.isfinite(values)]
    return number_text(float(np.median(known)), unit) if len(known) else NOT_RECORDED


def map_text(scene: Scene) -> str:
    """What the map shows, in a sentence or two."""
    if len(scene) == 0:
        view = "Map of the satellite's field of view"
        return f"{view} with no {scene.noun}." if scene.loaded else f"{view}. {scene.absence}"
    text = f"Map of {scene.count:,} {scene.noun}"
    if scene.clusters.num_rows == 0:
        return f"{text}, not clustered."
    largest = max(scene.clusters.to_pylist(), key=lambda row: row["flashes"])
    place = place_text(largest["center_lat"], largest["center_lon"])
    return (
        f"{text} in {scene.clusters.num_rows} clusters with their hulls and numbered centres. "
        f"The largest, cluster {largest['cluster']}, has {largest['flashes']:,} around {place}. "
        "The table below has the numbers of each."
    )


def curves_text(evaluation: Evaluation) -> str:
    """What the two curves show."""
    k, score = evaluation.column("k"), evaluation.column("silhouette")
    if len(k) < 2:
        return "No curves over k: there were not enough points."
    text = f"Inertia and mean silhouette for k from {k.min():.0f} to {k.max():.0f}."
    if np.isfinite(score).any():
        best = int(np.nanargmax(score))
        text += f" The silhouette is highest, {score[best]:.3f}, at k = {k[best]:.0f}."
    if evaluation.knee is not None:
        text += f" The inertia has its knee at k = {evaluation.knee}."
    if evaluation.chosen_k is not None:
        text += f" The chosen k is {evaluation.chosen_k}."
    return text


def silhouettes_text(evaluation: Evaluation) -> str:
    """What the silhouettes by cluster show."""
    k, score = evaluation.column("k"), evaluation.column("silhouette")
    text = "The silhouette coefficients of each cluster from low to high, beside the map of the clusters."
    here = score[k == evaluation.chosen_k] if evaluation.chosen_k is not None else score[:0]
    return f"{text} Their mean is {here[0]:.3f}." if np.isfinite(here).any() else text


def rate_text(scene: Scene) -> str:
    """What the curve of the rate shows."""
    _, rate = rate_per_minute(scene)
    mean = scene.count / scene.minutes
    return (
        f"{scene.noun.capitalize()} per minute over the window: {mean:,.1f} on average, "
        f"from {rate.min():,.1f} to {rate.max():,.1f}."
    )


def distributions_text(scene: Scene) -> str:
    """What the two histograms show."""
    energy, duration = median_text(scene.energy_fj, "fJ"), median_text(scene.duration_ms, "ms")
    return f"Histograms on logarithmic axes. Median energy {energy}, median duration {duration}."

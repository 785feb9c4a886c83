"""The report: one HTML page with the map, the curves, the rate, the distributions and the table of clusters.

The pictures are inside the page (PNG map and curves, the rest SVG), so that it can be mailed and printed; the
interactive map, which carries 5 MB of Plotly, stays a file of its own and is linked.
"""

import base64
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lightning_eda.figures.charts.curves import render_curves
from lightning_eda.figures.charts.distributions import render_distributions, render_rate
from lightning_eda.figures.frames import Evaluation, Scene
from lightning_eda.figures.maps.cluster_map import render_cluster_map
from lightning_eda.figures.packaged import packaged_text
from lightning_eda.figures.palette import look
from lightning_eda.figures.wording import (
    curves_text,
    distributions_text,
    energy_text,
    map_text,
    median_text,
    moment_text,
    number_text,
    place_text,
    rate_text,
    silhouettes_text,
)
from lightning_eda.texts import plain

NOT_RELATIVE = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|[/\\])")


def render_report(
    scene: Scene,
    evaluation: Evaluation,
    links: Mapping[str, str] | None = None,
    details: Mapping[str, str] | None = None,
    map_png: bytes | None = None,
    curves_png: bytes | None = None,
    densities: Sequence[tuple[bytes, str]] = (),
    silhouettes_png: bytes | None = None,
) -> str:
    """The page, about 1 MB, most of it the map.

    Args:
        scene: The clustered points.
        evaluation: The scores of k.
        links: Text to address, for files beside the report: {"Interactive map": "map.html"}.
        details: How the result was made, name to value: rows dropped, features, seed.
        map_png: The map when it was rendered already; else it is rendered here.
        curves_png: The curves, likewise.
        densities: Maps of the flash extent density, PNG, each with what it shows in words.
        silhouettes_png: The silhouettes by cluster; None leaves them out.

    Raises:
        ValueError: A link is not a relative address.
    """
    map_png = render_cluster_map(scene) if map_png is None else map_png
    curves_png = render_curves(evaluation) if curves_png is None else curves_png
    granules = (details or {}).get("Granules")
    parts = {
        "title": html.escape(f"{scene.satellite_title} lightning, {scene.window_title}"),
        "heading": html.escape(f"{scene.satellite_title} lightning clusters"),
        "window": _escaped(scene.window_title + (f" · Granules: {granules}" if granules else "")),
        "css": packaged_text("page/report.css"),
        "numbers": _numbers(scene),
        "map": _picture(map_png, "image/png", map_text(scene)),
        "links": _links(links or {}),
        "density": _density_section(densities),
        "traps": _traps(scene),
        "clusters": _cluster_table(scene),
        "meaning": _meaning(scene),
        "choice": _choice(evaluation),
        "curves": _picture(curves_png, "image/png", curves_text(evaluation)),
        "silhouettes": _silhouettes_figure(silhouettes_png, evaluation),
        "rate": _picture(render_rate(scene, "svg"), "image/svg+xml", rate_text(scene)),
        "distributions": _picture(
            render_distributions(scene, "svg"), "image/svg+xml", distributions_text(scene)
        ),
        "details": _details(details or {}),
        "noun": scene.noun,
        "source": _escaped(scene.source),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], packaged_text("page/report.html"))


def _density_section(densities: Sequence[tuple[bytes, str]]) -> str:
    """The maps under a heading; nothing where there is none."""
    if not densities:
        return ""
    maps = [f'<figure class="bleed">{_picture(png, "image/png", words)}</figure>' for png, words in densities]
    return "\n".join(["<h2>Flash extent density</h2>", *maps])


def _picture(content: bytes, kind: str, alt: str) -> str:
    """An image inside the page, with its text for who cannot see it."""
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:{kind};base64,{data}" alt="{html.escape(alt)}">'


def _numbers(scene: Scene) -> str:
    """The figures at the top of the page."""
    energy = scene.energy_fj[np.isfinite(scene.energy_fj)]
    minutes = np.clip(scene.seconds // 60, 0, None).astype(np.int64)
    peak = scene.scale * np.bincount(minutes).max() if len(scene) else 0.0
    entries = {
        scene.noun.capitalize(): f"{scene.count:,}",
        "Clusters": str(len(scene.labels)),
        "Mean per minute": f"{scene.count / scene.minutes:,.1f}",
        "Busiest minute": f"{peak:,.0f}",
        "Total energy": energy_text(float(energy.sum()) * 1e-15 * scene.scale if len(energy) else None),
        "Median duration": median_text(scene.duration_ms, "ms"),
    }
    return "\n".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in entries.items())


def _links(links: Mapping[str, str]) -> str:
    """The files beside the report."""
    for address in links.values():
        if NOT_RELATIVE.match(address):
            raise ValueError(f"link {address!r}: give an address relative to the report")
    anchors = [f'<a href="{html.escape(to)}">{html.escape(name)}</a>' for name, to in links.items()]
    return f'<nav aria-label="Files">{" ".join(anchors)}</nav>' if anchors else ""


def _meaning(scene: Scene) -> str:
    """What a k-means cluster is and what it is not; nothing where there is none."""
    if scene.clusters.num_rows == 0:
        return ""
    noun = scene.noun
    return (
        f"<p>A cluster is what k-means makes of all {noun} of the window: as many groups as k says, each of "
        f"the {noun} with the centre nearest to it. It is not a storm: it takes no account of time, ends "
        f"only where its neighbours begin, and holds also {noun} that are far from all others. Storms are in "
        "the tables <code>storm_cells</code> and <code>storm_tracks</code>.</p>"
    )


def _silhouettes_figure(png: bytes | None, evaluation: Evaluation) -> str:
    """The silhouettes by cluster; nothing where there are none."""
    if png is None:
        return ""
    return f"<figure>{_picture(png, 'image/png', silhouettes_text(evaluation))}</figure>"


def _choice(evaluation: Evaluation) -> str:
    """The rule that chose k, and what speaks against it."""
    rule = f"k = {evaluation.chosen_k}: {evaluation.rule}." if evaluation.rule else ""
    return "\n".join(f"<p>{_escaped(sentence)}</p>" for sentence in (rule, *evaluation.doubts) if sentence)


def _cluster_table(scene: Scene) -> str:
    """A row a cluster; a sentence when there is none."""
    if scene.clusters.num_rows == 0:
        why = f"The {scene.noun} were not clustered." if len(scene) else scene.absence
        return f"<p>{why}</p>"
    names = [
        *("Cluster", "Centre", "Radius<br>km", "Hull area<br>km²", scene.noun.capitalize()),
        *("Per minute", "Energy", "First", "Last"),
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "\n".join(_cluster_row(scene, row) for row in scene.clusters.to_pylist())
    return (
        f'<div class="scroll"><table class="clusters">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _cluster_row(scene: Scene, row: dict[str, Any]) -> str:
    """One row of the table, led by the mark and colour of the map."""
    style = look(row["cluster"])
    mark = f'<span class="mark" style="color:{style.color}" aria-hidden="true">{style.mark.glyph}</span>'
    cells = (
        place_text(row["center_lat"], row["center_lon"]),
        number_text(row["radius_km"]),
        number_text(row["hull_area_km2"]),
        f"{row['flashes']:,}",
        number_text(row["rate_per_minute"]),
        energy_text(row["energy_j"]),
        moment_text(row["first_time"], scene),
        moment_text(row["last_time"], scene),
    )
    columns = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{mark}{row["cluster"]}</th>{columns}</tr>'


def _traps(scene: Scene) -> str:
    """What the times and counts of the table may be taken for wrongly; nothing where they may not."""
    early, told = int(scene.counts_in_window((scene.seconds < 0).sum())), []
    if early:
        begin = moment_text(scene.start, scene)
        told.append(
            f"{early:,} {scene.noun if early > 1 else scene.tier} began before {begin}; a window takes whole "
            "granules, those that start in it."
        )
    if ", " in scene.satellite:
        told.append(f"A storm that several of {scene.satellite} see is counted by each.")
    return f"<p>{_escaped(' '.join(told))}</p>" if told else ""


def _escaped(text: str) -> str:
    """A text, perhaps from outside, as HTML."""
    return html.escape(plain(str(text)))


def _details(details: Mapping[str, str]) -> str:
    """How the result was made, as a table of two columns."""
    if not details:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row">{_escaped(name)}</th><td>{_escaped(value)}</td></tr>'
        for name, value in details.items()
    )
    return f'<h2>How this was made</h2>\n<table class="details"><tbody>\n{rows}\n</tbody></table>'

"""The map of storm cells: discs in the colour of their time, a list, and a page of the largest."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures.frames import Scene
from lightning_eda.figures.maps.storm_map import (
    FEW_CELLS,
    LARGEST_DISC,
    LISTED,
    MOST_EXPLORED,
    SMALLEST_DISC,
    disc_sizes,
    draw_storm_map,
    drawn_minutes,
    largest_cells,
    render_cell_page,
    render_storm_map,
)
from lightning_eda_tests.figures.conftest import near, payload, pixels
from lightning_eda_tests.figures.storms import PACIFIC_BOX, START, empty_scene, storm_scene

BAR, LIST = 1, 2  # after the map, the axes of a figure with cells
FIRST_COLOR, LAST_COLOR = "#33108A", "#F5B50A"
FIRST_DISC, LAST_DISC = "#563C9F", "#F1C039"  # four fifths of it over the sea, or nearly so over land


def cell_scene(cells: int, flashes: int = 3000, **options) -> Scene:
    """Storms with the further column of storm cells."""
    scene = storm_scene(cells, flashes, hours=24, spread_deg=0.3, **options)
    peak = pa.array([3] * scene.clusters.num_rows, pa.int64())
    return replace(scene, clusters=scene.clusters.append_column("peak_per_minute", peak))


def no_cells() -> Scene:
    scene = empty_scene()
    return replace(scene, clusters=scene.clusters.append_column("peak_per_minute", pa.array([], pa.int64())))


def cells_at(*minutes: float, first: int = 0, hours: int = 24) -> Scene:
    """A cell at each of these minutes of the day, all its flashes at once, in a window of some hours."""
    scene = cell_scene(len(minutes), 1000)
    moments = np.datetime64(START.replace(tzinfo=None), "us") + (np.array(minutes) * 6e7).astype(
        "timedelta64[us]"
    )
    flashes = with_column(scene.flashes, "time", moments[scene.label])
    cells = scene.clusters
    for name in ("first_time", "last_time"):
        cells = with_column(cells, name, moments)
    start = START + timedelta(hours=first)
    return replace(scene, start=start, end=start + timedelta(hours=hours), flashes=flashes, clusters=cells)


def with_column(table: pa.Table, name: str, values) -> pa.Table:
    """A table with other values in a column."""
    column = pa.array(values, table.schema.field(name).type)
    return table.set_column(table.column_names.index(name), name, column)


def renumbered(scene: Scene) -> Scene:
    """The same cells with other numbers, as a day has them: of three digits, and not by size."""
    numbers = 900 - 7 * np.arange(len(scene.labels))
    return replace(
        scene,
        flashes=with_column(scene.flashes, "cluster", numbers[scene.label]),
        clusters=with_column(scene.clusters, "cluster", numbers),
    )


def texts(axes) -> list[str]:
    """What is written in axes, in the order it was written."""
    return [text.get_text() for text in axes.texts]


def test_a_day_is_drawn():
    """1950 by 1230 pixels, the first and the last colour of the day in it, and the same bytes again."""
    scene = cell_scene(60)
    image = render_storm_map(scene)
    assert pixels(image).shape == (1230, 1950, 3)
    assert near(pixels(image), FIRST_COLOR).any()
    assert near(pixels(image), LAST_COLOR).any()
    assert render_storm_map(scene) == image


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (cells_at(2, 1430), (0, 1440)),
        (cells_at(600, 1430), (600, 1440)),
        (cells_at(1263, 1317), (1260, 1320)),
        (cells_at(1280), (1260, 1320)),
        (cells_at(1263, 1317, first=21, hours=1), (1260, 1320)),
        (cells_at(1259.97, 1317), (1260, 1320)),
        (cells_at(1259.97), (1200, 1260)),
        (cells_at(1259.97, first=21, hours=1), (1260, 1320)),
        (cells_at(-0.03, 30), (0, 60)),
        (no_cells(), (0, 60)),
    ],
    ids=["day", "rest", "hour", "moment", "window", "before", "alone", "before window", "yesterday", "none"],
)
def test_the_colours_span_the_hours_with_flashes(scene, expected):
    """Whole ones, within the window; light just before an hour is of a granule of that hour."""
    assert drawn_minutes(scene) == expected


@pytest.mark.parametrize("scene", [cells_at(2, 1438), cells_at(1260.1, 1319.9)], ids=["day", "hour"])
def test_the_discs_have_the_first_and_the_last_colour(scene):
    """Of a day, and of a day of which one hour is loaded."""
    discs = pixels(render_storm_map(scene))[:, :1500]
    assert near(discs, FIRST_DISC, 12).any()
    assert near(discs, LAST_DISC, 12).any()


@pytest.mark.parametrize(
    ("minutes", "labels"),
    [
        ((2, 1430), ["00:00", "06:00", "12:00", "18:00", "24:00"]),
        ((1263, 1317), ["21:00", "21:15", "21:30", "21:45", "22:00"]),
        ((70, 160), ["01:00", "01:30", "02:00", "02:30", "03:00"]),
        ((310, 1270), ["06:00", "12:00", "18:00"]),
    ],
)
def test_the_scale_of_colours_tells_the_time(minutes, labels):
    """At round times of the clock, as in the list."""
    bar = draw_storm_map(cells_at(*minutes)).axes[BAR]
    assert [label.get_text() for label in bar.get_xticklabels()] == labels


def test_the_list_and_the_map_show_the_number_that_the_tables_have():
    """No other: neither a rank nor the place in the list."""
    scene = renumbered(cell_scene(LISTED + 5, 2000))
    cells = largest_cells(scene.clusters).slice(0, LISTED).to_pylist()
    figure = draw_storm_map(scene)
    rows = [
        [str(c["cluster"]), f"{c['flashes']:,}", f"{c['first_time']:%H:%M}-{c['last_time']:%H:%M}", "3"]
        for c in cells
    ]
    heads = ["Cell", "Flashes", "UTC", "Peak/min"]
    listed = texts(figure.axes[LIST])
    assert listed == [*heads, *(text for row in rows for text in row), "and 5 smaller cells"]
    on_the_map = [text for text in texts(figure.axes[0]) if text.isdigit() and text != "0"]
    assert on_the_map == [row[0] for row in rows]


@pytest.mark.parametrize("cells", [1, LISTED, LISTED + 5])
def test_any_number_of_cells_is_drawn(cells):
    """Also one, and storms on both sides of the antimeridian."""
    assert render_storm_map(cell_scene(cells, 400, box=PACIFIC_BOX)).startswith(b"\x89PNG")


def test_the_map_says_what_is_drawn_and_how_much_is_loaded():
    """Discs and dots, and the granules of the day."""
    figure = draw_storm_map(cell_scene(5, 400), "180 of 4,320 granules")
    written = [text.get_text() for text in figure.texts]
    assert any(text.endswith("  ·  180 of 4,320 granules") for text in written)
    assert any(
        text.startswith("A disc is a cell, as large as it had flashes; a grey dot") for text in written
    )


def test_a_grey_dot_is_where_its_flash_was():
    """East to the right, north up."""
    scene = cell_scene(3, 100)
    (dots, *_) = draw_storm_map(scene).axes[0].collections[-2:]
    place = np.asarray(dots.get_offsets())
    assert len(place) == len(scene)
    assert np.corrcoef(place[:, 0], scene.lon)[0, 1] > 0.9
    assert np.corrcoef(place[:, 1], scene.lat)[0, 1] > 0.9


def test_a_day_without_cells_is_drawn():
    """Without a flash; and with flashes of which none is in a cell."""
    scene = no_cells()
    assert render_storm_map(scene).startswith(b"\x89PNG")
    alone = cell_scene(3, 30)
    place = alone.flashes.column_names.index("cluster")
    flashes = alone.flashes.set_column(place, "cluster", pa.array([-1] * 30, pa.int64()))
    nothing = replace(alone, flashes=flashes, clusters=alone.clusters.slice(0, 0))
    assert "There were no flashes." in texts(draw_storm_map(scene).axes[0])
    unseen = replace(scene, loaded=False)
    assert "Nothing of this window is loaded." in texts(draw_storm_map(unseen).axes[0])
    (note,) = payload(render_cell_page(unseen))["layout"]["annotations"]
    assert note["text"] == "<b>Nothing of this window is loaded</b>"
    assert any(
        text.startswith("No flashes were close enough") for text in texts(draw_storm_map(nothing).axes[0])
    )
    assert "·  0 flashes</p>" in render_cell_page(scene)
    page = render_cell_page(nothing)
    assert "·  0 cells, 0 of 30 flashes</p>" in page
    assert "<b>No cells in this window</b>" in payload(page)["layout"]["annotations"][0]["text"]


def test_discs_grow_with_the_flashes():
    """In proportion up to the largest, none too small to be seen."""
    sizes = disc_sizes(np.array([100_000, 50_000, 5]))
    assert sizes.tolist() == [LARGEST_DISC, LARGEST_DISC / 2, SMALLEST_DISC]
    assert disc_sizes(np.array([5, 10])).tolist() == [25.0, 50.0]
    assert disc_sizes(np.zeros(0, np.int64)).tolist() == []
    assert disc_sizes(np.full(4 * FEW_CELLS, 1) + np.eye(1, 4 * FEW_CELLS, dtype=int)[0] * 10_000)[1] == (
        SMALLEST_DISC / 2
    )


def test_cells_are_ranked_by_their_flashes():
    """The smaller number first where they are equal."""
    cells = pa.table({"cluster": [9, 4, 7, 2], "flashes": [5, 8, 8, 1]})
    assert largest_cells(cells)["cluster"].to_pylist() == [4, 7, 9, 2]


def test_a_number_hides_no_disc():
    """It is on the disc where that is large enough, and right above it where it is not."""
    axes = draw_storm_map(renumbered(cell_scene(3, 2000))).axes[0]
    discs = axes.collections[-1].get_offsets()
    numbers = [text for text in axes.texts if text.get_text() in ("900", "893", "886")]
    places = np.array([text.get_position() for text in numbers])
    assert places[:, 0] == pytest.approx(discs[:, 0])
    assert (places[:, 1] > discs[:, 1] + 1.0).tolist() == [False, True, True]


def test_the_page_shows_the_largest_by_rank():
    """As many as can be told apart, with their numbers in the tables and the flashes of these alone."""
    scene = renumbered(cell_scene(MOST_EXPLORED + 10, 4000))
    page = render_cell_page(scene)
    cells = largest_cells(scene.clusters).slice(0, MOST_EXPLORED).to_pylist()
    counts = [cell["flashes"] for cell in cells]
    share = f"the {MOST_EXPLORED} largest of {MOST_EXPLORED + 10} cells, {sum(counts):,} of 4,000 flashes"
    assert f"·  {share}</p>" in page
    traces = payload(page)["data"]
    points = [trace for trace in traces if trace["mode"] == "markers"]
    names = [str(cell["cluster"]) for cell in cells]
    assert [trace["name"] for trace in points] == [
        f"<b>{name}</b>  {count:,}" for name, count in zip(names, counts, strict=True)
    ]
    assert [trace["hovertemplate"].partition("<br>")[0] for trace in points] == [
        f"<b>cell {name}</b>" for name in names
    ]
    assert len({(trace["marker"]["color"], trace["marker"]["symbol"]) for trace in points}) == MOST_EXPLORED
    centers = [trace for trace in traces if trace["mode"] == "markers+text"]
    assert [trace["text"] for trace in centers] == [[name] for name in names]
    assert all(c["marker"]["size"] > 6 * len(c["text"][0]) for c in centers)
    assert all(f"<b>cell {c['text'][0]}, centre</b>" in c["hovertemplate"] for c in centers)


@pytest.mark.parametrize(
    ("outside", "words"), [(0, "60 flashes in 3 cells"), (9, "3 cells, 51 of 60 flashes")]
)
def test_the_page_says_that_it_shows_cells(outside, words):
    """In title, heading, legend and note; what is left out is told only when there is some."""
    scene = cell_scene(3, 60)
    labels = scene.label.copy()
    labels[:outside] = -1
    page = render_cell_page(replace(scene, flashes=with_column(scene.flashes, "cluster", labels)))
    assert "storm cells, 2024-" in page.partition("<title>")[2].partition("</title>")[0]
    assert f"storm cells</h1>\n<p>{scene.window_title}  ·  {words}</p>" in page
    assert 'aria-label="Map of storm cells"' in page
    assert payload(page)["layout"]["legend"]["title"]["text"] == "Cell, flashes"
    assert "click in the legend to hide a cell," in page
    own = page.partition("<script>")[0] + page.rpartition("<footer>")[2].partition("<script>")[0]
    assert "cluster" not in own

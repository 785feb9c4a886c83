"""The report holds everything, needs nothing from outside, and takes hostile text for what it is."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures import Evaluation, render_report
from lightning_eda.figures.palette import look
from lightning_eda.figures.wording import energy_text, number_text, place_text
from lightning_eda_tests.figures.conftest import Visit, launch
from lightning_eda_tests.figures.storms import empty_scene, evaluation, storm_scene

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"' & {{map}}"
PICTURES = {"map_png": b"map", "curves_png": b"curves"}
"""Drawn before, for a test that looks at words alone."""


class Tags(HTMLParser):
    """The start tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    """A report of seven clusters."""
    return render_report(
        storm_scene(7, 2000), evaluation(), {"Interactive map": "map.html"}, {"Dropped, duplicates": "12"}
    )


def test_every_cluster_has_its_row(page):
    """Place, radius, hull, count, rate, energy and times below their names, led by its mark of the map."""
    assert len(Tags(page).all("tr")) == 1 + 7 + 1
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == [
        "Cluster", "Centre", "Radius<br>km", "Hull area<br>km²", "Flashes",
        "Per minute", "Energy", "First", "Last",
    ]  # fmt: skip
    told = re.findall(r'<th scope="row"><span(.*?)</span>(\d+)</th>(.*?)</tr>', page)
    for (mark, label, cells), row in zip(told, storm_scene(7, 2000).clusters.to_pylist(), strict=True):
        style = look(row["cluster"])
        assert (int(label), mark[-1]) == (row["cluster"], style.mark.glyph)
        assert f"color:{style.color}" in mark
        assert re.findall("<td>(.*?)</td>", cells) == [
            place_text(row["center_lat"], row["center_lon"]),
            number_text(row["radius_km"]),
            number_text(row["hull_area_km2"]),
            f"{row['flashes']:,}",
            number_text(row["rate_per_minute"]),
            energy_text(row["energy_j"]),
            f"{row['first_time']:%H:%M:%S}",
            f"{row['last_time']:%H:%M:%S}",
        ]


def test_the_figures_at_the_top_are_those_of_the_window():
    """Of a sample of one in ten: the sums and the busiest minute tenfold, the median as it is."""
    scene = replace(storm_scene(2, 100), total=1000)
    scene.__dict__["seconds"] = np.append(np.full(40, 65.0), np.arange(60) * 60.0)
    page = render_report(scene, evaluation(), **PICTURES)
    told = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page))
    assert (told["Flashes"], told["Clusters"], told["Mean per minute"]) == ("1,000", "2", "16.7")
    assert told["Busiest minute"] == "410"
    assert told["Total energy"] == energy_text(10 * scene.energy_fj.sum() * 1e-15)
    assert told["Median duration"] == number_text(np.median(scene.duration_ms), "ms")


def told_of_traps(scene) -> list[str]:
    """The paragraphs between what a cluster is and the table."""
    page = render_report(scene, evaluation(), **PICTURES)
    return re.findall(r"<p>(.*?)</p>", page.split("<h2>Clusters</h2>")[1].split("<table")[0])[1:]


def test_light_before_the_window_is_explained_above_the_times_that_show_it():
    """The table's first times are then of before the window; where none is, nothing is said."""
    scene = storm_scene(3)
    assert told_of_traps(scene) == []
    later = replace(scene, start=scene.start + timedelta(minutes=1))
    early = int((later.seconds < 0).sum())
    assert early > 1
    why = "a window takes whole granules, those that start in it."
    assert told_of_traps(later) == [f"{early} flashes began before 00:01:00; {why}"]
    assert told_of_traps(replace(later, total=10 * len(scene))) == [
        f"{10 * early:,} flashes began before 00:01:00; {why}"
    ]
    first = scene.flashes.sort_by("time").slice(0, 1)
    alone = replace(scene, flashes=first, start=scene.start + timedelta(minutes=30))
    assert told_of_traps(alone) == [f"1 flash began before 00:30:00; {why}"]


def test_a_storm_that_two_satellites_see_is_said_to_count_twice():
    """Above the counts of clusters."""
    both = replace(storm_scene(3), satellite="G16, G18")
    assert told_of_traps(both) == ["A storm that several of G16, G18 see is counted by each."]


def test_pictures_are_inside_and_described(page):
    """Four pictures are part of the page, each with a text of a sentence or more."""
    pictures = Tags(page).all("img")
    assert len(pictures) == 4
    assert all(p["src"].startswith("data:image/") for p in pictures)
    assert all(len(p["alt"]) > 40 for p in pictures)
    assert len({p["src"] for p in pictures}) == 4


def test_page_is_light_and_has_no_script(page):
    """The page is under 1.5 MB, runs nothing, and links only the files it was given."""
    found = Tags(page)
    assert len(page.encode()) < 1_500_000
    assert not found.all("script")
    assert [a["href"] for a in found.all("a")] == ["map.html"]
    assert "Dropped, duplicates" in found.text
    assert found.all("html")[0]["lang"] == "en"


def test_hostile_text_stays_text():
    """Satellite, notes, names and links with markup and template marks appear as text, not as tags."""
    scene = replace(storm_scene(2, 50), satellite=HOSTILE)
    scores = Evaluation(evaluation().scores, 7, HOSTILE, 6, HOSTILE)
    found = Tags(
        render_report(scene, scores, {HOSTILE: f"map.html?{HOSTILE}"}, {HOSTILE: HOSTILE}, **PICTURES)
    )
    assert not found.all("script")
    assert len(found.all("img")) == 4
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert found.text.count(HOSTILE) >= 4


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " JavaScript:x", "https://a.b", "//a.b", "/x", "\\x"]
)
def test_links_that_lead_away_are_refused(address):
    """Only addresses relative to the report are linked."""
    with pytest.raises(ValueError, match="relative"):
        render_report(empty_scene(), evaluation(), {"x": address}, **PICTURES)


def test_nothing_to_show_is_said():
    """A window without flashes gives a page that says so, with dashes for what is not known."""
    text = Tags(render_report(empty_scene(), Evaluation(evaluation().scores.slice(0, 0)), **PICTURES)).text
    assert "There were no flashes." in text
    assert (
        "Nothing of this window is loaded."
        in Tags(render_report(replace(empty_scene(), loaded=False), evaluation(), **PICTURES)).text
    )
    assert "\N{EN DASH}" in text


def test_groups_without_area_and_duration():
    """Groups, which have no duration, give a page that speaks of groups."""
    scene = storm_scene(2, 60)
    bare = scene.flashes.set_column(5, "duration_s", pa.nulls(60, pa.float64()))
    groups = replace(scene, flashes=bare, tier="group", simulated=True)
    text = Tags(render_report(groups, evaluation(), **PICTURES)).text
    assert "simulated granules, seen by no instrument" in text
    assert "Groups" in text
    assert "Flashes" not in text


def test_same_input_same_text(page):
    """Two renders are equal."""
    again = render_report(
        storm_scene(7, 2000), evaluation(), {"Interactive map": "map.html"}, {"Dropped, duplicates": "12"}
    )
    assert again == page


@pytest.mark.parametrize(
    ("joules", "text"),
    [(2.5e-13, "250 fJ"), (9.99e-10, "999 pJ"), (1.234e-9, "1.23 nJ"), (0.0, "0 fJ"), (None, "\N{EN DASH}"),
     (float("nan"), "\N{EN DASH}"), (3.0, "3.00 J")],
)  # fmt: skip
def test_energy_in_words(joules, text):
    """Energies are told to three digits in the unit that suits them."""
    assert energy_text(joules) == text


def test_browser_shows_it_without_a_network(playwright, page, tmp_path):
    """Chromium opens the page from disk: four pictures are decoded, nothing is asked for, nothing fails."""
    path = tmp_path / "report.html"
    path.write_text(page)
    browser = launch(playwright, [])
    visit = Visit(browser, path)
    widths = visit.page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
    wide = visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    browser.close()
    assert len(widths) == 4
    assert min(widths) > 300
    assert wide
    assert visit.errors == []
    assert visit.outside_requests() == []
    assert not re.search(r"https?://(?!www\.w3\.org)", re.sub(r"base64,[A-Za-z0-9+/=]+", "", page))


def test_the_rule_of_k_and_what_speaks_against_it_are_told():
    """Each a paragraph, hostile text as text; the silhouettes by cluster stand below, where there are any."""
    told = replace(evaluation(chosen=7), rule="the best of all", doubts=("One is near.", HOSTILE))
    scene = storm_scene(3, 200)
    one, other = (render_report(scene, told, **PICTURES, silhouettes_png=png) for png in (None, b"blades"))
    found = Tags(one)
    assert all(text in found.text for text in ("k = 7: the best of all.", "One is near.", HOSTILE))
    assert "It is not a storm" in found.text
    assert len(Tags(other).all("img")) == len(found.all("img")) + 1
    assert "The silhouette coefficients of each cluster" in other

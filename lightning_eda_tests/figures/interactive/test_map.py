"""The interactive map works from disk, without a network: drawing, hover, slider, legend."""

import base64
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.figures import render_interactive_map
from lightning_eda.figures.interactive import FEWEST_PER_CLUSTER, thinned
from lightning_eda.figures.palette import look
from lightning_eda_tests.figures.conftest import (
    NO_WEBGL,
    SOFTWARE_WEBGL,
    Visit,
    launch,
    near,
    payload,
    pixels,
)
from lightning_eda_tests.figures.storms import PACIFIC_BOX, empty_scene, storm_scene

SET_SLIDER = """async (value) => {
  const slider = document.getElementById("slider");
  slider.value = value;
  slider.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 300));
}"""
DRAWN = """() => document.getElementById("map").data
  .filter((t) => t.mode === "markers" && t.visible !== "legendonly").reduce((n, t) => n + t.x.length, 0)"""


def test_page_is_whole_and_of_known_size():
    """6,000 flashes are under 6.5 MB, most of it Plotly; the content policy allows no address at all."""
    page = render_interactive_map(storm_scene(7, 6000))
    assert len(page.encode()) < 6_500_000
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "http" not in policy[1]
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=", page.split("<noscript>")[0])


def test_every_flash_is_in_the_page_once():
    """Points, bins and clusters add up to the flashes, over the antimeridian without a gap."""
    scene = storm_scene(7, 3000, PACIFIC_BOX)
    data = payload(render_interactive_map(scene))
    assert sum(group["count"] for group in data["groups"]) == 3000
    assert sum(step["count"] for step in data["bins"]) == 3000
    low, high = data["layout"]["xaxis"]["range"]
    assert high - low < 90.0
    for name in ("energy_fj", "area_km2", "duration_ms"):
        told = [np.frombuffer(base64.b64decode(group[name]), "<f4") for group in data["groups"]]
        np.testing.assert_allclose(np.concatenate(told), getattr(scene, name), rtol=1e-6)


def test_a_sample_is_counted_as_the_window():
    """100 rows of 10,000 flashes: the readout and the bars count 10,000, as the subtitle does."""
    scene = replace(storm_scene(3, 100), total=10_000, simulated=True)
    page = render_interactive_map(scene)
    data = payload(page)
    assert "10,000 flashes in 3 clusters" in page
    assert "Simulated GOES-18 lightning clusters" in page
    assert "simulated granules, seen by no instrument" in page
    assert " 100 of 10,000 flashes are drawn, each cluster in proportion." in page
    assert data["flashes"] == 10_000
    assert sum(step["count"] for step in data["bins"]) == 10_000
    assert sum(group["count"] for group in data["groups"]) == 100


def test_more_than_the_limit_is_thinned_and_said():
    """120,000 flashes are thinned evenly below 50,000, no cluster is lost, and the page says so."""
    scene = storm_scene(23, 120_000)
    kept = thinned(scene, 50_000)
    assert 49_000 < len(kept) <= 50_000
    assert len(np.unique(kept)) == len(kept)
    share = np.bincount(scene.label[kept]) / np.bincount(scene.label)
    assert share == pytest.approx(50 / 120, rel=0.02)
    for label in scene.labels:
        taken = np.flatnonzero(np.isin(np.flatnonzero(scene.label == label), kept))
        assert {*np.diff(taken)} <= {2, 3}
        assert (taken[0], taken[-1]) == (0, (scene.label == label).sum() - 1)
    page = render_interactive_map(scene)
    assert f"{len(kept):,} of 120,000 flashes are drawn" in page
    assert len(page.encode()) < 9_000_000
    assert sum(step["count"] for step in payload(page)["bins"]) == 120_000


def test_small_clusters_survive_thinning():
    """A cluster of a few flashes beside a huge one keeps them all."""
    scene = storm_scene(2, 10_000)
    scene.__dict__["label"] = np.where(np.arange(10_000) < 15, 1, 0)
    kept = thinned(scene, 500)
    assert (scene.label[kept] == 1).sum() == 15
    assert FEWEST_PER_CLUSTER >= 15


def test_same_input_same_text():
    """Two renders are equal: no time and no random identifier is in the page."""
    scene = storm_scene(3, 200)
    assert render_interactive_map(scene) == render_interactive_map(scene)


def test_hostile_names_stay_text():
    """A satellite named with markup and template marks neither closes a tag nor fills a gap of the page."""
    scene = replace(storm_scene(2, 20), satellite="</script><b>{{plotly}}")
    page = render_interactive_map(scene)
    assert "</script><b>" not in page
    (data,) = re.findall(r'id="figure">(.*?)</script>', page, re.DOTALL)
    assert "<" not in data
    assert "&lt;/script&gt;&lt;b&gt;{{plotly}}" in page


@pytest.fixture(scope="module")
def browser(playwright):
    """Chromium with WebGL in software."""
    running = launch(playwright, SOFTWARE_WEBGL)
    yield running
    running.close()


@pytest.fixture(scope="module")
def visit(browser, tmp_path_factory):
    """A map of three storms in an hour, open in Chromium without a network."""
    path = tmp_path_factory.mktemp("map") / "map.html"
    path.write_text(render_interactive_map(storm_scene(3, 1500)))
    opened = Visit(browser, path)
    opened.page.wait_for_selector("body[data-ready]")
    return opened


@pytest.fixture
def page(visit):
    """The open map, set back to the whole window with every cluster shown."""
    visit.page.evaluate("() => Plotly.restyle('map', 'visible', true)")
    visit.page.evaluate(SET_SLIDER, 0)
    return visit.page


def amount(page, label: int) -> int:
    """How many pixels of the map have the colour of a cluster."""
    return int(near(pixels(page.locator("#map .nsewdrag").first.screenshot()), look(label).color, 25).sum())


def test_points_are_drawn(visit, page):
    """All 1,500 flashes are drawn in the colours of their clusters; no error, no request."""
    assert page.evaluate(DRAWN) == 1500
    assert all(amount(page, label) > 400 for label in range(3))
    assert page.locator("#readout").inner_text().split("\n") == [
        "2024-10-01 00:00 to 01:00 UTC", "1,500 flashes",
    ]  # fmt: skip
    assert visit.errors == []
    assert visit.outside_requests() == []


def test_slider_shows_one_step(page):
    """Each step, from the first to the last, shows its own flashes and says their number."""
    steps = int(page.get_attribute("#slider", "max"))
    assert steps == 60
    whole = amount(page, 0)
    page.evaluate(SET_SLIDER, 30)
    shown = page.evaluate(DRAWN)
    assert 0 < shown < 150
    assert page.locator("#readout").inner_text().split("\n") == [
        "00:29 to 00:30 UTC", f"{shown} flashes",
    ]  # fmt: skip
    assert amount(page, 0) < whole
    for step in (1, 17, 60):
        page.evaluate(SET_SLIDER, step)
        assert f"{page.evaluate(DRAWN)} flashes" == page.locator("#readout span").inner_text()


def test_play_moves_the_slider(page):
    """Play goes on by itself, and stops when asked; the whole window comes back with one click."""
    page.click("#play")
    page.wait_for_function("() => Number(document.getElementById('slider').value) >= 2")
    page.click("#play")
    assert page.locator("#play").inner_text() == "▶ Play"
    page.click("#whole")
    page.wait_for_function("() => document.getElementById('slider').value === '0'")
    assert page.evaluate(DRAWN) == 1500


def test_legend_hides_a_cluster(page):
    """A click in the legend takes points, hull and centre off the map; another puts them back."""
    before = amount(page, 1)
    toggle = page.locator(".legendtoggle").nth(1)
    toggle.click()
    page.wait_for_function(
        "() => document.getElementById('map').data.some((t) => t.visible === 'legendonly')"
    )
    page.wait_for_timeout(300)
    assert amount(page, 1) < before / 20
    page.evaluate(SET_SLIDER, 30)
    assert amount(page, 1) < before / 20
    page.evaluate(SET_SLIDER, 0)
    page.wait_for_timeout(400)
    toggle.click()
    page.wait_for_timeout(600)
    assert amount(page, 1) > before * 0.8


def test_hover_tells_time_energy_area_and_cluster(page):
    """The pointer on a flash shows its cluster, time, place, energy, area and duration."""
    place = page.evaluate("""() => {
      const map = document.getElementById("map"), full = map._fullLayout;
      const trace = map.data.find((t) => t.mode === "markers" && t.legendgroup === "2");
      let best = 0;
      trace.y.forEach((y, i) => { if (y > trace.y[best]) best = i; });
      const box = map.getBoundingClientRect();
      return [box.left + full.xaxis._offset + full.xaxis.l2p(trace.x[best]),
              box.top + full.yaxis._offset + full.yaxis.l2p(trace.y[best])];
    }""")
    page.mouse.move(place[0] - 30, place[1] - 30)
    page.mouse.move(*place, steps=4)
    page.wait_for_selector(".hoverlayer .hovertext")
    text = page.locator(".hoverlayer .hovertext").first.text_content()
    for part in ("cluster 2", "2024-10-01 00:", "UTC", "energy", "fJ", "area", "km²", "duration", "ms", "°"):
        assert part in text


def test_zoom_relabels_the_axes(page):
    """After a zoom the axes read in smaller steps, still in degrees with their side."""
    page.evaluate("() => Plotly.relayout('map', {'xaxis.range': [-80, -78], 'yaxis.range': [10, 11]})")
    page.wait_for_timeout(300)
    labels = page.locator(".xaxislayer-above .xtick text").all_text_contents()
    assert len(labels) >= 3
    assert all(re.fullmatch(r"\d+(\.\d+)?°W", label) for label in labels)


def test_without_webgl_points_are_still_drawn(playwright, tmp_path):
    """A browser without WebGL gets SVG points, one in two of 12,000, and a note that says so."""
    path = tmp_path / "map.html"
    path.write_text(render_interactive_map(storm_scene(2, 12_000)))
    browser = launch(playwright, NO_WEBGL)
    visit = Visit(browser, path)
    visit.page.wait_for_selector("body[data-ready]")
    drawn = visit.page.evaluate(DRAWN)
    marks = visit.page.locator(".scatterlayer .point").count()
    note = visit.page.locator("#note").inner_text()
    browser.close()
    assert 5_990 <= drawn <= 6_010
    assert marks >= drawn
    assert "one point in 2 is drawn" in note
    assert visit.errors == []


def test_empty_window_says_so(browser, tmp_path):
    """Without flashes the map says so and has no slider."""
    path = tmp_path / "map.html"
    path.write_text(render_interactive_map(empty_scene()))
    visit = Visit(browser, path)
    visit.page.wait_for_selector("body[data-ready]")
    text = visit.page.locator("#map").text_content()
    hidden = visit.page.locator("#time").is_hidden()
    assert "No flashes in this window" in text
    assert hidden
    assert visit.errors == []


@pytest.mark.parametrize(("lat", "aspect"), [(60.0, 2.0), (-60.0, 2.0), (0.0, 1.0), (45.0, 2**0.5)])
def test_shapes_are_right_in_the_middle_of_the_map(lat, aspect):
    """A degree of latitude is so many times as long as one of longitude there."""
    scene = storm_scene(1, 1)
    place = scene.flashes.column_names.index("lat")
    scene = replace(scene, flashes=scene.flashes.set_column(place, "lat", pa.array([lat])))
    axis = payload(render_interactive_map(scene))["layout"]["yaxis"]
    assert (axis["scaleanchor"], axis["scaleratio"]) == ("x", pytest.approx(aspect, rel=1e-6))
    assert axis["range"] == pytest.approx([lat - 1.0, lat + 1.0])

"""The storm page works from disk, without a network: slider, play, storms, curves, keys."""

import json
import re
import zlib
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from lightning_eda.clustering.storms.frames import FrameOptions
from lightning_eda.clustering.storms.jumps import JumpLimits, jumps_of_storms
from lightning_eda.clustering.storms.track_tables import track_storms
from lightning_eda.clustering.storms.tracking import TrackOptions
from lightning_eda.figures import DensitySteps, StormScene, render_storm_page, render_track_map
from lightning_eda.grids.fixed_grid import LIGHTNING_EQUATOR_M, to_grid
from lightning_eda_tests.clustering.storms.moving_storms import flashes, storm
from lightning_eda_tests.figures.conftest import NO_WEBGL, Visit, launch, payload, pixels

START = datetime(2024, 7, 1, tzinfo=UTC)
WEST = partial(to_grid, slot_lon=-137.0, equator_m=LIGHTNING_EQUATOR_M)
SLIDE = """async (minute) => {
  const slider = document.getElementById("slider");
  slider.value = minute;
  slider.dispatchEvent(new Event("input"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
HOSTILE = "</script><b>{{css}}"


def scene_of(rows, satellite="G18", density=True):
    """A scene with the tracks of some flashes, and a density where they are."""
    begin = round(START.timestamp() * 1e6)
    tables = track_storms(rows, begin, begin, begin + 86_400_000_000, FrameOptions(), TrackOptions())
    rates = tables.rates.append_column("lat", pa.array(np.full(tables.rates.num_rows, 10.0)))
    rates = rates.append_column("lon", pa.array(np.full(tables.rates.num_rows, 179.0)))
    places = WEST(rows["lat"].to_numpy(), rows["lon"].to_numpy())
    column, row = (np.nan_to_num(part).astype(np.int64) for part in places)
    step = rows["time"].cast(pa.int64()).to_numpy() - begin
    steps = DensitySteps(
        1, np.sort(np.clip(step // 300_000_000, 0, None)), row, column, np.full(len(row), 8.0)
    )
    total = replace(steps, step=0 * steps.step)
    shown = (steps, total, "Density of 24 of 24 hours.") if density else (None, None, "No density: not run.")
    jumps = jumps_of_storms(rates, JumpLimits())
    return StormScene(
        satellite, START, START + timedelta(days=1), WEST, -137.0, rows, *tables[:3], jumps, *shown
    )


@pytest.fixture(scope="module")
def scene():
    """A storm over the antimeridian that grows twentyfold after an hour, and one far from it."""
    random = np.random.default_rng(7)
    storms = [
        storm(random, (0, 120), (10.0, 179.5)),
        storm(random, (60, 70), (10.0, 179.86), per_minute=80, spread_km=3),
        storm(random, (30, 90), (-20.0, -120.0)),
    ]
    return scene_of(flashes(storms, start=START.replace(tzinfo=None)).sort_by("time"))


@pytest.fixture(scope="module")
def text(scene):
    """The page; a second satellite has neither flashes nor density, a third a crowd whose rates are gone.

    A storm of a fourth goes where it cannot be seen.
    """
    random = np.random.default_rng(3)
    crowd = [storm(random, (0, 60), (10.0, -130.0 + 0.35 * number), spread_km=2) for number in range(9)]
    rows = flashes([*crowd, storm(random, (0, 60), (-40.0, -130.0))], start=START.replace(tzinfo=None))
    crowded = scene_of(rows.sort_by("time"), "G17", density=False)
    empty = scene_of(scene.flashes.slice(0, 0), "G16", density=False)
    leaving = flashes([storm(random, (0, 120), (10.0, -56.0))], start=START.replace(tzinfo=None))
    gone = scene_of(leaving.sort_by("time"), "G19", density=False)
    return render_storm_page([scene, empty, replace(crowded, rates=crowded.rates.slice(0, 0)), gone])


def column(packed, kind, rising=False):
    values = np.frombuffer(zlib.decompress(b64decode(packed)), kind)
    return np.cumsum(values, dtype=values.dtype) if rising else values


def test_every_flash_is_in_the_page(scene, text):
    """To a tenth of a second and a twelfth of a cell, on both sides of the antimeridian."""
    view = payload(text)["views"][0]
    packed, minutes = view["flashes"], scene.minutes(scene.flashes["time"])
    np.testing.assert_allclose(column(packed["t"], "<u4", rising=True) / 600, minutes, atol=0.001)
    x, y = WEST(scene.flashes["lat"].to_numpy(), scene.flashes["lon"].to_numpy())
    np.testing.assert_allclose(column(packed["x"], "<u2") / 12, x, atol=0.05)
    np.testing.assert_allclose(column(packed["y"], "<u2") / 12, y, atol=0.05)


def test_density_is_whole(scene, text):
    """Cells in their place, flashes to 5 %, the total behind the steps."""
    packed = payload(text)["views"][0]["density"]
    cells = column(packed["cell"], "<u4", rising=True)
    assert scene.density is not None
    np.testing.assert_array_equal(cells[: len(cells) // 2], scene.density.row * 5424 + scene.density.column)
    assert column(packed["count"], "<u4").sum() == len(cells) == 2 * scene.flashes.num_rows
    flashes = packed["faintest"] * 2 ** ((column(packed["level"], "u1") - 1.0) / packed["per_doubling"])
    np.testing.assert_allclose(flashes, 8.0, rtol=0.05)


def test_texts_from_outside_stay_text(scene):
    """A satellite and a storm named with markup and a gap of the page neither close a tag nor fill it."""
    names = pa.array([HOSTILE] * scene.tracks.num_rows)
    place = scene.tracks.column_names.index("parent")
    tracks = scene.tracks.set_column(place, "parent", names)
    page = render_storm_page([replace(scene, satellite=HOSTILE, tracks=tracks)])
    assert "</script><b>" not in page
    (data,) = re.findall(r'id="figure">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["views"][0]["storms"][0]["parent"] == [HOSTILE, -1]
    assert set(re.findall(r"https?://[^/\"]+", page)) == {"http://www.w3.org"}  # a name of SVG, no address


def test_the_small_map_is_a_picture_of_it(scene):
    """Storms and density on the Earth; a day without any has the Earth alone."""
    drawn = pixels(render_track_map(scene))
    empty = pixels(render_track_map(scene_of(scene.flashes.slice(0, 0), density=False)))
    assert scene_of(scene.flashes.slice(0, 1)).words == "1 flash, 0 storms, 0 lightning jumps."
    assert drawn.shape == empty.shape == (900, 1350, 3)
    assert (drawn != empty).any(axis=-1).mean() > 0.01


@pytest.fixture(scope="module")
def visit(playwright, text, tmp_path_factory):
    """The page in Chromium without a network."""
    path = tmp_path_factory.mktemp("storms") / "storms.html"
    path.write_text(text)
    running = launch(playwright, NO_WEBGL)
    opened = Visit(running, path)
    opened.page.wait_for_selector("body[data-ready]")
    yield opened
    running.close()


def test_the_whole_time_is_shown_first(visit, scene):
    """All flashes and storms are counted, and nothing was asked for or complained of."""
    page = visit.page
    assert page.locator("#readout").inner_text().split("\n") == [
        "00:00 to 02:00 UTC", f"{scene.flashes.num_rows:,} flashes",
    ]  # fmt: skip
    assert page.locator("#list li").count() == scene.tracks.num_rows >= 2
    assert "Density of 24 of 24 hours." in page.locator("#words").inner_text()
    assert visit.errors == []
    assert visit.outside_requests() == []


def test_the_slider_shows_a_moment(visit, scene):
    """The flashes of ten minutes are counted and drawn, with the density of five; other moments differ."""
    page, minutes = visit.page, scene.minutes(scene.flashes["time"])
    pictures = []
    for minute in (20, 66):
        page.evaluate(SLIDE, minute)
        count = int(((minutes >= minute - 10) & (minutes < minute)).sum())
        shown = page.locator("#readout").inner_text()
        assert shown.split("\n") == [
            f"{minute // 60:02}:{minute % 60:02} UTC",
            f"{count:,} flashes in 10 minutes",
        ]
        pictures.append(pixels(page.locator("#map").screenshot()))
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[1].min(axis=-1) > 250).sum() > 20  # new flashes are white


def test_play_goes_on_by_itself(visit):
    """From the moment shown, until asked to stop."""
    page = visit.page
    page.evaluate(SLIDE, 20)
    page.click("#play")
    page.wait_for_function("() => Number(document.getElementById('slider').value) >= 22")
    page.click("#play")
    assert page.locator("#play").inner_text() == "▶ Play"


def test_a_storm_is_followed(visit, scene):
    """Chosen in the list it is in the middle of the map and its curve has its jump; Escape leaves it."""
    page, (largest, *_) = visit.page, scene.ranked.to_pylist()
    page.evaluate(SLIDE, 70)
    page.locator("#list button").first.focus()
    page.keyboard.press("Enter")
    told = page.locator("#storm").inner_text()
    assert largest["track"] in told
    assert f"{largest['flashes']:,} flashes" in told
    assert f"{largest['last_time']:%H:%M} UTC" in told
    assert "Jumps, UTC: 01:0" in told
    assert page.locator("#curve path.jump").count() == scene.of_storms(scene.jumps)[0].num_rows >= 1
    assert "Jump at 01:0" in page.locator("#curve title").first.text_content()
    box = page.locator("#map").bounding_box()
    page.keyboard.press("Escape")
    assert "Choose a storm" in page.locator("#storm").inner_text()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert largest["track"] in page.locator("#storm").inner_text()


def test_the_curve_moves_the_time(visit):
    """A click in its middle is the middle of the storm's life."""
    page = visit.page
    page.evaluate(SLIDE, 10)
    page.locator("#curve").click(position={"x": 170, "y": 60})
    assert 30 < int(page.input_value("#slider")) < 90


def test_keys_move_the_map(visit):
    """Plus zooms, arrows move, 0 shows all again."""
    page = visit.page
    page.locator("#map").focus()
    page.keyboard.press("0")
    page.wait_for_timeout(100)
    before = pixels(page.locator("#map").screenshot())
    for key in ("+", "ArrowLeft", "0"):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        changed = (pixels(page.locator("#map").screenshot()) != before).any()
        assert changed == (key != "0")


def test_another_satellite_can_be_shown(visit):
    """It has nothing, and says what is missing."""
    page = visit.page
    page.select_option("#satellite", "1")
    page.wait_for_function("() => document.getElementById('words').textContent.includes('No density')")
    assert page.locator("#empty").inner_text() == "No flashes on this day"
    assert page.locator("#scale").is_hidden()
    assert visit.errors == []
    assert visit.outside_requests() == []


SPY = """async () => {
  const drawn = [], draw = CanvasRenderingContext2D.prototype.METHOD;
  CanvasRenderingContext2D.prototype.METHOD = function (...given) {
    if (this.canvas.id === "storms") drawn.push(KEPT);
    draw.apply(this, given);
  };
  document.querySelector("[data-key='0']").click();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  CanvasRenderingContext2D.prototype.METHOD = draw;
  return drawn;
}"""
LABELS = SPY.replace("METHOD", "fillText").replace("KEPT", "[...given, this.measureText(given[0]).width]")
LINES = SPY.replace("METHOD", "lineTo").replace(
    "KEPT", "Math.max(given[0] / this.canvas.width, given[1] / this.canvas.height)"
)


def test_numbers_of_storms_do_not_hide_each_other(visit):
    """Of a crowd the largest have theirs; a storm without flashes on the day has no curve."""
    page = visit.page
    page.select_option("#satellite", "2")
    page.wait_for_function("() => document.getElementById('words').textContent.includes('10 storms')")
    labels = page.evaluate(LABELS)
    assert labels[0][0] == "1"
    assert 2 <= len(labels) < 10
    for number, (_, x, y, wide) in enumerate(labels):
        for _, other_x, other_y, _ in labels[:number]:
            assert x + wide <= other_x or x >= other_x + 5 or abs(y - other_y) >= 10
    page.locator("#list button").first.click()
    assert "flashes" in page.locator("#storm").inner_text()
    assert page.locator("#curve").is_hidden()


def test_a_storm_that_is_seen_no_more_has_no_line_to_nowhere(visit):
    """Its line ends at the edge of the Earth."""
    page = visit.page
    page.select_option("#satellite", "3")
    page.wait_for_function("() => document.getElementById('words').textContent.includes('1 storm,')")
    drawn = page.evaluate(LINES)
    assert drawn
    assert max(drawn) <= 1.0

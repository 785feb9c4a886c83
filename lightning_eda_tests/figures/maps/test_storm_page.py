"""The storm page works from disk, without a network: slider, play, storms, curves, keys."""

from itertools import pairwise

import pytest

from lightning_eda_tests.figures.conftest import NO_WEBGL, Visit, launch, pixels

SLIDE = """async (minute) => {
  const slider = document.getElementById("slider");
  slider.value = minute;
  slider.dispatchEvent(new Event("input"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser(playwright):
    """Chromium."""
    running = launch(playwright, NO_WEBGL)
    yield running
    running.close()


@pytest.fixture
def visit(browser, text, tmp_path):
    """The page as it opens, without a network."""
    path = tmp_path / "storms.html"
    path.write_text(text)
    opened = Visit(browser, path)
    opened.page.wait_for_selector("body[data-ready]")
    yield opened
    opened.page.context.close()


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


def test_the_list_says_where_a_storm_was_first_seen(visit, scene):
    """To a degree there, to a tenth where it is told of the moment."""
    page, first = visit.page, scene.of_storms(scene.points)[0].to_pylist()[0]
    assert first["lon"] > 179.5
    assert f"{first['lat']:.0f}°N {first['lon']:.0f}°E" in page.locator("#list button").first.inner_text()
    page.keyboard.press("Escape")
    page.evaluate(SLIDE, first["frame_time"].minute)
    page.locator("#list button").first.click()
    assert f"Now at {first['lat']:.1f}°N {first['lon']:.1f}°E, " in page.locator("#storm").inner_text()


def test_on_a_narrow_screen_nothing_is_on_something_else(visit):
    """Map, time, the storm, its curve and the list stand below each other."""
    page = visit.page
    page.locator("#list button").first.click()
    page.set_viewport_size({"width": 400, "height": 800})
    boxes = [page.locator(f"#{name}").bounding_box() for name in ("map", "time", "storm", "curve", "list")]
    assert min(box["height"] for box in boxes) >= 80
    assert max(box["x"] + box["width"] for box in boxes) <= 400
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"]


def test_the_curve_moves_the_time(visit):
    """A click in its middle is the middle of the storm's life."""
    page = visit.page
    page.locator("#list button").first.click()
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
    assert page.locator("#empty").inner_text() == "No storms. There were no flashes on this day."
    assert page.locator("#scale").is_hidden()
    assert visit.errors == []
    assert visit.outside_requests() == []


SPY = """async ([layer, key]) => {
  const drawn = [], draw = CanvasRenderingContext2D.prototype.METHOD;
  CanvasRenderingContext2D.prototype.METHOD = function (...given) {
    if (this.canvas.id === layer) drawn.push(KEPT);
    draw.apply(this, given);
  };
  document.querySelector(`[data-key='${key}']`).click();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  CanvasRenderingContext2D.prototype.METHOD = draw;
  return drawn;
}"""
LABELS = SPY.replace("METHOD", "fillText").replace("KEPT", "[...given, this.measureText(given[0]).width]")
LINES = SPY.replace("METHOD", "lineTo").replace(
    "KEPT", "Math.max(given[0] / this.canvas.width, given[1] / this.canvas.height)"
)


def assert_apart(labels):
    """No text is on another."""
    for number, (_, x, y, wide) in enumerate(labels):
        for _, other_x, other_y, _ in labels[:number]:
            assert x + wide <= other_x or x >= other_x + 5 or abs(y - other_y) >= 10


def test_numbers_of_storms_do_not_hide_each_other(visit):
    """Of a crowd the largest have theirs; a storm without flashes on the day has no curve."""
    page = visit.page
    page.select_option("#satellite", "2")
    page.wait_for_function("() => document.getElementById('words').textContent.includes('10 storms')")
    labels = page.evaluate(LABELS, ["storms", "0"])
    assert labels[0][0] == "1"
    assert 2 <= len(labels) < 10
    assert_apart(labels)
    page.locator("#list button").first.click()
    assert "flashes" in page.locator("#storm").inner_text()
    assert page.locator("#curve").is_hidden()


def test_a_storm_that_is_seen_no_more_has_no_line_to_nowhere(visit):
    """Its line ends at the edge of the Earth, where the names of the places are not on each other either."""
    page = visit.page
    page.select_option("#satellite", "3")
    page.wait_for_function("() => document.getElementById('words').textContent.includes('1 storm,')")
    drawn = page.evaluate(LINES, ["storms", "0"])
    assert drawn
    assert max(drawn) <= 1.0
    shown = [page.evaluate(LABELS, ["base", "-"]) for _ in range(12)]
    assert len(shown[0]) > 20
    assert shown[-1] == []
    for labels in shown:
        assert_apart(labels)


def test_a_storm_on_one_spot_has_no_heading(visit):
    """It is not moving, at any moment and over its whole time."""
    page = visit.page
    page.select_option("#satellite", "4")
    page.wait_for_function("() => document.getElementById('words').textContent.includes('1 storm,')")
    page.locator("#list button").first.click()
    assert "20°S 130°W" in page.locator("#list button").first.inner_text()
    for minute in (40, None):
        if minute is None:
            page.click("#whole")
        else:
            page.evaluate(SLIDE, minute)
        assert "km²; not moving" in page.locator("#storm").inner_text()

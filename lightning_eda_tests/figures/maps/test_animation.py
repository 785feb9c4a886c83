"""The animation has one frame an hour, with the flashes of that hour in colour."""

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from lightning_eda.figures import render_animation
from lightning_eda.figures.canvas import ACCENT
from lightning_eda.figures.maps.animation import (
    BARS_BOX,
    EARLIER,
    FRAME_MS,
    LAST_FRAME_MS,
    MOST_FRAMES,
    frame_counts,
    frame_title,
    hours_per_frame,
)
from lightning_eda.figures.palette import look
from lightning_eda_tests.figures.conftest import near
from lightning_eda_tests.figures.storms import empty_scene, storm_scene


@pytest.fixture(scope="module")
def gif() -> bytes:
    """Six hours of two storms: the first storm in the first three hours, the second in the others."""
    scene = storm_scene(2, 600, hours=6)
    scene.__dict__["seconds"] = np.where(
        scene.label == 0, scene.seconds % (3 * 3600), 3 * 3600 + scene.seconds % (3 * 3600)
    )
    return render_animation(scene)


def frames(gif: bytes) -> list[np.ndarray]:
    """The frames as (height, width, 3) numbers."""
    image = Image.open(io.BytesIO(gif))
    found = []
    for number in range(image.n_frames):
        image.seek(number)
        found.append(np.asarray(image.convert("RGB")).astype(int))
    return found


def test_a_frame_an_hour(gif):
    """Six hours give six frames that loop for ever, in under 500 kB."""
    image = Image.open(io.BytesIO(gif))
    assert image.n_frames == 6
    assert image.info["duration"] == FRAME_MS
    assert image.info["loop"] == 0
    image.seek(5)
    assert image.info["duration"] == LAST_FRAME_MS
    assert len(gif) < 500_000


def test_each_hour_shows_its_own_storm(gif):
    """The colour of a storm fills the map in its hours and only its hull is left in the others."""
    amounts = np.array(
        [[near(frame, look(label).color, 12).sum() for label in (0, 1)] for frame in frames(gif)]
    )
    assert amounts[:3, 0].min() > 1.5 * amounts[3:, 0].max()
    assert amounts[3:, 1].min() > 1.5 * amounts[:3, 1].max()


def test_hours_before_are_grey(gif):
    """None are before the first; before the last are all others."""
    first, *_, last = (near(frame, EARLIER, 2).sum() for frame in frames(gif))
    assert last > first + 500


def test_a_frame_of_two_hours_has_their_time_and_a_bar_as_high_as_their_count(monkeypatch):
    """Of 100 flashes 80 are in the first two hours: their bar has four times the height of the second."""
    words, write = [], Figure.text
    monkeypatch.setattr(
        Figure, "text", lambda *given, **look: words.append(given[-1]) or write(*given, **look)
    )
    monkeypatch.setattr("lightning_eda.figures.maps.animation.MOST_FRAMES", 2)
    scene = storm_scene(1, 100, hours=4)
    scene.__dict__["seconds"] = np.repeat([600.0, 4200.0, 7200.0], [40, 40, 20])
    top = 1.0 - BARS_BOX[1] - BARS_BOX[3]
    first, second = (near(p[int(top * len(p)) :], ACCENT, 2).sum() for p in frames(render_animation(scene)))
    assert first / second == pytest.approx(4.0, rel=0.1)
    assert words[-2:] == [
        "2024-10-01 00:00 to 02:00 UTC   80 flashes", "2024-10-01 02:00 to 04:00 UTC   20 flashes",
    ]  # fmt: skip


def test_a_sample_is_counted_as_the_window():
    """A frame of 40 of the 100 rows of 10,000 flashes has 4,000."""
    whole = storm_scene(3, 100, hours=2)
    step = (np.arange(100) >= 40).astype(int)
    assert frame_counts(whole, step, 3).tolist() == [40, 60, 0]
    assert frame_counts(replace(whole, total=10_000), step, 3).tolist() == [4000, 6000, 0]


def test_a_frame_over_midnight_has_both_dates():
    """A month has five hours a frame, and the fifth of them crosses midnight."""
    assert frame_title(storm_scene(1, 1, hours=720), 4, 5) == "2024-10-01 20:00 to 2024-10-02 01:00 UTC"


def test_same_input_same_bytes():
    """Two renders are equal to the byte."""
    scene = storm_scene(3, 100, hours=2)
    assert render_animation(scene) == render_animation(scene)


def test_empty_window_has_one_frame():
    """An hour without flashes is a single frame of the map."""
    assert len(frames(render_animation(empty_scene()))) == 1


def test_long_windows_take_more_hours_a_frame():
    """A week is still one hour a frame; a month takes more, so that no file has over 168 frames."""
    assert hours_per_frame(storm_scene(1, 1, hours=168)) == 1
    month = hours_per_frame(storm_scene(1, 1, hours=720))
    assert month == 5
    assert 720 / month <= MOST_FRAMES

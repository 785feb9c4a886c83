"""Storms keep their names: held against simulated storms whose drift, splits and mergers are known."""

import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from lightning_eda.clustering.points import US_PER_MINUTE, sphere_points
from lightning_eda.clustering.storms.frames import STEP_US, FrameOptions, frames
from lightning_eda.clustering.storms.motion import heading_deg, speed_kmh
from lightning_eda.clustering.storms.track import track_name
from lightning_eda_tests.clustering.storms.moving_storms import back, follow, storm

HOME = (-20.0, -100.0)


def minute(sighting):
    return sighting.frame.end_us // US_PER_MINUTE


def events(sightings, *kinds):
    return [(sighting.event, minute(sighting)) for sighting in sightings if sighting.event in kinds]


def test_frames_end_on_each_step_and_begin_a_window_before():
    """A flash at the end of a frame is of the next, one at its beginning is in it; the last step counts."""
    times = np.array([0, STEP_US - 1, STEP_US, 2 * STEP_US - 1, 2 * STEP_US])
    points = sphere_points(np.zeros(5), np.zeros(5))
    found = list(frames(times, points, 0, 3 * STEP_US, FrameOptions()))
    assert [(frame.end_us // STEP_US, frame.first, frame.old, frame.stop) for frame in found] == [
        (1, 0, 0, 2),
        (2, 0, 2, 4),
        (3, 2, 4, 5),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_has_one_name_and_its_own_motion(seed):
    """95 % of the life of 24 storms is under one name; speed within 15 %, heading within 15 degrees."""
    random = np.random.default_rng(seed)
    planted = [
        (
            (start := random.uniform(10, 60), start + random.uniform(60, 150)),
            random.uniform(20, 70),
            random.uniform(0, 360),
        )
        for _ in range(24)
    ]
    places = [(-30 + 8 * (number // 6), -120 + 8 * (number % 6)) for number in range(24)]
    storms = [
        storm(random, life, place, kmh, heading, random.choice([2.0, 4.0, 8.0]), random.uniform(3, 9))
        for (life, kmh, heading), place in zip(planted, places, strict=True)
    ]
    sightings, source = follow(storms, 240)
    shares, speeds, headings = [], [], []
    for number, ((first, last), kmh, heading) in enumerate(planted):
        own = [one for one in sightings if np.bincount(source[one.cell]).argmax() == number]
        name, seen = Counter(one.track.name for one in own).most_common(1)[0]
        shares.append(min(1.0, seen / ((last - first) / 5)))
        known = [one for one in own if one.track.name == name and one.velocity is not None]
        speeds += [abs(speed_kmh(one.velocity) / kmh - 1) for one in known]
        headings += [
            abs((heading_deg(one.velocity, one.fix.unit) - heading + 180) % 360 - 180) for one in known
        ]
    assert np.mean(shares) >= 0.95
    assert np.median(speeds) <= 0.15
    assert np.median(headings) <= 15


@pytest.mark.parametrize("angle", [90, 120, 180])
@pytest.mark.parametrize("seed", [1, 2])
def test_storms_that_cross_do_not_swap_names(angle, seed):
    """They meet at minute 120, are one cell for a while, and come out as who they were."""
    random = np.random.default_rng(seed)
    kmh = 40.0
    crossing = [
        storm(random, (50, 190), back(HOME, kmh * 70 / 60, heading), kmh, heading, rate)
        for heading, rate in ((0.0, 4.0), (float(angle), 2.0 * seed))
    ]
    sightings, source = follow(crossing, 240)
    before, after = ({}, {})
    for one in sightings:
        shares = np.bincount(source[one.cell], minlength=2) / len(one.cell)
        if shares.max() > 0.9:
            when = before if minute(one) < 85 else after if minute(one) > 165 else {}
            when.setdefault(int(shares.argmax()), Counter())[one.track.name] += 1
    names = [[when[number].most_common(1)[0][0] for number in (0, 1)] for when in (before, after)]
    assert names[0][0] != names[0][1]
    assert names[1] != names[0][::-1]
    assert set(names[0]) & set(names[1])
    for one in sightings:
        assert (one.track.ended_by == "merger") == (one.track.merged_into is not None)


@pytest.mark.parametrize("seed", range(4))
def test_a_planted_merger_and_a_planted_split_are_found(seed):
    """Two storms become one before minute 115; one becomes two after minute 100."""
    random = np.random.default_rng(100 + seed)
    meeting = back(HOME, -40 * 80 / 60, 90)
    merging = [
        storm(random, (20, 200), HOME),
        storm(random, (20, 100), back(meeting, 40 * 80 / 60, 0), heading=0),
        storm(random, (100, 200), meeting),
    ]
    assert [when for _, when in events(follow(merging, 240)[0], "merger") if 30 <= when < 115]
    splitting = [
        storm(random, (20, 100), HOME, per_minute=8),
        storm(random, (100, 200), meeting, heading=60),
        storm(random, (100, 200), meeting, heading=130),
    ]
    assert [when for _, when in events(follow(splitting, 240)[0], "split") if 100 < when < 170]


def test_a_storm_that_pauses_is_found_again():
    """Fifteen minutes without a flash, where it should be by then; after an hour it is another."""
    random = np.random.default_rng(3)
    parts = [storm(random, (0, 60), HOME, spread_km=3)]
    parts.append(storm(random, (75, 120), back(HOME, -50, 90), spread_km=3))
    parts.append(storm(random, (180, 220), back(HOME, -120, 90), spread_km=3))
    names = [one.track.name for one in follow(parts, 240)[0]]
    assert len(set(names)) == 2
    assert len([1 for one, other in pairwise(names) if one != other]) == 1


@pytest.mark.parametrize(("off_km", "storms"), [(16, 1), (24, 2)])
def test_a_storm_is_found_again_within_20_km_of_where_it_should_be(off_km, storms):
    """What is farther off is another."""
    random = np.random.default_rng(3)
    there = back(back(HOME, -50, 90), -off_km, 0)
    parts = [storm(random, (0, 60), HOME, spread_km=2), storm(random, (75, 100), there, spread_km=2)]
    assert len({one.track.name for one in follow(parts, 100)[0]}) == storms


def test_what_merged_stays_inside_for_good_after_90_minutes():
    """Also a storm inside another that merges itself: the weakest of three is in the next."""
    random = np.random.default_rng(0)
    meeting = back(HOME, 40 * 50 / 60, 180)
    storms = [
        storm(random, (10, 180), HOME, kmh=0, per_minute=12, spread_km=3),
        storm(random, (10, 100), back(HOME, 40 * 90 / 60, 180), heading=180, per_minute=8, spread_km=3),
        storm(random, (10, 50), back(meeting, 40 * 40 / 60, 90), heading=90, per_minute=3, spread_km=3),
    ]
    sightings, _ = follow(storms, 180)
    second, third, first = (one.track for one in sightings if one.event == "birth")  # from north to south
    assert [track.merged_into for track in (third, second, first)] == [second.name, first.name, None]
    for track in (second, third):
        assert track.closed_us - track.ended_us == 95 * US_PER_MINUTE


def test_the_motion_is_that_of_the_last_half_hour():
    """A storm that turns from north to west is not told to go on in between."""
    random = np.random.default_rng(6)
    turning = [
        storm(random, (0, 60), HOME, heading=0, spread_km=2),
        storm(random, (60, 100), back(HOME, -40, 0), heading=270, spread_km=2),
    ]
    first, *_, last = follow(turning, 100)[0]
    assert last.track is first.track
    assert speed_kmh(last.velocity) == pytest.approx(40, rel=0.15)
    assert heading_deg(last.velocity, last.fix.unit) == pytest.approx(270, abs=15)


@pytest.mark.parametrize(
    ("east", "north", "heading"),
    [(0, 1, 0), (1, 1, 45), (1, 0, 90), (0, -1, 180), (-1, 0, 270), (-1, 1, 315)],
)
def test_a_heading_is_clockwise_from_north(east, north, heading):
    """From 0 to below 360; here at longitude 0 of the equator."""
    found = heading_deg(np.array([0.0, east, north]), np.array([1.0, 0.0, 0.0]))
    assert found == pytest.approx(heading)


@pytest.mark.parametrize(
    ("lat", "lon", "place"),
    [
        (-3.45, -60.12, "S0345W06012"),
        (20.0, 100.0, "N2000E10000"),
        (-0.001, -0.001, "N0000E00000"),
        (5.5, -179.999, "N0550W18000"),
    ],
)
def test_a_name_is_the_same_on_every_machine(monkeypatch, lat, lon, place):
    """The time in it is UTC; the four letters of the compass are where they belong."""
    monkeypatch.setenv("TZ", "America/Denver")
    time.tzset()
    try:
        name = track_name("G18", 1_727_759_400_000_000, sphere_points([lon], [lat])[0])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert name == f"G18_20241001T0510_{place}"


def test_a_name_tells_satellite_frame_and_place():
    """Of its birth."""
    random = np.random.default_rng(4)
    (first, *_), _ = follow([storm(random, (0, 30), (-20.0, 179.99), kmh=0, spread_km=1)], 40)
    assert first.event == "birth"
    assert first.track.name.startswith("G18_19700101T0005_S20")
    assert first.track.name[-6] in "EW"


@pytest.mark.parametrize("seed", range(3))
def test_where_many_storms_meet_each_is_one_cell_of_a_frame(seed):
    """Twenty in a small place merge and come apart all the time; no cell is two, none is left out."""
    random = np.random.default_rng(seed)
    crowd = [
        storm(
            random,
            (start := random.uniform(0, 60), start + random.uniform(60, 150)),
            (-20.0 + random.uniform(-0.7, 0.7), -100.0 + random.uniform(-0.7, 0.7)),
            random.uniform(10, 60),
            random.uniform(0, 360),
            random.choice([0.5, 1.0, 3.0]),
            random.uniform(3, 12),
        )
        for _ in range(20)
    ]
    sightings, _ = follow(crowd, 200)
    assert events(sightings, "merger")
    assert events(sightings, "split")
    seen = Counter((minute(one), one.track.name) for one in sightings)
    assert set(seen.values()) == {1}

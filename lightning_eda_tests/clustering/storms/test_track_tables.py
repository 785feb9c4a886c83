"""The tables of tracks: the same from any order of the flashes, and from any beginning before the births."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from lightning_eda.clustering.points import US_PER_MINUTE
from lightning_eda.clustering.storms.frames import FrameOptions
from lightning_eda.clustering.storms.jumps import jump_sigmas
from lightning_eda.clustering.storms.track_tables import track_storms
from lightning_eda.errors import PointsError
from lightning_eda_tests.clustering.storms.moving_storms import flashes, storm

HOUR = 60 * US_PER_MINUTE


def tables(rows, first_hour=0, start_hour=0, end_hour=5):
    hours = (first_hour * HOUR, start_hour * HOUR, end_hour * HOUR)
    return track_storms(rows, *hours, FrameOptions())


@pytest.fixture(scope="module")
def rows():
    """Three storms: of the first hours, over the third hour, of the last hours."""
    random = np.random.default_rng(5)
    lives = ((10, 100), (130, 250), (200, 290))
    return flashes([storm(random, life, (-20.0, -130.0 + 10 * n)) for n, life in enumerate(lives)])


def test_a_storm_is_told_from_its_birth(rows):
    """Drift of 40 km/h to the east; every flash counts once, in points and rates alike."""
    tracks, points, rates, oldest = tables(rows)
    assert tracks.num_rows == 3
    assert oldest == 15 * US_PER_MINUTE
    for row in tracks.to_pylist():
        assert row["speed_kmh"] == pytest.approx(40, rel=0.15)
        assert row["heading_deg"] == pytest.approx(90, abs=10)
        assert row["forecast_error_km"] < 8
        own = [point for point in points.to_pylist() if point["track"] == row["track"]]
        assert row["peak_per_minute"] == max(point["flashes_per_minute"] for point in own)
        assert row["largest_area_km2"] == max(point["area_km2"] for point in own)
    assert sorted(row["ended_by"] or "" for row in tracks.to_pylist()) == ["", "end", "end"]
    new = sum(row["flashes_per_minute"] * 5 for row in points.to_pylist())
    assert new == pytest.approx(sum(rates["flashes"].to_pylist()))
    assert sum(tracks["flashes"].to_pylist()) == sum(rates["flashes"].to_pylist())
    assert 0.9 * rows.num_rows < new <= rows.num_rows


def test_a_storm_that_stands_still_has_no_heading():
    """Flashes of one spot have centres that differ by rounding, which is no direction."""
    still = storm(np.random.default_rng(2), (10, 100), (-20.05, -130.44), kmh=0.0, spread_km=0.0)
    tracks, points, _, _ = tables(flashes([still]))
    for row in (*tracks.to_pylist(), *points.to_pylist()[2:]):
        assert row["speed_kmh"] == pytest.approx(0, abs=1e-9)
        assert row["heading_deg"] is None


def test_the_order_of_the_flashes_makes_no_difference(rows):
    """To the bit."""
    shuffled = rows.take(np.random.default_rng(1).permutation(rows.num_rows))
    assert tables(rows) == tables(shuffled)


def test_what_was_looked_at_before_the_births_makes_no_difference(rows):
    """From minute 0 or 60: storms born after hour 2 are the same; rows of before are left out."""
    whole, late = tables(rows, 0, 2), tables(rows, 1, 2)
    assert whole.tracks.num_rows == 3  # the first was found to be over after hour 2
    for number in (0, 1, 2):
        pick = np.array([name > "G18_19700101T02" for name in whole[number]["track"].to_pylist()])
        other = np.array([name > "G18_19700101T02" for name in late[number]["track"].to_pylist()])
        assert whole[number].filter(pick).equals(late[number].filter(other))
    assert min(whole.points["frame_time"].to_pylist()) > datetime(1970, 1, 1, 2)
    assert min(whole.rates["time"].to_pylist()) >= datetime(1970, 1, 1, 2)


def test_a_span_begins_with_the_step_at_its_start_and_the_frame_after_it(rows):
    """A storm that was there before 3:00 has the two minutes from 3:00; the frame of 3:00 is of before."""
    whole, late = tables(rows), tables(rows, 0, 3)
    begin = datetime(1970, 1, 1, 3)
    assert late.rates == whole.rates.filter(pc.greater_equal(whole.rates["time"], begin))
    assert late.points == whole.points.filter(pc.greater(whole.points["frame_time"], begin))
    assert min(late.rates["time"].to_pylist()) == begin


def test_the_forecast_is_held_against_what_came(rows):
    """The error at a frame is the distance from where the frame 30 minutes before had it."""
    from lightning_eda.clustering.points import sphere_points
    from lightning_eda.clustering.storms.motion import distance_km
    from lightning_eda.earth import EARTH_RADIUS_KM

    points = tables(rows).points.to_pylist()
    by_frame = {(row["track"], row["frame_time"]): row for row in points}
    told = [row for row in points if row["forecast_error_km"] is not None]
    assert told
    for row in told:
        before = by_frame[row["track"], row["frame_time"] - timedelta(minutes=30)]
        there, then = (
            sphere_points([row["lon"], before["forecast_lon"]], [row["lat"], before["forecast_lat"]])
            / EARTH_RADIUS_KM
        )
        assert row["forecast_error_km"] == pytest.approx(distance_km(there, then), abs=1e-3)


def test_rates_have_the_sigmas_of_their_counts(rows):
    """Steps without a flash between two with some count 0."""
    found = tables(rows).rates
    for name in found["track"].unique().to_pylist():
        own = [row for row in found.to_pylist() if row["track"] == name]
        times = [row["time"] for row in own]
        assert times == [times[0] + timedelta(minutes=2 * n) for n in range(len(own))]
        sigmas = np.array([np.nan if row["sigma"] is None else row["sigma"] for row in own])
        np.testing.assert_array_equal(sigmas, jump_sigmas([row["flashes"] for row in own]))


def test_two_satellites_are_tracked_apart(rows):
    """Each has its own storms."""
    other = rows.set_column(0, "satellite", [["G16"] * rows.num_rows])
    import pyarrow as pa

    both = tables(pa.concat_tables([rows, other]))
    assert both.tracks.num_rows == 6
    assert {name[:3] for name in both.tracks["track"].to_pylist()} == {"G16", "G18"}


def test_a_flash_that_began_before_its_granule_counts_with_it():
    """So that a day's frames do not need the granules of the next."""
    random = np.random.default_rng(6)
    rows = flashes([storm(random, (0, 20), (-20.0, -100.0))])
    moments = [moment - timedelta(seconds=25) for moment in rows["granule_start"].to_pylist()]
    early = rows.set_column(1, "time", [moments])
    exact = rows.set_column(1, "time", rows["granule_start"])
    assert tables(early) == tables(exact)


def test_no_flashes_are_no_storms(rows):
    """Empty tables; options that cannot work are refused."""
    nothing = tables(rows.slice(0, 0))
    assert [table.num_rows for table in nothing[:3]] == [0, 0, 0]
    assert nothing.oldest_us is None
    with pytest.raises(PointsError, match="window_minutes: found 5"):
        FrameOptions(window_minutes=5)

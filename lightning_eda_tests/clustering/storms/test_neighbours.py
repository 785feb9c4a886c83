"""Pairs of near flashes are those that comparing all with all finds, whatever the batches."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightning_eda.clustering.storms.neighbours import PairCounts, near_pairs, near_pairs_in_groups
from lightning_eda.earth import EARTH_RADIUS_KM
from lightning_eda.errors import PointsError
from lightning_eda_tests.support.examples import examples

MINUTE = 60_000_000
HALF_ROUND = math.pi * EARTH_RADIUS_KM * 1000.0

latitudes = st.sampled_from([-90.0, -89.95, 0.0, 10.0, 10.05, 10.1, 89.99, 90.0])
longitudes = st.sampled_from([-180.0, -179.97, -0.05, 0.0, 0.04, 90.0, 179.9, 180.0, 359.96, -194.0, 166.0])
places = st.tuples(
    st.one_of(latitudes, st.floats(-90, 90)), st.one_of(longitudes, st.floats(-200, 360, allow_nan=False))
)
moments = st.one_of(st.integers(0, 4).map(lambda step: step * 5 * MINUTE), st.integers(0, 20 * MINUTE))
flashes = st.lists(st.tuples(places, moments), max_size=25)


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance. Source: Vincenty's formula for a sphere, accurate at every distance."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, place)) for place in (a, b))
    east = math.cos(lat2) * math.sin(lon2 - lon1)
    north = math.cos(lat1) * math.sin(lat2) - math.sin(lat1) * math.cos(lat2) * math.cos(lon2 - lon1)
    along = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(lon2 - lon1)
    return EARTH_RADIUS_KM * 1000.0 * math.atan2(math.hypot(east, north), along)


def brute_force(rows, max_m: int, max_us: int) -> dict[frozenset, int]:
    """All against all."""
    found = {}
    for i, (place, time) in enumerate(rows):
        for j in range(i):
            metres = metres_between(place, rows[j][0])
            assume(abs(metres % 1.0 - 0.5) > 1e-3)  # which way that rounds is a matter of the last digits
            # Near the point opposite, arcs are known to about 0.1 m from the chord.
            assume(metres < HALF_ROUND - 1000.0)
            if round(metres) <= max_m and abs(time - rows[j][1]) <= max_us:
                found[frozenset((i, j))] = round(metres)
    return found


def pairs_of(rows, max_km: float, max_minutes: float, candidates: int = 1 << 20):
    lat, lon = ([place[axis] for place, _ in rows] for axis in (0, 1))
    time = [moment for _, moment in rows]
    return list(near_pairs(lat, lon, time, max_km, max_minutes, candidates))


def as_dict(batches) -> dict[frozenset, int]:
    listed = [
        (frozenset((i, j)), metres)
        for batch in batches
        for i, j, metres in zip(batch.i.tolist(), batch.j.tolist(), batch.metres.tolist(), strict=True)
    ]
    assert len(listed) == len(dict(listed)), "a pair is there twice"
    return dict(listed)


@examples(300)
@given(
    rows=flashes,
    km=st.sampled_from([0, 5, 12, 500, 15_000, 30_000]),
    minutes=st.sampled_from([0, 5, 10, 2000]),
    candidates=st.sampled_from([1, 10, 1 << 20]),
)
def test_they_are_those_of_all_against_all(rows, km, minutes, candidates):
    """At the poles, across the antimeridian, in any turn of longitude, on one spot, at both limits."""
    found = as_dict(pairs_of(rows, km, minutes, candidates))
    expected = brute_force(rows, km * 1000, minutes * MINUTE)
    assert found.keys() == expected.keys()
    assert all(abs(found[pair] - expected[pair]) <= 0 for pair in found)


@given(rows=flashes, seed=st.integers(0, 100))
@examples(50)
def test_the_order_of_the_rows_does_not_matter(rows, seed):
    """The same pairs with the same distances."""
    order = np.random.default_rng(seed).permutation(len(rows)).tolist()
    shuffled = as_dict(pairs_of([rows[k] for k in order], 100.0, 5.0))
    assert as_dict(pairs_of(rows, 100.0, 5.0)) == {
        frozenset(order[k] for k in pair): metres for pair, metres in shuffled.items()
    }


@pytest.mark.parametrize(
    ("metres", "found"), [(14_999.0, 1), (15_000.0, 1), (15_000.4, 1), (15_000.6, 0), (15_001.0, 0)]
)
def test_the_limit_of_distance_is_inclusive_after_rounding(metres, found):
    """What is written as 15.000 km is within 15 km."""
    north = math.degrees(metres / 1000.0 / EARTH_RADIUS_KM)
    batches = pairs_of([((0.0, 20.0), 0), ((north, 20.0), 0)], 15.0, 0.0)
    assert as_dict(batches) == ({frozenset((0, 1)): round(metres)} if found else {})


@pytest.mark.parametrize(("apart", "found"), [(10 * MINUTE, True), (10 * MINUTE + 1, False)])
def test_the_limit_of_time_is_inclusive(apart, found):
    """To the microsecond, in both directions."""
    for first, second in ((0, apart), (apart, 0)):
        assert bool(as_dict(pairs_of([((1.0, 2.0), first), ((1.0, 2.0), second)], 0.0, 10.0))) is found


@pytest.mark.parametrize(
    ("metres", "minutes", "km", "limit"),
    [(1001.0, 0.0, 1.001, 0.0), (0.0, 4.1, 0.0, 4.1), (300.0, 0.0, 0.1 + 0.2, 0.0)],
)
def test_a_limit_that_no_binary_fraction_is_finds_what_is_at_it(metres, minutes, km, limit):
    """1.001 km are 1,001 m, though 1.001 times 1,000 is a little less."""
    north = math.degrees(metres / 1000.0 / EARTH_RADIUS_KM)
    rows = [((0.0, 20.0), 0), ((north, 20.0), round(minutes * MINUTE))]
    assert as_dict(pairs_of(rows, km, limit)) == {frozenset((0, 1)): metres}
    further = [((0.0, 20.0), 0), ((north + 1e-5, 20.0), round(minutes * MINUTE) + 1)]
    assert as_dict(pairs_of(further, km, limit)) == {}


def test_a_limit_between_two_metres_is_the_lower():
    """1,001 m are further than 1.0006 km."""
    north = math.degrees(1.001 / EARTH_RADIUS_KM)
    assert as_dict(pairs_of([((0.0, 20.0), 0), ((north, 20.0), 0)], 1.0006, 0.0)) == {}


def test_flashes_of_one_time_stand_in_the_order_given():
    """Of 3,000 flashes at three moments, whose pairs name the earlier row first where the time is one."""
    random = np.random.default_rng(0)
    moments = random.integers(0, 3, 3000)
    rows = [((0.0, 0.05 * number), int(moment)) for number, moment in enumerate(moments)]
    batches = pairs_of(rows, 6.0, 1.0)
    i, j = (np.concatenate([getattr(batch, side) for batch in batches]) for side in "ij")
    same = moments[i] == moments[j]
    assert same.sum() > 500
    assert (i[same] < j[same]).all()
    place = np.argsort(np.argsort(moments, kind="stable"))
    assert np.lexsort((place[j], place[i])).tolist() == list(range(len(i)))


def test_the_earlier_flash_comes_first():
    """Pairs are sorted by time, so the same day gives the same file."""
    rows = [((0.0, 0.01 * k), (7 * k) % 10 * MINUTE) for k in range(10)]
    batches = pairs_of(rows, 100.0, 3.0, candidates=8)
    listed = [pair for batch in batches for pair in zip(batch.i.tolist(), batch.j.tolist(), strict=True)]
    times = [(rows[i][1], rows[j][1]) for i, j in listed]
    assert times == sorted(times)
    assert all(i <= j for i, j in times)


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_flashes_there_is_no_pair(count):
    """Nothing to hold on to, no error."""
    assert as_dict(pairs_of([((5.0, 5.0), 0)] * count, 15.0, 10.0)) == {}


def test_memory_is_bounded_by_the_batch():
    """2,000 flashes on one spot have 2 million pairs; no batch holds more than was allowed."""
    rows = [((5.0, 5.0), 0)] * 2000
    batches = pairs_of(rows, 1.0, 1.0, candidates=50_000)
    assert sum(len(batch.i) for batch in batches) == 2000 * 1999 // 2
    assert max(len(batch.i) for batch in batches) <= 50_000


def test_flashes_of_two_groups_are_no_pair():
    """Two satellites see the same flash: each has its own pairs."""
    group = np.array(["G18", "G16", "G18", "G16"], dtype=object)
    batches = list(near_pairs_in_groups(group, [1.0] * 4, [2.0] * 4, [5, 0, 0, 5], 15.0, 10.0))
    assert as_dict(batches) == {frozenset((0, 2)): 0, frozenset((1, 3)): 0}
    assert [(batch.i.tolist(), batch.j.tolist()) for batch in batches] == [([1], [3]), ([2], [0])]


def test_what_passes_is_counted():
    """Pairs, the neighbours of each flash, and flashes that have none."""
    rows = [((0.0, 0.0), 0), ((0.0, 0.01), 0), ((0.0, 0.02), 0), ((40.0, 0.0), 0)]
    counts = PairCounts(4)
    for batch in pairs_of(rows, 15.0, 1.0):
        counts.add(batch)
    assert (counts.pairs, counts.isolated, counts.most_neighbours) == (3, 1, 2)
    assert counts.neighbours.tolist() == [2, 2, 2, 0]
    assert (PairCounts(0).isolated, PairCounts(0).most_neighbours) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.0], [0.0], [0], -1.0, 10.0), "max_km: found -1.0"),
        (([0.0], [0.0], [0], 15.0, math.nan), "max_minutes: found nan"),
        (([0.0, 1.0], [0.0, 1.0], [0], 15.0, 10.0), "2 positions but times of shape"),
        (([95.0], [0.0], [0], 15.0, 10.0), "beyond the poles"),
        (([math.nan], [0.0], [0], 15.0, 10.0), "NaN"),
    ],
)
def test_what_is_not_as_described_is_refused(arguments, words):
    """With its name."""
    with pytest.raises(PointsError, match=words):
        list(near_pairs(*arguments))

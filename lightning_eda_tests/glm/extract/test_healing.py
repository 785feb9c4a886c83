"""Which hours are asked for again."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import BucketNotFoundError
from lightning_eda.glm.extract.healing import (
    CATCH_UP_HOURS,
    HourState,
    hour_states,
    hours_to_compare,
    listed_granules,
    loaded_granules,
    was_found_empty,
)
from lightning_eda.glm.names import PRODUCT, GranuleName, hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.sensors.healing_cursor import HealingCursor
from lightning_eda.storage.folder import FolderStore
from lightning_eda_tests.support.hours import BUCKET, HOUR, fetch_again, fetched

ONE = timedelta(hours=1)


def at(hour: int, minute: int = 30, day: int = 1) -> datetime:
    """A time of July 2024, UTC."""
    return datetime(2024, 7, day, hour, minute, tzinfo=UTC)


def compared(now, last=None, hours=6) -> list[str]:
    return [f"{hour:%dT%H}" for hour in hours_to_compare(now, last, hours).hours]


def test_the_first_time_it_is_the_last_hours():
    """As many as asked for, all of them over."""
    assert compared(at(20)) == ["01T14", "01T15", "01T16", "01T17", "01T18", "01T19"]
    assert compared(at(20), hours=1) == ["01T19"]


def test_the_unfinished_hour_and_one_just_over_are_left_alone():
    """The schedule asks for an hour 10 minutes after its end; from 20 minutes on it is compared."""
    assert compared(at(20, 9), hours=2) == ["01T17", "01T18"]
    assert compared(at(20, 10), hours=2) == ["01T17", "01T18"]
    assert compared(at(20, 19), hours=2) == ["01T17", "01T18"]
    assert compared(at(20, 20), hours=2) == ["01T18", "01T19"]


def test_a_zone_of_the_machine_changes_nothing():
    """An hour is one of UTC also on the days when clocks are set: none is left out, none is there twice."""
    for month, day, hours in ((3, 10, 23), (11, 3, 25)):
        midnight = datetime(2024, month, day, 0, 30, tzinfo=ZoneInfo("America/New_York"))
        start, end = (time.astimezone(UTC) for time in (midnight, midnight + timedelta(days=1)))
        due = hours_to_compare(midnight + timedelta(days=1), None, hours).hours
        assert len(due) == hours == (end - start) // ONE
        assert {later - hour for hour, later in pairwise(due)} == {ONE}


def test_after_an_outage_the_hours_of_it_are_compared():
    """And those before it that were not yet old enough to be left: a granule may have come late to them."""
    last = at(10, 0)
    assert compared(at(12), last, hours=2) == ["01T09", "01T10", "01T11"]
    assert compared(at(16, 30), last, hours=3) == [f"01T{hour:02}" for hour in range(8, 16)]


def test_an_outage_is_made_up_for_within_bounds():
    """Three days; what is longer ago is named."""
    now = at(12, day=10)
    due = hours_to_compare(now, at(0, 0, day=1), 6)
    assert len(due.hours) == CATCH_UP_HOURS
    assert due.hours[-1] == at(11, 0, day=10)
    assert due.passed_over[0] == at(1, 0, day=1)
    assert due.passed_over[-1] + ONE == due.hours[0]
    assert not hours_to_compare(now, at(11, 0, day=8), 6).passed_over
    assert len(hours_to_compare(now, None, 100).hours) == 100


def test_a_clock_that_was_ahead_is_no_outage():
    """The last hours, as ever."""
    assert compared(at(20), at(3, 0, day=5), hours=2) == ["01T18", "01T19"]


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=20), st.integers(1, 30), st.integers(0, 10_000))
def test_every_hour_is_compared_until_it_is_old(pauses, look_back, start):
    """Whatever the ticks are: each hour that ended between two ticks is compared, or named as passed over."""
    now = at(0, 0) + timedelta(minutes=start)
    last, seen, named = None, set(), set()
    for pause in pauses:
        due = hours_to_compare(now, last, look_back)
        seen |= set(due.hours)
        named |= set(due.passed_over)
        last = due.hours[-1]
        now += timedelta(minutes=pause)
    first = min(seen)
    assert seen | named == {first + number * ONE for number in range((last - first) // ONE + 1)}


def granule(start: datetime, created_s: int = 25, satellite: str = "G18") -> str:
    times = (start, start + timedelta(seconds=20), start + timedelta(seconds=created_s))
    return str(GranuleName(satellite, *times))


def put(root, hour: datetime, name: str, data: bytes = b"x") -> str:
    folder = root / hour_prefix(hour)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return hour_prefix(hour) + name


def test_the_newest_file_of_a_granule_counts(tmp_path):
    """Per satellite and start; other files of the folder are no granules of the hour."""
    put(tmp_path, HOUR, granule(HOUR))
    newer = put(tmp_path, HOUR, granule(HOUR, created_s=300))
    other = put(tmp_path, HOUR, granule(HOUR, satellite="G16"))
    put(tmp_path, HOUR, "index.html")
    put(tmp_path, HOUR, granule(HOUR - ONE))
    listed = listed_granules(FolderStore(tmp_path), [HOUR, HOUR + ONE], PRODUCT)
    assert {key for key, _ in listed[HOUR]} == {newer, other}
    assert listed[HOUR + ONE] == frozenset()


def test_a_bucket_that_is_not_there_is_an_error(tmp_path):
    """And not six empty hours."""
    with pytest.raises(BucketNotFoundError):
        listed_granules(FolderStore(tmp_path / "absent"), [HOUR], PRODUCT)


def state(listed: str, loaded: str, known_empty: bool = False) -> HourState:
    """Each letter is a granule; a capital one is its other version."""
    versions = [
        frozenset((letter.lower(), "2" if letter.isupper() else "1") for letter in text)
        for text in (listed, loaded)
    ]
    return HourState(HOUR, *versions, known_empty=known_empty)


@pytest.mark.parametrize(
    ("listed", "loaded", "known_empty", "needs_run"),
    [
        ("abc", "abc", False, False),
        ("abc", "", False, True),  # never loaded
        ("abc", "ab", False, True),  # one came late
        ("abC", "abc", False, True),  # one changed
        ("ab", "abc", False, False),  # one is gone from the bucket, and stays in the database
        ("", "abc", False, False),  # all are
        ("", "", False, True),  # an empty hour without a result
        ("", "", True, False),  # with one
    ],
)
def test_only_what_the_ledger_lacks_is_a_reason(listed, loaded, known_empty, needs_run):
    """See the remarks."""
    assert state(listed, loaded, known_empty).needs_run is needs_run


def test_a_state_has_one_name():
    """Other granules in the bucket or in the ledger give another."""
    states = [state("abc", ""), state("abC", ""), state("ab", "c"), state("", "abc"), state("", "")]
    assert len({one.digest for one in states}) == 5
    assert state("abc", "b").digest == state("cba", "b").digest


def test_the_ledger_is_sorted_into_hours():
    """By the start of the granule; an hour without rows is there as well."""
    rows = [(HOUR, "a", "1"), (HOUR + timedelta(minutes=59), "b", None), (HOUR + ONE, "c", "1")]
    assert loaded_granules(rows, [HOUR, HOUR + ONE, HOUR + 2 * ONE]) == {
        HOUR: {("a", "1"), ("b", None)},
        HOUR + ONE: {("c", "1")},
        HOUR + 2 * ONE: frozenset(),
    }


def test_an_empty_hour_is_known_by_the_record_of_extract(tmp_path):
    """None before it ran; an hour with granules is not empty."""
    folders = HourFolders(tmp_path / "data", BUCKET, HOUR)
    assert not was_found_empty(folders)
    nothing = {HOUR: frozenset()}
    assert hour_states(nothing, nothing, tmp_path / "data", BUCKET)[0].needs_run
    (tmp_path / "archive" / PRODUCT).mkdir(parents=True)
    fetch_again(tmp_path)
    assert was_found_empty(folders)
    assert not hour_states(nothing, nothing, tmp_path / "data", BUCKET)[0].needs_run
    fetched(tmp_path, granules=2)
    assert not was_found_empty(folders)


def test_the_cursor_remembers_what_was_asked_for():
    """Of the hours that are still compared; it is read back as it was written."""
    cursor = HealingCursor().moved_on([HOUR, HOUR + ONE], {HOUR: "aa", HOUR + ONE: "bb"})
    assert HealingCursor.parse(cursor.text()) == cursor
    assert cursor.last_compared == HOUR + ONE
    later = cursor.moved_on([HOUR + ONE, HOUR + 2 * ONE], {HOUR + 2 * ONE: "cc"})
    assert later.asked == {HOUR + ONE: "bb", HOUR + 2 * ONE: "cc"}
    assert later.moved_on([HOUR], {}).last_compared == HOUR + 2 * ONE


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "seen-1:ab", '{"format": 1}', '{"format": 0}'])
def test_a_cursor_that_is_not_ours_is_that_of_the_first_time(text):
    """One of another version, for example."""
    assert HealingCursor.parse(text) == HealingCursor()

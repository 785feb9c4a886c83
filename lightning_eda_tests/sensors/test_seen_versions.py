"""What is new in a listing, and the file that remembers it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.sensors.seen_file import SeenFile
from lightning_eda.sensors.seen_versions import find_news
from lightning_eda.storage.object_store import ObjectInfo

NOON = datetime(2024, 1, 9, 12, tzinfo=UTC)
FIRST, LAST = date(2024, 1, 1), date(2024, 1, 31)


def upload(day: int, name: str = "a", etag: str = "v1", second: int = 0) -> tuple[date, ObjectInfo]:
    """An object of a day of January 2024."""
    key = f"in/day=2024-01-{day:02}/{name}.csv.gz"
    return date(2024, 1, day), ObjectInfo(key, 10, etag, NOON + timedelta(seconds=second))


def look(seen, *listing, most_days=25, last=LAST, place="s3://bucket"):
    return find_news(seen, place, listing, FIRST, last, most_days)


def days(news) -> list[int]:
    return [found.day.day for found in news.days]


def test_each_day_with_a_new_object_is_named_once():
    """Oldest first, whatever order they are listed in; at the next look there is nothing."""
    listing = [upload(9), upload(3, "b"), upload(3, "a")]
    news = look({}, *listing)
    assert days(news) == [3, 9]
    assert [info.key[-8:] for info in news.days[0].changed] == ["a.csv.gz", "b.csv.gz"]
    assert not look(news.seen, *listing).days


def test_a_second_object_of_the_same_second_is_seen():
    """Even when its name sorts before the first, so that neither time nor name would show it."""
    seen = look({}, upload(9, "m")).seen
    news = look(seen, upload(9, "a"), upload(9, "m"))
    assert days(news) == [9]
    assert [info.key for info in news.days[0].changed] == ["in/day=2024-01-09/a.csv.gz"]


def test_the_same_bytes_again_are_no_news():
    """The ETag counts; the time does not."""
    seen = look({}, upload(9)).seen
    assert not look(seen, upload(9, second=60)).days


def test_each_version_is_news_even_one_that_was_there_before():
    """From A to B and back to A: three states with keys of their own, since the output was B's."""
    keys, seen = [], {}
    for second, etag in enumerate(("A", "B", "A")):
        news = look(seen, upload(9, etag=etag, second=second))
        keys += [found.key for found in news.days]
        seen = news.seen
    assert len(set(keys)) == 3


def test_an_object_that_is_gone_is_no_news_and_new_when_it_comes_back():
    """Other objects of the day are not asked for again on its account."""
    both = look({}, upload(9, "a"), upload(9, "b"))
    gone = look(both.seen, upload(9, "a"))
    assert not gone.days and len(gone.seen) == 1
    back = look(gone.seen, upload(9, "a"), upload(9, "b", second=5))
    assert days(back) == [9] and len(back.days[0].changed) == 1
    assert back.days[0].key != both.days[0].key


def test_an_older_day_that_comes_later_is_seen():
    """Nothing depends on the order in which days arrive."""
    seen = look({}, upload(20)).seen
    assert days(look(seen, upload(20), upload(2))) == [2]


def test_what_waits_is_as_known_as_before():
    """A change that is taken back before its day could be asked for is none."""
    before = look({}, upload(1), upload(2)).seen
    news = look(before, upload(1, etag="v2"), upload(2, etag="v2"), most_days=1)
    assert (days(news), news.later) == ([1], 1)
    assert days(look(news.seen, upload(1, etag="v2"), upload(2))) == []


def test_more_days_than_may_be_asked_for_come_later():
    """All of them, each once; what changes meanwhile is not lost."""
    listing = [upload(day) for day in range(1, 11)]
    news = look({}, *listing, most_days=4)
    assert (days(news), news.later) == ([1, 2, 3, 4], 6)
    listing[7] = upload(8, etag="v2")
    news = look(news.seen, *listing, most_days=4)
    assert (days(news), news.later) == ([5, 6, 7, 8], 2)
    news = look(news.seen, *listing, most_days=4)
    assert (days(news), news.later) == ([9, 10], 0)
    assert not look(news.seen, *listing, most_days=4).days


def test_a_changed_object_that_must_wait_keeps_its_old_version():
    """So it is news again at the next look, and not a new object."""
    seen = look({}, upload(1), upload(9)).seen
    changed = [upload(1, etag="v2"), upload(9, etag="v2")]
    news = look(seen, *changed, most_days=1)
    assert days(news) == [1]
    assert days(look(news.seen, *changed, most_days=1)) == [9]


def test_days_that_cannot_be_asked_for_are_told_once_and_asked_for_when_they_come():
    """A day before the first never comes."""
    early = (date(2009, 5, 1), ObjectInfo("in/day=2009-05-01/a.csv.gz", 10, "v1", NOON))
    tomorrow = upload(10)
    news = look({}, early, upload(9), tomorrow, last=date(2024, 1, 9))
    assert days(news) == [9]
    assert [info.key for info in news.outside] == [early[1].key, tomorrow[1].key]
    again = look(news.seen, early, upload(9), tomorrow, last=date(2024, 1, 9))
    assert not again.days and not again.outside
    assert days(look(again.seen, early, upload(9), tomorrow, last=date(2024, 1, 10))) == [10]


def test_the_same_keys_in_another_bucket_are_other_objects():
    """A sensor that is pointed elsewhere begins anew."""
    seen = look({}, upload(9)).seen
    assert days(look(seen, upload(9), place="s3://other")) == [9]


def test_the_key_of_a_day_tells_its_whole_state():
    """After the memory is lost, a day that is as it was when last asked for has the key it had then."""
    first = look({}, upload(9, "a"))
    second = look(first.seen, upload(9, "a"), upload(9, "b", second=70))
    afresh = look({}, upload(9, "b", second=70), upload(9, "a"))
    assert afresh.days[0].key == second.days[0].key != first.days[0].key


STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 4), st.sampled_from("ab"), st.sampled_from(["v1", "v2"])),
    st.tuples(st.just("delete"), st.integers(1, 4), st.sampled_from("ab"), st.just("")),
    st.tuples(st.sampled_from(["look", "die"]), st.just(0), st.just(""), st.just("")),
)


@given(st.lists(STEPS, max_size=40))
def test_every_change_asks_for_its_day_exactly_once(steps):
    """Against a plain model; a look that dies before its memory is kept is repeated with the same keys."""
    bucket, seen, known = {}, {}, {}
    asked: set[str] = set()
    for second, (what, day, name, etag) in enumerate([*steps, ("look", 0, "", "")]):
        if what == "put":
            bucket[day, name] = upload(day, name, etag, second)
        elif what == "delete":
            bucket.pop((day, name), None)
        else:
            news = look(seen, *bucket.values())
            now = {spot: info.etag for spot, (_, info) in bucket.items()}
            expected = {spot[0] for spot, version in now.items() if known.get(spot) != version}
            assert days(news) == sorted(expected)
            if what == "die":
                assert look(seen, *bucket.values()) == news
            else:
                keys = {found.key for found in news.days}
                assert not keys & asked
                asked |= keys
                seen, known = news.seen, now


def test_what_was_seen_is_kept_in_a_file(tmp_path):
    """The cursor is short, whatever number of objects there is; nothing is written without a change."""
    memory = SeenFile(tmp_path / "sensor")
    assert memory.read(None) == {}
    seen = {number * 0x9E3779B97F4A7C15 % 2**64: number for number in range(25_000)}
    cursor = memory.write(seen, None)
    assert len(cursor) < 60
    assert memory.read(cursor) == seen
    (path,) = (tmp_path / "sensor").iterdir()
    written = path.stat().st_mtime_ns
    assert path.stat().st_size == 25_000 * 16
    assert memory.write(dict(reversed(seen.items())), cursor) == cursor
    assert path.stat().st_mtime_ns == written


def test_nothing_seen_can_be_kept_too(tmp_path):
    """An empty folder of a bucket is a state."""
    memory = SeenFile(tmp_path)
    assert memory.read(memory.write({}, None)) == {}


def test_the_state_before_stays_until_the_new_cursor_is_in_use(tmp_path):
    """A tick may die after it wrote; the next one comes with the old cursor, any number of times."""
    memory = SeenFile(tmp_path)
    old = memory.write({1: 1}, None)
    for version in (2, 3, 4):
        new = memory.write({1: version}, old)
        assert memory.read(old) == {1: 1}
        assert memory.read(new) == {1: version}
    assert len(list(tmp_path.iterdir())) == 2
    newer = memory.write({1: 5}, new)
    assert memory.read(old) is None
    assert memory.read(new) == {1: 4} and memory.read(newer) == {1: 5}


@pytest.mark.parametrize("cursor", ["", "seen-1:", "seen-2:" + "0" * 32, "seen-1:../" + "a" * 29, '{"a": 1}'])
def test_a_cursor_that_is_not_ours_stands_for_nothing(tmp_path, cursor):
    """That of another version, for example."""
    assert SeenFile(tmp_path).read(cursor) is None


def test_a_lost_or_damaged_file_is_noticed(tmp_path):
    """Half of it, other bytes, or none at all; writing the same state mends it."""
    memory = SeenFile(tmp_path)
    cursor = memory.write({1: 1, 2: 2}, None)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for data in (whole[:16], b"", whole[:-1] + b"x"):
        path.write_bytes(data)
        assert memory.read(cursor) is None
    path.unlink()
    assert memory.read(cursor) is None
    assert memory.write({2: 2, 1: 1}, cursor) == cursor
    assert path.read_bytes() == whole


def test_files_of_others_in_the_folder_stay(tmp_path):
    """Only names that are hashes are ours."""
    (tmp_path / "notes.txt").write_text("mine")
    memory = SeenFile(tmp_path)
    memory.write({1: 3}, memory.write({1: 2}, memory.write({1: 1}, None)))
    assert (tmp_path / "notes.txt").exists()

"""Which versions of objects were dealt with, and which days a listing has news of.

An object is its key, a version of it is its ETag: no time takes part, so uploads of one second, in any order,
and deletions cannot hide one another. What is remembered are 64-bit hashes, 16 bytes an object; with 25,000
objects two of them are taken for one with a probability of 2e-11.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b

from lightning_eda.storage.object_store import ObjectInfo

SeenVersions = Mapping[int, int]  # hash of where an object is, to hash of the version that was dealt with
HASH_BYTES = 8
OUTSIDE = "its day cannot be asked for: "  # no ETag begins so


@dataclass(frozen=True)
class DayNews:
    """A day with objects that are new or changed.

    Attributes:
        day: The day.
        changed: Those objects, in key order.
        key: Names the state of the whole day, the same for the same state: the day, and a hash of key, ETag
            and time of every object it has. The time makes a version that comes back a new state.
    """

    day: date
    changed: tuple[ObjectInfo, ...]
    key: str


@dataclass(frozen=True)
class News:
    """What a listing tells that was not known.

    Attributes:
        days: The days to ask for, oldest first.
        later: How many more days have news; nothing of them is remembered yet.
        outside: Objects of days that cannot be asked for, told once.
        seen: What is known after this. Objects that are gone are forgotten, so one that comes back is new.
    """

    days: tuple[DayNews, ...]
    later: int
    outside: tuple[ObjectInfo, ...]
    seen: SeenVersions


@dataclass
class _Day:
    """One day of a listing: its objects, and those of them with news beside the hash of where they are."""

    objects: list[ObjectInfo] = field(default_factory=list)
    changed: list[tuple[int, ObjectInfo]] = field(default_factory=list)


def find_news(
    seen: SeenVersions,
    place: str,
    listing: Iterable[tuple[date, ObjectInfo]],
    first: date,
    last: date,
    most_days: int,
) -> News:
    """The days whose objects are not as they were when last dealt with.

    Args:
        seen: What is known.
        place: Where the objects are; the same keys in another place are other objects.
        listing: Every object there is now, with its day.
        first: The first day that can be asked for.
        last: The last one; objects of a later day are news again when it has come.
        most_days: How many days to ask for at once, the oldest first.
    """
    now: dict[int, int] = {}
    days: dict[date, _Day] = defaultdict(_Day)
    for day, info in listing:
        spot = _hash(f"{place}\0{info.key}")
        now[spot] = _hash(info.etag if first <= day <= last else OUTSIDE + info.etag)
        days[day].objects.append(info)
        if seen.get(spot) != now[spot]:
            days[day].changed.append((spot, info))
    with_news = sorted(day for day, found in days.items() if found.changed)
    asked = [day for day in with_news if first <= day <= last]
    for day in asked[most_days:]:
        _leave_unknown(now, seen, [spot for spot, _ in days[day].changed])
    outside = [info for day in with_news if day not in asked for _, info in days[day].changed]
    return News(
        days=tuple(_day_news(day, days[day]) for day in asked[:most_days]),
        later=len(asked[most_days:]),
        outside=tuple(outside),
        seen=now,
    )


def _leave_unknown(now: dict[int, int], seen: SeenVersions, spots: Sequence[int]) -> None:
    """Makes these objects as little known as they were."""
    for spot in spots:
        if spot in seen:
            now[spot] = seen[spot]
        else:
            del now[spot]


def _day_news(day: date, found: _Day) -> DayNews:
    state = blake2b(digest_size=16)
    for info in sorted(found.objects, key=lambda one: one.key):
        state.update(_encoded(f"{info.key}\0{info.etag}\0{info.last_modified.isoformat()}\n"))
    changed = sorted((info for _, info in found.changed), key=lambda one: one.key)
    return DayNews(day, tuple(changed), f"{day}:{state.hexdigest()}")


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(_encoded(text), digest_size=HASH_BYTES).digest(), "big")


def _encoded(text: str) -> bytes:
    """The bytes of a text; the key of a local file may hold bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape")

"""Which hours to ask for again: those whose granules in the bucket are not those in the ledger.

Only what the bucket has and the ledger has not counts. A granule that is gone from the bucket is no reason:
an archive may be emptied to make room, and its hours must not go from the database for that.
"""

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from lightning_eda.errors import StorageError
from lightning_eda.glm.extract.record import read_extraction
from lightning_eda.glm.extract.source import choose
from lightning_eda.glm.names import hour_prefix
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.windows import floor_hour
from lightning_eda.series import HOUR
from lightning_eda.storage.object_store import ObjectStore

SETTLE = timedelta(minutes=20)  # the schedule asks for an hour 10 minutes after its end; then it is our turn
CATCH_UP_HOURS = 72  # looked back at most after an outage: three days, a long weekend
LISTINGS_AT_ONCE = 8

Versions = frozenset[tuple[str, str | None]]  # key and ETag of granules


@dataclass(frozen=True)
class LookBack:
    """The hours to compare.

    Attributes:
        hours: Start of each, UTC, in order; all have ended.
        passed_over: Hours of an outage that are too long ago, in order.
    """

    hours: tuple[datetime, ...]
    passed_over: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class HourState:
    """An hour in the bucket and in the ledger.

    Attributes:
        hour: Start of the hour, UTC.
        listed: The granules that count in the bucket, the newest of each satellite and start.
        loaded: The granules in the ledger, without the undecoded ones.
        known_empty: It was fetched before, and found without granules.
        undecoded: The granules in the ledger that ended their decoder; they may be right all the same.
    """

    hour: datetime
    listed: Versions
    loaded: Versions
    known_empty: bool = False
    undecoded: Versions = frozenset()

    @property
    def has_undecoded(self) -> bool:
        """Whether the same run may give another result the next time."""
        return bool(self.listed & self.undecoded)

    @property
    def needs_run(self) -> bool:
        """Whether the ledger lacks a granule, or the hour never got a result."""
        if not self.listed:
            return not self.loaded and not self.known_empty
        return not self.listed <= self.loaded

    @property
    def digest(self) -> str:
        """Names this state: the same granules in the bucket and in the ledger, the same text."""
        state = blake2b(digest_size=8)
        for versions in (self.listed, self.loaded):
            for key, etag in sorted(versions, key=str):
                state.update(f"{key}\0{etag}\n".encode("utf-8", "surrogateescape"))
            state.update(b"\0")
        return state.hexdigest()


def hours_to_compare(now: datetime, last_compared: datetime | None, look_back_hours: int) -> LookBack:
    """The hours whose granules may have changed since they were last compared.

    Each hour is compared until it is `look_back_hours` old; after an outage, those that were not that old
    when it began are compared too.

    Args:
        now: The present, aware.
        last_compared: The newest hour of the last time, None the first time.
        look_back_hours: How many hours are compared each time, from 1.
    """
    newest = floor_hour(now - SETTLE) - HOUR
    window = (look_back_hours - 1) * HOUR
    oldest = newest - window
    if last_compared is not None:
        oldest = min(oldest, last_compared - window)
    bound = newest - (max(CATCH_UP_HOURS, look_back_hours) - 1) * HOUR
    passed_over = _hours(last_compared + HOUR, bound) if last_compared is not None else ()
    return LookBack(_hours(max(oldest, bound), newest + HOUR), passed_over)


def listed_granules(store: ObjectStore, hours: Iterable[datetime], product: str) -> dict[datetime, Versions]:
    """Key and ETag of the granules of each hour in the bucket.

    Raises:
        BucketNotFoundError: There is no such bucket or root folder.
        AccessDeniedError: It may not be listed.
        TransferError: It kept failing after every retry.
    """

    def one(hour: datetime) -> tuple[datetime, Versions]:
        prefix = hour_prefix(hour, product)
        chosen = choose(store.list_objects(prefix), prefix, hour).objects
        return hour, frozenset((info.key, info.etag) for info in chosen)

    with ThreadPoolExecutor(LISTINGS_AT_ONCE, thread_name_prefix="list") as pool:
        return dict(pool.map(one, hours))


def loaded_granules(
    rows: Iterable[tuple[datetime, str, str | None]], hours: Collection[datetime]
) -> dict[datetime, Versions]:
    """Key and ETag of the granules of each hour in the ledger.

    Args:
        rows: granule_start (UTC, aware), object_key and etag of the ledger.
        hours: The hours to sort them into.
    """
    found: dict[datetime, set[tuple[str, str | None]]] = {hour: set() for hour in hours}
    for start, key, etag in rows:
        found[floor_hour(start)].add((key, etag))
    return {hour: frozenset(versions) for hour, versions in found.items()}


def hour_states(
    listed: Mapping[datetime, Versions],
    loaded: Mapping[datetime, Versions],
    data_dir: Path,
    bucket: str,
    undecoded: Mapping[datetime, Versions] | None = None,
) -> list[HourState]:
    """Each hour in the bucket and in the ledger, in order; `data_dir` and `bucket` as for `HourFolders`."""
    return [
        HourState(
            hour,
            listed[hour],
            loaded[hour],
            known_empty=not listed[hour] and was_found_empty(HourFolders(data_dir, bucket, hour)),
            undecoded=(undecoded or {}).get(hour, frozenset()),
        )
        for hour in sorted(listed)
    ]


def was_found_empty(folders: HourFolders) -> bool:
    """Whether `extract` has recorded that the hour has no granule."""
    try:
        return read_extraction(folders).found == 0
    except StorageError:
        return False  # never fetched, or not completely


def _hours(start: datetime, end: datetime) -> tuple[datetime, ...]:
    """The hours in [start, end)."""
    count = max((end - start) // HOUR, 0)
    return tuple(start + number * HOUR for number in range(count))

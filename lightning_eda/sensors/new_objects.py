"""Sensors on the prefixes of a bucket: each new or changed object version asks for its day exactly once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from lightning_eda.jobs import (
    cluster_distances,
    distance_variables_missing,
    load_table,
    not_set,
    table_variables_missing,
)
from lightning_eda.partitions import daily
from lightning_eda.reporting import readable_failures
from lightning_eda.resources import DataFolderResource, DistancesResource, TablesResource
from lightning_eda.storage.object_store import ObjectInfo, ObjectStore
from lightning_eda.texts import named, plain

LOOK_SECONDS = 60
MOST_DAYS = 25  # asked for in one tick, so that turning a sensor on beside years of days stays bearable
NAMED = 5
NEW_OBJECTS_TAG = "lightning_eda/new_objects"

if TYPE_CHECKING:
    from lightning_eda.sensors.seen_versions import News

Answer = dg.SensorResult | dg.SkipReason


@dg.sensor(
    job=cluster_distances,
    minimum_interval_seconds=LOOK_SECONDS,
    description="Each minute: asks for the days under INPUT_FOLDER that have new or changed objects, each "
    f"version once, at most {MOST_DAYS} days at a time. The first time it asks for all there are.",
)
def distance_objects(
    context: dg.SensorEvaluationContext, distances: DistancesResource, folders: DataFolderResource
) -> Answer:
    """Days of distances that are new or changed."""
    from lightning_eda.distances.folders import day_of_key

    settings = distances.settings()
    missing = distance_variables_missing(settings)
    if missing:
        return not_set(missing)
    folder = (settings.input_folder or "").strip("/")
    prefix = f"{folder}/day=" if folder else "day="
    return _ask_for_days(context, folders, distances.store, prefix, lambda key: day_of_key(key, folder))


@dg.sensor(
    job=load_table,
    minimum_interval_seconds=LOOK_SECONDS,
    description="Each minute: asks for the days under CSV_PREFIX that have a new or changed CSV, each "
    f"version once, at most {MOST_DAYS} days at a time. The first time it asks for all there are.",
)
def csv_objects(
    context: dg.SensorEvaluationContext, tables: TablesResource, folders: DataFolderResource
) -> Answer:
    """Days with a CSV that is new or changed."""
    from lightning_eda.tables.days import day_of_key, folder_of_days

    settings = tables.settings()
    missing = table_variables_missing(settings)
    if missing:
        return not_set(missing)
    prefix = settings.prefix or ""
    return _ask_for_days(
        context,
        folders,
        tables.source,
        folder_of_days(prefix),
        lambda key: day_of_key(key, prefix, settings.substr),
    )


def _ask_for_days(
    context: dg.SensorEvaluationContext,
    folders: DataFolderResource,
    open_store: Callable[[], ObjectStore],
    prefix: str,
    day_of: Callable[[str], date | None],
) -> dg.SensorResult:
    """One request for each day with news; a listing that fails makes the tick red and changes nothing."""
    from lightning_eda.sensors.seen_file import SeenFile  # NumPy, which no other process need load
    from lightning_eda.sensors.seen_versions import find_news

    with readable_failures():
        store = open_store()
        memory = SeenFile(folders.folder() / "sensors" / context.sensor_name)
        seen = memory.read(context.cursor)
        if seen is None:
            context.log.warning(
                f"what this sensor has seen is not in {memory.folder} any more: every day is asked for "
                "again, and Dagster leaves out those that were asked for as they are now"
            )
        first, last = (date.fromisoformat(key) for key in _first_and_last_day())
        listing = _dated(store, prefix, day_of)
        news = find_news(seen or {}, store.describe(), listing, first, last, MOST_DAYS)
        cursor = memory.write(news.seen, context.cursor)
    _tell(context, store, news, first, last)
    requests = [
        dg.RunRequest(
            run_key=day.key,
            partition_key=day.day.isoformat(),
            tags={NEW_OBJECTS_TAG: str(len(day.changed))},
        )
        for day in news.days
    ]
    nothing = f"nothing new under {plain(store.url(prefix))}: {len(news.seen)} objects are known"
    return dg.SensorResult(requests, skip_reason=None if requests else nothing, cursor=cursor)


def _dated(
    store: ObjectStore, prefix: str, day_of: Callable[[str], date | None]
) -> Iterator[tuple[date, ObjectInfo]]:
    """The objects that hold something and belong to a day."""
    for info in store.list_objects(prefix):
        day = None if info.key.endswith("/") or info.size == 0 else day_of(info.key)
        if day is not None:
            yield day, info


def _first_and_last_day() -> tuple[str, str]:
    return daily.get_first_partition_key() or "", daily.get_last_partition_key() or ""


def _tell(
    context: dg.SensorEvaluationContext, store: ObjectStore, news: "News", first: date, last: date
) -> None:
    for day in news.days:
        context.log.info(f"{day.day}: {_named(store, day.changed)}")
    if news.later:
        context.log.info(f"{news.later} more days have news; they are asked for in the next ticks")
    if news.outside:
        keys = _named(store, news.outside)
        context.log.warning(
            f"not asked for, since the days that can be are {first} to {last}: {keys}. A later day is asked "
            "for when it has come."
        )


def _named(store: ObjectStore, objects: Sequence[ObjectInfo]) -> str:
    """The first few of some objects."""
    return named([plain(store.url(info.key)) for info in objects], NAMED, ", ")

"""The two AWS Lambda handlers, over the same functions as the assets; Dagster is not needed.

`cluster_handler` wants boto3, numpy, scipy, scikit-learn, duckdb and pyarrow; `load_handler` awswrangler and
filelock too. Settings are the environment variables of the README.

Nothing fails unseen: an error that is raised makes Lambda try again and then hand the event to the function's
dead-letter queue. A reason that is answered is an error in the function's log too, since a schedule throws
answers away; what a success has to tell is a warning there.
"""

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from lightning_eda.errors import LightningEdaError
from lightning_eda.settings import CsvSettings, parse_required, read_settings
from lightning_eda.texts import failed_days

if TYPE_CHECKING:
    from lightning_eda.cluster_days import DayClusters
    from lightning_eda.tables.load_result import LoadResult

Event = Mapping[str, Any]
log = logging.getLogger(__name__)


def cluster_handler(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Clusters the days an event is about.

    Args:
        event: An S3 notification (`Records`, each with the key of an input object), or
            `{"day": "2024-01-01"}`.
        context: Of the call; not used.

    Returns:
        `{"day", "success": True, "clusters", "clustered-keys"}`. Of several days, `day` is a comma list, the
        numbers are sums, and `days` has the answer for each. `{"success": False}` when the event names
        neither an object of INPUT_FOLDER nor a day.

    Raises:
        SettingError: A variable is missing or not allowed.
        PairsError: A row or an object cannot be trusted; the clusters that were there are unchanged.
        StorageError: The bucket cannot be read or written.
        LightningEdaError: Some of several days failed; each is named, the others are done.
    """
    from lightning_eda.cluster_days import ClusterTask, cluster_latest
    from lightning_eda.storage.places import open_store

    settings = read_settings()
    task = ClusterTask.from_settings(settings.distances)
    bucket = settings.distances.bucket or next((name for name, _ in _objects(event)), None)
    days = sorted(set(_days(event, bucket, task.input_folder)))
    if not days:
        return {"success": False}
    bucket = parse_required(bucket, "BUCKET", "the name of a bucket")
    store = open_store(bucket, "BUCKET", settings.s3_endpoint_url, settings.aws_region)
    answers: list[dict[str, Any]] = []
    errors: dict[date, LightningEdaError] = {}
    for day in days:
        try:
            done = cluster_latest(store, task, day)
        except LightningEdaError as error:
            if len(days) == 1:
                raise
            errors[day] = error
            continue
        _tell(str(day), done)
        answers.append(_answer(str(day), done.clusters, done.clustered))
    if errors:
        raise LightningEdaError(failed_days(errors, len(days)))
    return answers[0] if len(answers) == 1 else _answer_of_several(answers)


def load_handler(event: Event, context: object) -> str | dict[str, str]:  # noqa: ARG001 - Lambda passes it
    """Makes the latest matching CSV of a day a partition of a dataset.

    Args:
        event: The parameters: `data_ref` (YYYYMMDD; yesterday, UTC, when left out), `bucket_src`, `prefix`,
            `substr`, `schema`, `bucket_dstn`, `pathoutput`, `table`, `database`, `partitions_cols`, and
            `delimiter`, `encoding`, `header`, `types`, `bad_rows`. What is left out follows the variable of
            the same name with CSV_ before it.
        context: Of the call; not used.

    Returns:
        "Success", or `{"errorMessage": reason}`: the old rows are there then, unless the reason says that the
        new ones are.
    """
    from lightning_eda.table_days import Servers, TableTask, load_day
    from lightning_eda.tables.days import parse_data_ref

    settings = read_settings()
    servers = Servers(settings.s3_endpoint_url, settings.glue_endpoint_url, settings.aws_region)
    now = datetime.now(UTC)
    try:
        day = parse_data_ref(str(event["data_ref"])) if event.get("data_ref") else yesterday(now)
        task = TableTask.from_settings(_laid_over(settings.csv, event), servers)
        done = load_day(task, day, Path(tempfile.gettempdir()) / "lightning_eda", now)
    except LightningEdaError as error:
        log.error("%s", error)
        return {"errorMessage": str(error)}
    _tell_of_load(day, done, task.source.url(done.source))
    return "Success"


def yesterday(now: datetime) -> date:
    """The day before a moment, UTC."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def _laid_over(settings: CsvSettings, event: Event) -> CsvSettings:
    """The settings with the parameters of an event laid over them; a list may stand for a comma list."""
    given = {field.name: event[field.name] for field in fields(settings) if event.get(field.name) is not None}
    return replace(settings, **{name: _text(name, value) for name, value in given.items()})


def _text(name: str, value: object) -> str:
    """A parameter as the variable spells it."""
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    if isinstance(value, list | tuple):
        return json.dumps(list(value)) if name == "schema" else ",".join(map(str, value))
    return str(value)


def _tell(day: str, done: "DayClusters") -> None:
    """Says in the function's log what the answer has no word for."""
    counts = done.graph.counts
    if counts.truncated:
        log.warning("%s: only the first %d rows were read; set MAX_RECORDS higher, or to 0", day, counts.rows)
    if counts.conflicting_pairs:
        log.warning("%s: %d pairs have several distances; the smallest counts", day, counts.conflicting_pairs)


def _tell_of_load(day: date, done: "LoadResult", source: str) -> None:
    """Says in the function's log what "Success" has no word for."""
    if done.note:
        log.log(logging.INFO if done.unchanged else logging.WARNING, "%s: %s", day, done.note)
    if done.rows_set_aside:
        log.warning("%s: %d rows of %s were set aside", day, done.rows_set_aside, source)


def _answer(day: str, clusters: int, clustered: int) -> dict[str, Any]:
    return {"day": day, "success": True, "clusters": clusters, "clustered-keys": clustered}


def _answer_of_several(answers: list[dict[str, Any]]) -> dict[str, Any]:
    total = _answer(
        ",".join(answer["day"] for answer in answers),
        sum(answer["clusters"] for answer in answers),
        sum(answer["clustered-keys"] for answer in answers),
    )
    return {**total, "days": answers}


def _days(event: Event, bucket: str | None, folder: str) -> Iterator[date]:
    """The days an event names, by itself or by the objects of a folder of the bucket."""
    from lightning_eda.distances.folders import day_of_key, parse_day

    if event.get("day"):
        yield parse_day(str(event["day"]), "day")
    for name, key in _objects(event):
        day = day_of_key(key, folder)
        if name == bucket and day is not None:
            yield day


def _objects(event: Event) -> Iterator[tuple[str, str]]:
    """Bucket and key of each record of an S3 notification.

    Keys come URL-encoded, with + for a space. Source: S3 User Guide, "Event message structure".
    """
    for record in event.get("Records") or []:
        s3 = record.get("s3") or {}
        if "object" in s3 and "bucket" in s3:
            yield s3["bucket"]["name"], unquote_plus(s3["object"]["key"])

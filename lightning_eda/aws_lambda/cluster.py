"""The AWS Lambda function of distance clustering: the days of an event, clustered.

It wants boto3, numpy, scipy, scikit-learn, duckdb and pyarrow. Settings are the environment variables of the
README.
"""

import logging
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from lightning_eda.aws_lambda.events import Event, objects_of
from lightning_eda.errors import LightningEdaError
from lightning_eda.settings import parse_required, read_settings
from lightning_eda.texts import failed_days

if TYPE_CHECKING:
    from lightning_eda.cluster_days import DayClusters

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
    bucket = settings.distances.bucket or next((name for name, _ in objects_of(event)), None)
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


lambda_handler = cluster_handler  # the name the AWS console expects


def _tell(day: str, done: "DayClusters") -> None:
    """Says in the function's log what the answer has no word for."""
    counts = done.graph.counts
    for doubt in counts.doubts:
        log.warning("%s: %s", day, doubt)
    if counts.truncated:
        log.warning("%s: only the first %d rows were read; set MAX_RECORDS higher, or to 0", day, counts.rows)
    if counts.conflicting_pairs:
        log.warning("%s: %d pairs have several distances; the smallest counts", day, counts.conflicting_pairs)


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
    for name, key in objects_of(event):
        day = day_of_key(key, folder)
        if name == bucket and day is not None:
            yield day

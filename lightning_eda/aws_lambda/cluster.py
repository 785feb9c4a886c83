"""The AWS Lambda function of distance clustering: the days of an event, clustered.

It wants boto3, numpy, scipy, scikit-learn, duckdb and pyarrow. Settings are the environment variables of the
README.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from lightning_eda.aws_lambda.events import Event, Sent, read_event, require_known
from lightning_eda.distances.folders import day_of_key, parse_day
from lightning_eda.errors import LightningEdaError
from lightning_eda.settings import parse_required, read_settings
from lightning_eda.storage.aws import Access
from lightning_eda.storage.places import bucket_name, bucket_of_event, is_folder, open_store
from lightning_eda.texts import failed_days, plain

if TYPE_CHECKING:
    from lightning_eda.cluster_days import ClusterTask, DayClusters
    from lightning_eda.storage.object_store import ObjectStore

PARAMETERS = ("day",)

log = logging.getLogger(__name__)


def cluster_handler(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes it
    """Clusters the days an event is about.

    Args:
        event: A notification of S3 about objects of the input folder, by itself, through SNS, SQS or
            EventBridge; or `{"day": "2024-01-01"}`, by itself or as a message.
        context: Of the call; not used.

    Returns:
        `{"day", "success": True, "clusters", "clustered-keys"}`. Of several days, `day` is a comma list, the
        numbers are sums, and `days` has the answer for each. `{"success": False}` when the event names
        neither an object of INPUT_FOLDER nor a day; the log says what it names.

    Raises:
        EventError: A parameter is not known, or a message of SQS is not understood.
        SettingError: A variable is missing or not allowed.
        PairsError: A row or an object cannot be trusted; the clusters that were there are unchanged.
        StorageError: The bucket cannot be read or written.
        LightningEdaError: Some of several days failed; each is named, the others are done.
    """
    from lightning_eda.cluster_days import ClusterTask

    settings = read_settings()
    task = ClusterTask.from_settings(settings.distances)
    sent = read_event(event)
    asked = sorted(set(_days(sent, settings.distances.bucket, task.input_folder)))
    sent.tell(log)
    if not asked:
        sent.require_understood()
        if sent.is_idle:
            return _answer_of_several([])
        log.error("the event names neither an object of %s nor a day: nothing was done", task.input_folder)
        return {"success": False}
    access = Access(settings.s3_endpoint_url, settings.aws_region)
    stores = {bucket: open_store(bucket, "BUCKET", access) for _, bucket in asked}
    answers = _cluster([(day, stores[bucket]) for day, bucket in asked], task)
    sent.require_understood()
    return answers[0] if len(answers) == 1 else _answer_of_several(answers)


lambda_handler = cluster_handler  # the name the AWS console expects


def _tell(day: str, done: "DayClusters") -> None:
    """Says in the function's log what the answer has no word for."""
    counts = done.graph.counts
    if not counts.rows:
        log.warning("%s: there are no pairs: is INPUT_FOLDER the right one?", day)
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


def _cluster(asked: "Sequence[tuple[date, ObjectStore]]", task: "ClusterTask") -> list[dict[str, Any]]:
    """The answer for each day; a day that fails keeps none of the others from being done."""
    from lightning_eda.cluster_days import cluster_latest

    answers: list[dict[str, Any]] = []
    errors: list[tuple[date, LightningEdaError]] = []
    for day, store in asked:
        try:
            done = cluster_latest(store, task, day)
        except LightningEdaError as error:
            if len(asked) == 1:
                raise
            errors.append((day, error))
            continue
        _tell(str(day), done)
        answers.append(_answer(str(day), done.clusters, done.clustered))
    if errors:
        raise LightningEdaError(failed_days(errors, len(asked)))
    return answers


def _days(sent: Sent, bucket: str | None, folder: str) -> Iterator[tuple[date, str]]:
    """The days an event names, by itself or by objects of the folder, each with its bucket's text."""
    for parameters in sent.parameters:
        require_known(parameters, PARAMETERS, PARAMETERS[0])
        if parameters.get("day"):
            yield (
                parse_day(str(parameters["day"]), "day"),
                parse_required(bucket, "BUCKET", "the name of a bucket"),
            )
    own = bucket_name(bucket, "BUCKET") if bucket and not is_folder(bucket) else bucket
    for name, key in sent.objects:
        day = day_of_key(key, folder)
        if day is None or (bucket and (name != own or is_folder(name))):
            log.error("s3://%s/%s is no object of the input (BUCKET, INPUT_FOLDER)", plain(name), plain(key))
        else:
            yield day, bucket or bucket_of_event(name)

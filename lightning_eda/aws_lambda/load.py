"""The AWS Lambda function of the S3 tables: the latest matching CSV of a day, made a partition.

It wants what `cluster` does, and awswrangler and filelock. Settings are the environment variables of the
README.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lightning_eda.aws_lambda.events import Event, Sent, read_event, require_known
from lightning_eda.errors import LightningEdaError
from lightning_eda.settings import CsvSettings, read_settings
from lightning_eda.storage.aws import Access
from lightning_eda.storage.places import bucket_name, bucket_of_event, is_folder
from lightning_eda.tables.days import data_ref_of, day_of_key, parse_data_ref
from lightning_eda.texts import failed_days, plain

if TYPE_CHECKING:
    from lightning_eda.tables.load_result import LoadResult

PARAMETERS = ("data_ref", *(field.name for field in fields(CsvSettings)))
BUCKETS = {"bucket_src", "bucket_dstn"}
NOTHING_ASKED = "the event names no CSV of the table and no parameters: nothing was done"

log = logging.getLogger(__name__)


def load_handler(event: Event, context: object) -> str | dict[str, str]:  # noqa: ARG001 - Lambda passes it
    """Makes the latest matching CSV of a day a partition of a dataset.

    Args:
        event: The parameters: `data_ref` (YYYYMMDD; yesterday, UTC, when left out), `bucket_src`, `prefix`,
            `substr`, `schema`, `bucket_dstn`, `pathoutput`, `table`, `database`, `table_format`,
            `partitions_cols`, and `delimiter`, `encoding`, `header`, `types`, `bad_rows`. What is left out
            follows the variable of the same name with CSV_ before it. Or a notification of S3 about CSVs of
            one or several days, by itself, through SNS, SQS or EventBridge; then all follows the variables.
        context: Of the call; not used.

    Returns:
        "Success", or `{"errorMessage": reason}`: the old rows are there then, unless the reason says that the
        new ones are.

    Raises:
        LightningEdaError: As the reason, where what failed came by a notification or a message: nobody reads
            an answer to those, and Lambda tries again. Of several days the others are done.
    """
    sent = read_event(event)
    sent.tell(log)
    try:
        asked = _asked(sent, read_settings().csv, datetime.now(UTC))
        if asked:
            _load(asked)
        sent.require_understood()
    except LightningEdaError as error:
        log.error("%s", error)
        if sent.wrapped:
            raise
        return {"errorMessage": str(error)}
    if asked or sent.is_idle:
        return "Success"
    log.error("%s", NOTHING_ASKED)
    return {"errorMessage": NOTHING_ASKED}


lambda_handler = load_handler  # the name the AWS console expects


def yesterday(now: datetime) -> date:
    """The day before a moment, UTC."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def _asked(sent: Sent, settings: CsvSettings, now: datetime) -> list[tuple[date, CsvSettings]]:
    """The days to load, each once, and how."""
    found = []
    for parameters in sent.parameters:
        require_known(parameters, PARAMETERS, PARAMETERS[0])
        given = parameters.get("data_ref")
        day = yesterday(now) if given is None or given == "" else parse_data_ref(str(given))
        found.append((day, _laid_over(settings, parameters)))
    if sent.objects:
        found += _notified(sent, settings)
    return list(dict.fromkeys(found))


def _notified(sent: Sent, settings: CsvSettings) -> Iterator[tuple[date, CsvSettings]]:
    """The days of the objects that are CSVs of the table; the log names the others."""
    from lightning_eda.tables.task import required_prefix

    prefix = required_prefix(settings)
    bucket = settings.bucket_src
    own = bucket_name(bucket, "CSV_BUCKET_SRC") if bucket and not is_folder(bucket) else bucket
    for name, key in sorted(sent.objects):
        day = day_of_key(key, prefix, settings.substr)
        if day is None or (bucket and (name != own or is_folder(name))):
            url = plain(f"s3://{name}/{key}")
            log.error("%s is no CSV of the table (CSV_BUCKET_SRC, CSV_PREFIX, CSV_SUBSTR)", url)
        else:
            yield day, replace(settings, bucket_src=bucket or bucket_of_event(name))


def _load(asked: Sequence[tuple[date, CsvSettings]]) -> None:
    """Loads the days; one that fails keeps none of the others from being done."""
    errors: list[tuple[date, LightningEdaError]] = []
    for day, settings in asked:
        try:
            _load_day(day, settings)
        except LightningEdaError as error:
            if len(asked) == 1:
                raise
            errors.append((day, error))
    if errors:
        raise LightningEdaError(failed_days(errors, len(asked)))


def _load_day(day: date, csv: CsvSettings) -> None:
    from lightning_eda.storage.scratch import private_folder
    from lightning_eda.tables.load import load_table
    from lightning_eda.tables.task import Servers, TableTask

    settings = read_settings()
    servers = Servers(Access(settings.s3_endpoint_url, settings.aws_region), settings.glue_endpoint_url)
    task = TableTask.from_settings(csv, servers)
    with private_folder() as scratch:
        done = load_table(task, data_ref_of(day), scratch, datetime.now(UTC))
    _tell_of_load(day, done, plain(task.source.url(done.source)))


def _laid_over(settings: CsvSettings, event: Event) -> CsvSettings:
    """The settings with the parameters of an event laid over them; a list may stand for a comma list."""
    given = {field.name: event[field.name] for field in fields(settings) if event.get(field.name) is not None}
    texts = {name: _text(name, value) for name, value in given.items()}
    for name in BUCKETS & texts.keys():
        if text := texts[name]:
            texts[name] = bucket_of_event(text if is_folder(text) else bucket_name(text, name))
    return replace(settings, **texts)


def _text(name: str, value: object) -> str:
    """A parameter as the variable spells it."""
    if isinstance(value, Mapping):
        return json.dumps(dict(value))
    if isinstance(value, list | tuple):
        return json.dumps(list(value)) if name == "schema" else ",".join(map(str, value))
    return str(value)


def _tell_of_load(day: date, done: "LoadResult", source: str) -> None:
    """Says in the function's log what "Success" has no word for."""
    if done.note:
        log.log(logging.INFO if done.unchanged else logging.WARNING, "%s: %s", day, plain(done.note))
    for doubt in done.doubts:
        log.warning("%s: %s: %s", day, source, plain(doubt))
    if done.rows_set_aside:
        log.warning("%s: %d rows of %s were set aside", day, done.rows_set_aside, source)

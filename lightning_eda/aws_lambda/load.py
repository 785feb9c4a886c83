"""The AWS Lambda function of the S3 tables: the latest matching CSV of a day, made a partition.

It wants what `cluster` does, and awswrangler and filelock. Settings are the environment variables of the
README.
"""

import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_eda.aws_lambda.events import Event
from lightning_eda.errors import LightningEdaError
from lightning_eda.settings import CsvSettings, read_settings
from lightning_eda.texts import plain

if TYPE_CHECKING:
    from lightning_eda.tables.load_result import LoadResult

log = logging.getLogger(__name__)


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
    from lightning_eda.tables.days import data_ref_of, parse_data_ref
    from lightning_eda.tables.load import load_table
    from lightning_eda.tables.task import Servers, TableTask

    settings = read_settings()
    servers = Servers(settings.s3_endpoint_url, settings.glue_endpoint_url, settings.aws_region)
    now = datetime.now(UTC)
    try:
        day = parse_data_ref(str(event["data_ref"])) if event.get("data_ref") else yesterday(now)
        task = TableTask.from_settings(_laid_over(settings.csv, event), servers)
        done = load_table(task, data_ref_of(day), Path(tempfile.gettempdir()) / "lightning_eda", now)
    except LightningEdaError as error:
        log.error("%s", error)
        return {"errorMessage": str(error)}
    _tell_of_load(day, done, plain(task.source.url(done.source)))
    return "Success"


lambda_handler = load_handler  # the name the AWS console expects


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


def _tell_of_load(day: date, done: "LoadResult", source: str) -> None:
    """Says in the function's log what "Success" has no word for."""
    if done.note:
        log.log(logging.INFO if done.unchanged else logging.WARNING, "%s: %s", day, plain(done.note))
    if done.rows_set_aside:
        log.warning("%s: %d rows of %s were set aside", day, done.rows_set_aside, source)

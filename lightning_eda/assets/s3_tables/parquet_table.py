"""The latest CSV of a day as a partition of a Parquet dataset in S3, registered in Glue.

Takes the object whose key begins with CSV_PREFIX and the day (`2024-01-01` is `20240101`), whose name
contains CSV_SUBSTR and which was written last; plain, gzip, or the one member of a zip. The new partition is
uploaded, verified and registered before the old objects are deleted, so a reader has the old rows, the new
ones or for a moment both, and never none, whatever fails. With CSV_TABLE_FORMAT=delta the dataset is a Delta
table, and one commit replaces the old rows by the new. The same version of the CSV again changes nothing.
"""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from lightning_eda.assets.catalog import OWNERS, S3_TABLES, S3_TABLES_LINKS, about
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.assets.s3_tables.history import rows_of_days_before
from lightning_eda.checks.tables import (
    COLUMNS_ARE_UNCHANGED,
    HAS_ROWS,
    READ_WITHOUT_DOUBT,
    ROW_COUNT_IS_USUAL,
    check_columns,
    check_has_rows,
    check_reading,
    check_row_count,
)
from lightning_eda.partitions import daily, one_run
from lightning_eda.reporting import PartitionReport, preview, report_partitions, retried_failures
from lightning_eda.resources import DataFolderResource, TablesResource
from lightning_eda.texts import counted, plain

if TYPE_CHECKING:
    from lightning_eda.tables.load_result import LoadResult
    from lightning_eda.tables.task import TableTask


@dg.asset(
    group_name="s3_tables",
    code_version="1",
    description=__doc__,
    owners=OWNERS,
    tags=S3_TABLES,
    metadata=about(links=S3_TABLES_LINKS),
    partitions_def=daily,
    backfill_policy=one_run,
    kinds={"s3", "csv", "parquet", "glue"},
    check_specs=[HAS_ROWS, COLUMNS_ARE_UNCHANGED, ROW_COUNT_IS_USUAL, READ_WITHOUT_DOUBT],
)
def parquet_table(
    context: dg.AssetExecutionContext, tables: TablesResource, folders: DataFolderResource
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """See the module."""
    from lightning_eda.tables.days import data_ref_of
    from lightning_eda.tables.load import load_table
    from lightning_eda.tables.task import TableTask

    results: dict[date, LoadResult] = {}
    with retried_failures(context):
        task = TableTask.from_settings(tables.settings(), tables.servers())

        def of_day(day: date) -> PartitionReport:
            done = load_table(task, data_ref_of(day), folders.folder() / "scratch", datetime.now(UTC))
            results[day] = done
            _tell(context, str(day), done, plain(task.source.url(done.source)))
            return _report(str(day), task, done, tables.table_link())

        reports = day_reports(context, of_day)
    before = rows_of_days_before(context, min(results))
    checks = [check_has_rows(results), check_columns(results), check_row_count(results, before)]
    checks.append(check_reading(results))
    return report_partitions(context, reports, checks, data_version=results[max(results)].data_version)


def _tell(context: dg.AssetExecutionContext, day: str, done: "LoadResult", url: str) -> None:
    """Says in the log what was loaded, and which rows were not."""
    note = f": {plain(done.note)}" if done.note else ""
    context.log.info(f"{day}: {counted(done.rows, 'row')} from {url}{note}")
    if done.reading and done.rows_set_aside:
        lines = [str(row.line) for row in done.reading.set_aside]
        more = f" and {done.rows_set_aside - len(lines)} more" if done.rows_set_aside > len(lines) else ""
        context.log.warning(
            f"{day}: left out (CSV_BAD_ROWS): {counted(done.rows_set_aside, 'row')} of {url}, in line"
            f"{'s' if len(lines) > 1 else ''} {', '.join(lines)}{more}. "
            "The metadata first_rows_set_aside says why"
        )


def _report(day: str, task: "TableTask", done: "LoadResult", link: str | None) -> PartitionReport:
    from lightning_eda.tables.task import first_rows

    rows = first_rows(task, done)
    schema = dg.TableSchema([dg.TableColumn(plain(name), kind) for name, kind in done.columns.items()])
    return PartitionReport(
        day,
        {
            # Of another run that won only that run knows the rows.
            **({"dagster/row_count": done.rows} if done.won_by is None else {}),
            "rows_set_aside": done.rows_set_aside,
            "bytes_in": done.bytes_in,
            "bytes_out": done.bytes_out,
            "files": len(done.files),
        },
        {
            "source": task.source.url(done.source),
            "source_etag": done.etag,
            "source_written": dg.MetadataValue.timestamp(done.last_modified),
            "unchanged": done.unchanged,
            "status": done.note or "loaded",
            "partitions": ", ".join(part.name for part in done.partitions) or "none",
            "dataset": task.dataset,
            "table_format": task.options.table_format,
            "dagster/column_schema": dg.MetadataValue.table_schema(schema),
            **_reading(done),
            **({"first_rows": preview(rows)} if rows is not None else {}),
            **({"glue_table": dg.MetadataValue.url(link)} if link else {}),
        },
    )


def _reading(done: "LoadResult") -> dict[str, dg.MetadataValue[Any]]:
    """How the CSV was read, and the first of the rows that were left out."""
    if done.reading is None:
        return {}
    how = f"{done.reading.encoding}, delimiter {done.reading.delimiter!r}"
    left_out = [
        dg.TableRecord({"line": row.line, "reason": plain(row.reason)}) for row in done.reading.set_aside
    ]
    return {
        "read_as": dg.MetadataValue.text(how),
        "doubts": dg.MetadataValue.text("; ".join(done.doubts) or "none"),
        **({"first_rows_set_aside": dg.MetadataValue.table(left_out)} if left_out else {}),
    }

"""A range of days in one run: a day that fails does not keep the others from being done."""

import time
from collections.abc import Callable
from datetime import date

import dagster as dg

from lightning_eda.errors import LightningEdaError
from lightning_eda.partitions import is_range, run_days
from lightning_eda.reporting import MOST_RETRIES, PartitionReport
from lightning_eda.texts import failed_days


def day_reports(
    context: dg.AssetExecutionContext, of_day: Callable[[date], PartitionReport]
) -> list[PartitionReport]:
    """Does the days of a run, and adds to the report of each how many seconds it took.

    When a day of a range fails the days that are done are reported if it is not tried again.

    Args:
        context: Of the asset. In a run of a single day an error is raised where it happens.
        of_day: Does a day and reports of it.

    Raises:
        dagster.Failure: With a sentence for each day that failed; retried where that may help one.
    """
    reports: list[PartitionReport] = []
    errors: dict[date, LightningEdaError] = {}
    for day in run_days(context):
        begin = time.monotonic()
        try:
            report = of_day(day)
        except LightningEdaError as error:
            if not is_range(context):
                raise
            context.log.error(f"{day}: {error}")
            errors[day] = error
        else:
            report.numbers["seconds"] = round(time.monotonic() - begin, 3)
            reports.append(report)
    if errors:
        retryable = any(error.retryable for error in errors.values())
        if not retryable or context.retry_number >= MOST_RETRIES:
            for report in reports:
                report_apart(context, report)
        raise dg.Failure(failed_days(errors.items(), len(errors) + len(reports)), allow_retries=retryable)
    return reports


def report_apart(context: dg.AssetExecutionContext, report: PartitionReport) -> None:
    """Reports a day beside the run: of one that fails, what its step logs is lost."""
    context.instance.report_runless_asset_event(
        dg.AssetMaterialization(
            context.asset_key, metadata={**report.numbers, **report.details}, partition=report.partition
        )
    )

"""A range of days in one run: a day that fails does not keep the others from being done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import dagster as dg

from lightning_eda.errors import LightningEdaError
from lightning_eda.partitions import is_range
from lightning_eda.reporting import MOST_RETRIES, PartitionReport
from lightning_eda.texts import failed_days


class DayFailures:
    """The days of a run that failed.

    Args:
        context: Of the asset. In a run of a single day an error is raised where it happens.
    """

    def __init__(self, context: dg.AssetExecutionContext) -> None:
        self._context = context
        self._errors: dict[date, LightningEdaError] = {}

    @contextmanager
    def of(self, day: date) -> Iterator[None]:
        """Remembers what goes wrong with a day of a range, and lets the run go on."""
        try:
            yield
        except LightningEdaError as error:
            if not is_range(self._context):
                raise
            self._context.log.error(f"{day}: {error}")
            self._errors[day] = error

    def require_none(self, reports: Sequence[PartitionReport]) -> None:
        """Fails the run when a day failed, and reports the days that are done when it is not tried again.

        Raises:
            dagster.Failure: With a sentence for each day that failed; retried where that may help one.
        """
        if not self._errors:
            return
        retryable = any(error.retryable for error in self._errors.values())
        if not retryable or self._context.retry_number >= MOST_RETRIES:
            self._report(reports)
        words = failed_days(self._errors.items(), len(self._errors) + len(reports))
        raise dg.Failure(words, allow_retries=retryable)

    def _report(self, reports: Sequence[PartitionReport]) -> None:
        for report in reports:
            # What a step logs is lost when it fails.
            self._context.instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    self._context.asset_key,
                    metadata={**report.numbers, **report.details},
                    partition=report.partition,
                )
            )

"""A range of days of which some fail: what is tried again, and what is reported."""

from datetime import date
from types import SimpleNamespace

import dagster as dg
import pytest

from lightning_eda import reporting
from lightning_eda.assets.day_reports import day_reports
from lightning_eda.errors import CsvError, LightningEdaError, TransferError
from lightning_eda.partitions import daily, one_run
from lightning_eda.reporting import PartitionReport, report_partitions, retried_failures
from lightning_eda_tests.orchestration.storm_cells.days import failure, range_tags

DAYS = ("2024-01-01", "2024-01-03")
BAD = date(2024, 1, 2)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@pytest.fixture
def events(monkeypatch):
    """Runs three days, the second of which fails at the first so many tries; gives tries, result, events."""
    monkeypatch.setattr(reporting, "FIRST_RETRY_S", 0.01)

    def run(error: LightningEdaError, fails: int):
        tries = []

        @dg.asset(partitions_def=daily, backfill_policy=one_run)
        def table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
            tries.append(context.retry_number)

            def of_day(day: date) -> PartitionReport:
                if day == BAD and len(tries) <= fails:
                    raise error
                return PartitionReport(str(day), {"rows": 1})

            with retried_failures(context):
                return report_partitions(context, day_reports(context, of_day))

        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize([table], tags=range_tags(DAYS), raise_on_error=False, instance=instance)
            records = instance.fetch_materializations(dg.AssetKey("table"), limit=100).records
        return tries, result, sorted(record.asset_materialization.partition for record in records)

    return run


def test_a_day_that_is_done_is_reported_once_however_often_another_is_tried(events):
    """With the last try, after which nobody else would."""
    tries, result, reported = events(TransferError("no answer"), fails=9)
    assert tries == [0, 1, 2]
    assert failure(result) == "1 of 3 days failed, the others are done. 2024-01-02: no answer"
    assert reported == ["2024-01-01", "2024-01-03"]


def test_a_day_that_is_done_at_the_second_try_is_reported_with_the_others(events):
    """Each once."""
    tries, result, reported = events(TransferError("no answer"), fails=1)
    assert (tries, result.success) == ([0, 1], True)
    assert reported == ["2024-01-01", "2024-01-02", "2024-01-03"]


@pytest.mark.parametrize("share", [0.5, 1.0, 1.5])
def test_the_wait_before_each_try_is_twice_the_one_before(events, monkeypatch, share):
    """And half of it more or less, so that many runs do not come back at once."""
    bounds = []
    chance = SimpleNamespace(uniform=lambda *given: bounds.append(given) or share)
    monkeypatch.setattr(reporting, "random", chance)
    _, result, _ = events(TransferError("no answer"), fails=9)
    retries = [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]
    told = [event.step_retry_data.seconds_to_wait for event in retries]
    assert told == pytest.approx([0.01 * share, 0.02 * share])
    assert set(bounds) == {(0.5, 1.5)}


def test_what_no_retry_mends_is_reported_at_once(events):
    """There is one try."""
    tries, result, reported = events(CsvError("line 7"), fails=9)
    assert (tries, result.success) == ([0], False)
    assert reported == ["2024-01-01", "2024-01-03"]

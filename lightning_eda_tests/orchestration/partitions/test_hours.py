"""Which hours a run is for where neither a partition nor the pin says so."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from lightning_eda.errors import SettingError
from lightning_eda.glm.windows import HOUR, Pin, Window
from lightning_eda.partitions import daily, hourly, one_run, run_window
from lightning_eda_tests.orchestration.storm_cells.days import range_tags

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")

MADE_AT = datetime(2024, 7, 1, 20, 50, tzinfo=UTC)


def test_a_run_that_is_executed_again_keeps_the_hour_of_the_first():
    """Hours later: what failed is repeated, and no other hour is loaded in its place."""
    windows: list[Window] = []

    @dg.asset
    def hours(context: dg.AssetExecutionContext) -> None:
        windows.append(run_window(context, Pin()))

    job = dg.Definitions(
        [hours], jobs=[dg.define_asset_job("nightly", executor_def=dg.in_process_executor)]
    ).resolve_job_def("nightly")
    first, again = (dg.DagsterRun("nightly", run_id) for run_id in ("f" * 8, "a" * 8))
    again = again._replace(root_run_id=first.run_id, parent_run_id=first.run_id)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.run_storage.add_historical_run(first, MADE_AT)
        instance.run_storage.add_historical_run(again, MADE_AT + 3 * HOUR)
        for run in (first, again):
            assert execute_run(InMemoryJob(job), run, instance).success
    end = MADE_AT.replace(minute=0)
    assert windows == [Window(end - HOUR, end)] * 2


def test_a_pinned_asset_beside_one_of_a_day_keeps_to_the_pin():
    """As in the demo: the partition of the run is the other's."""
    windows: list[Window] = []

    @dg.asset
    def hours(context: dg.AssetExecutionContext) -> None:
        windows.append(run_window(context, Pin("2024", "183", "20")))

    @dg.asset(partitions_def=daily)
    def page() -> None:
        pass

    assert dg.materialize([hours, page], partition_key="2024-07-01").success
    assert windows == [Window.of_hour(MADE_AT)]


@pytest.mark.parametrize(("first", "last"), [("20:30", "22:00"), ("20:00", "22:30")])
def test_both_ends_of_a_range_are_on_the_hour(first, last):
    """Dagster would mean the next hour by such a key."""

    @dg.asset(partitions_def=hourly, backfill_policy=one_run)
    def hours(context: dg.AssetExecutionContext) -> None:
        with pytest.raises(SettingError, match=r"partition: found '.*:30'; allowed: an hour such as"):
            run_window(context, Pin())

    assert dg.materialize([hours], tags=range_tags((f"2024-07-01-{first}", f"2024-07-01-{last}"))).success

"""What metadata of a run look like to the UI, and what its log says on the way."""

import json
import logging
from datetime import datetime
from types import SimpleNamespace

import dagster as dg
import pyarrow as pa
import pytest

from lightning_eda import reporting
from lightning_eda.errors import GranuleError, TransferError
from lightning_eda.reporting import (
    PartitionReport,
    Progress,
    RunConfig,
    count_table,
    preview,
    readable_failures,
    total,
)


class Counted(RunConfig):
    """A run's config with a number."""

    count: int


def test_a_preview_is_json_that_a_browser_reads():
    """Infinity and NaN, which JSON has no word for, are text; as are times."""
    rows = pa.table({"x": [1.23456789, float("inf"), float("nan"), None], "t": [datetime(2024, 1, 1)] * 4})
    told = [record.data for record in preview(rows).records]
    assert [row["x"] for row in told] == [1.23457, "inf", "nan", None]
    assert json.loads(json.dumps(told, allow_nan=False))[0]["t"] == "2024-01-01 00:00:00"


def test_a_preview_is_plain():
    """Names of columns and texts may come from a file of somebody else."""
    told = preview(pa.table({"a\x1b[2J": ["b\u202e"]}))
    assert told.records[0].data == {"a\\x1b[2J": "b\\u202e"}
    assert [column.name for column in told.schema.columns] == ["a\\x1b[2J"]


def test_each_name_has_its_count():
    """A line each; a table of nothing is no table that the UI draws."""
    told = [record.data for record in count_table("reason", {"no_area": 3, "duplicate": 0}).records]
    assert told == [{"reason": "no_area", "rows": 3}, {"reason": "duplicate", "rows": 0}]
    assert count_table("reason", {}).records[0].data == {"reason": "none", "rows": 0}


def test_progress_is_a_line_a_second_at_most(monkeypatch, caplog):
    """A quick hour has one line, its end; a slow one a line each tenth; one between, a line a second."""
    now = [0.0]
    monkeypatch.setattr(reporting, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def lines(seconds: float) -> list[str]:
        caplog.clear()
        progress = Progress(SimpleNamespace(log=logging.getLogger("run")), "the hour")
        for done in range(1, 181):
            now[0] += seconds / 180
            progress(done, 180)
        return [record.message for record in caplog.records]

    with caplog.at_level(logging.INFO, "run"):
        assert lines(0.2) == ["the hour: 180 of 180 granules, 0.2 s"]
        assert lines(900) == [f"the hour: {18 * n} of 180 granules, {90 * n:.1f} s" for n in range(1, 11)]
        assert 4 <= len(lines(5)) <= 6


def test_a_number_that_only_some_partitions_have_is_added_up():
    """As of days of which one had nothing to count."""
    reports = [PartitionReport("a", {"rows": 1}), PartitionReport("b", {"rows": 2, "late": 3})]
    assert total(reports) == {"rows": 3, "late": 3}


def test_a_mistake_in_a_runs_config_is_not_tried_again():
    """It would be the same mistake."""
    with pytest.raises(dg.Failure, match="count: found 'x'; it should be a valid integer") as found:
        Counted(count="x")
    assert not found.value.allow_retries


@pytest.mark.parametrize(("kind", "again"), [(TransferError, True), (GranuleError, False)])
def test_a_failure_is_tried_again_only_where_that_can_help(kind, again):
    """A server may answer later; a granule that is cut stays so."""
    with pytest.raises(dg.Failure) as found, readable_failures():
        raise kind("what happened")
    assert (found.value.description, found.value.allow_retries) == ("what happened", again)

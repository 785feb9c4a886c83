"""What metadata of a run look like to the UI."""

import json
from datetime import datetime

import pyarrow as pa

from lightning_eda.reporting import preview


def test_a_preview_is_json_that_a_browser_reads():
    """Infinity and NaN, which JSON has no word for, are text; as are times."""
    rows = pa.table({"x": [1.23456789, float("inf"), float("nan"), None], "t": [datetime(2024, 1, 1)] * 4})
    told = [record.data for record in preview(rows).records]
    assert [row["x"] for row in told] == [1.23457, "inf", "nan", None]
    assert json.loads(json.dumps(told, allow_nan=False))[0]["t"] == "2024-01-01 00:00:00"

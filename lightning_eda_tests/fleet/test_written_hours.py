"""What `transform` had the workers write, as `load` takes it up: at once, or a week later."""

from datetime import timedelta
from pathlib import Path

import pytest

from lightning_eda.errors import SeriesError
from lightning_eda.fleet.hour import WrittenHour, read_written, save_written
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.hour import HourSeries
from lightning_eda.lake.layout import LEDGER
from lightning_eda.warehouse.queries import Integrity
from lightning_eda_tests.lake.lakes import KEY, an_hour, lake_at, written
from lightning_eda_tests.warehouse.hours import NOW


@pytest.mark.parametrize("table", ["flashes", LEDGER])
def test_an_hour_whose_files_a_vacuum_took_is_not_committed(tmp_path: Path, table: str) -> None:
    """A load that failed and is run again: its files are looked for once they are old enough to go."""
    lake, place = lake_at(f"{tmp_path}/lake"), HourFolders(tmp_path, "sky", KEY.hour)
    files = written(lake, KEY, an_hour())
    series = HourSeries(place, ("flash",), ("G18",), "a folder", True, {"ok": 6}, 0, {}, {})
    save_written(place, WrittenHour(series, (files,), Integrity(6, 0, {})))
    week = NOW + timedelta(days=8)
    assert read_written(place, lake, week).files == (files,)
    gone = files.ledger_file if table == LEDGER else files.tiers[table]
    assert gone is not None
    lake.store.delete_object(lake.key(table, gone.path))
    assert read_written(place, lake, NOW + timedelta(hours=1)).files == (files,)  # nobody looks
    with pytest.raises(SeriesError, match=rf"/{table}/satellite=G18.*run transform for G18/2024-05-01T03"):
        read_written(place, lake, week)

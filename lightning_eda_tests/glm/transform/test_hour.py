"""From the granules of an hour to its series on disk."""

import os
import shutil
from datetime import timedelta

import pytest

from lightning_eda.errors import FolderBusyError, SeriesError
from lightning_eda.glm.extract.source import fetch_hour
from lightning_eda.glm.paths import HourFolders
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import read_hour_series, write_hour_series
from lightning_eda.storage.folder import FolderStore
from lightning_eda.storage.lock import sole_use
from lightning_eda_tests.support.hours import BUCKET, HOUR, fetch_again, fetched, simulate


@pytest.fixture(scope="module")
def decoder():
    """One process for all tests."""
    with Decoder() as process:
        yield process


def test_the_record_reads_back(tmp_path, decoder):
    """What transform says it wrote is what load will find."""
    series = write_hour_series(fetched(tmp_path), ("flash", "event"), decoder)
    assert read_hour_series(series.folders) == series
    assert series.tiers == ("flash", "event")
    assert series.satellites == ("G18",)
    assert set(series.files) == {"granules", "flashes", "events"}
    assert series.statuses == {"ok": 4, "empty": 0, "inconsistent": 0, "quarantined": 0}


def test_what_cannot_be_trusted_is_quarantined_with_its_reason(tmp_path, decoder):
    """The bytes, the reason and the key are kept; the rest of the hour is there."""
    series = write_hour_series(fetched(tmp_path, faults=[("truncated", 1)]), ("flash",), decoder)
    ((name, reason),) = series.quarantined.items()
    assert series.statuses == {"ok": 3, "empty": 0, "inconsistent": 0, "quarantined": 1}
    kept = series.folders.quarantine / name
    assert kept.read_bytes() == (series.folders.extract / name).read_bytes()
    assert kept.with_name(name + ".reason.txt").read_text().startswith(reason)
    ledger = (series.folders.transform / "granules.csv").read_text()
    assert ledger.count("quarantined") == 1 and ledger.count("\n") == 5


def test_what_extract_rejected_is_in_the_ledger_too(tmp_path, decoder):
    """An object that is no HDF5 file has no rows, but a line and a reason."""
    series = write_hour_series(fetched(tmp_path, faults=[("html_body", 2)]), ("flash",), decoder)
    assert series.statuses["quarantined"] == 1
    assert "not an HDF5 file" in next(iter(series.quarantined.values()))


def test_a_granule_that_was_mended_leaves_quarantine(tmp_path, decoder):
    """When the source offers a sound file under the same name."""
    extraction = fetched(tmp_path, faults=[("truncated", 1)])
    folder = write_hour_series(extraction, ("flash",), decoder).folders.quarantine
    assert len(list(folder.iterdir())) == 2
    simulate(tmp_path / "archive")
    series = write_hour_series(fetch_again(tmp_path), ("flash",), decoder)
    assert series.statuses["ok"] == 4
    assert list(folder.iterdir()) == []


def test_inconsistent_granules_are_kept_and_counted(tmp_path, decoder):
    """Rows whose parents were lost before publication stay."""
    series = write_hour_series(fetched(tmp_path, faults=[("lost_blocks", 0)]), ("flash", "group"), decoder)
    assert series.statuses["inconsistent"] == 1
    assert series.orphans > 0


def test_an_empty_hour_is_a_result(tmp_path, decoder):
    """Headings without rows, and the satellite whose hour it is."""
    simulate(tmp_path / "archive", HOUR + timedelta(hours=1), granules=1)
    series = write_hour_series(fetch_again(tmp_path), ("flash",), decoder, own_satellites=["G18"])
    assert series.rows == {"flashes": 0}
    assert series.satellites == ("G18",)
    assert read_hour_series(series.folders) == series


@pytest.mark.parametrize("folder", [".", "GLM-L2-LCFA"])
def test_a_place_without_the_product_speaks_for_no_satellite(tmp_path, decoder, folder):
    """So that nothing is deleted because an address is wrong, or a disk is not mounted."""
    (tmp_path / "archive" / folder).mkdir(parents=True)
    series = write_hour_series(fetch_again(tmp_path), ("flash",), decoder, own_satellites=["G18"])
    assert (series.satellites, series.source_known) == ((), False)


def test_a_satellite_that_has_gone_is_still_spoken_for(tmp_path, decoder):
    """In the same store; another store says nothing of it."""
    paths = simulate(tmp_path / "archive")
    simulate(tmp_path / "archive", satellite="G16")
    write_hour_series(fetch_again(tmp_path), ("flash",), decoder)
    for path in paths:
        path.unlink()
    assert write_hour_series(fetch_again(tmp_path), ("flash",), decoder).satellites == ("G16", "G18")
    (tmp_path / "archive").rename(tmp_path / "moved")
    simulate(tmp_path / "archive", satellite="G17")
    (tmp_path / "data" / "extract").rename(tmp_path / "old")
    folders = HourFolders(tmp_path / "data", BUCKET, HOUR)
    elsewhere = fetch_hour(FolderStore(tmp_path / "moved"), folders)
    assert write_hour_series(elsewhere, ("flash",), decoder).satellites == ("G16",)


def test_two_runs_take_turns(tmp_path, decoder):
    """While one writes or loads an hour, another waits, and says so when it waited too long."""
    extraction = fetched(tmp_path)
    with (
        sole_use(extraction.folders.transform),
        pytest.raises(FolderBusyError, match="in use by another run"),
        sole_use(extraction.folders.transform, wait_s=0.1),
    ):
        pytest.fail("two at once")
    assert write_hour_series(extraction, ("flash",), decoder).rows


def test_a_tier_that_is_no_longer_asked_for_leaves_no_csv(tmp_path, decoder):
    """Otherwise old groups would lie beside new flashes."""
    extraction = fetched(tmp_path)
    folder = write_hour_series(extraction, ("flash", "group"), decoder).folders.transform
    write_hour_series(extraction, ("flash",), decoder)
    assert sorted(path.name for path in folder.glob("[!.]*")) == [
        "flashes.csv",
        "granules.csv",
        "series.json",
    ]


def test_running_it_again_gives_the_same_bytes(tmp_path, decoder):
    """All files of the folder; what a killed run left there long ago is gone."""
    extraction = fetched(tmp_path)
    folder = write_hour_series(extraction, ("flash", "group"), decoder).folders.transform
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    left = folder / ".1-a.part"
    left.write_bytes(b"")
    os.utime(left, (0, 0))
    write_hour_series(extraction, ("flash", "group"), decoder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_csv_that_was_changed_is_not_loaded(tmp_path, decoder):
    """The error names the file and what to run."""
    series = write_hour_series(fetched(tmp_path), ("flash",), decoder)
    path = series.files["flashes"].path
    path.write_text(path.read_text().replace("G18", "G17", 1))
    with pytest.raises(SeriesError, match=r"flashes\.csv is not as transform left it: run transform"):
        read_hour_series(series.folders)


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", '{"format": 1, "hour": "2024-07-01T21:00:00+00:00"}']
)
def test_without_a_sound_record_the_hour_is_not_loaded(tmp_path, decoder, content):
    """An hour whose writer was killed has CSVs but no record, or one of another hour."""
    series = write_hour_series(fetched(tmp_path), ("flash",), decoder)
    record = series.folders.transform / "series.json"
    record.unlink()
    if content is not None:
        record.write_text(content)
    with pytest.raises(SeriesError, match=r"series\.json .*run transform for this hour"):
        read_hour_series(series.folders)


def test_the_data_folder_can_be_moved(tmp_path, decoder):
    """No absolute path is in the record."""
    series = write_hour_series(fetched(tmp_path), ("flash",), decoder)
    shutil.move(tmp_path / "data", tmp_path / "moved")
    moved = type(series.folders)(tmp_path / "moved", series.folders.bucket, HOUR)
    assert read_hour_series(moved).rows == series.rows

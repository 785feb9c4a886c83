import json
from datetime import timedelta
from pathlib import Path

import pytest

from lightning_eda.errors import StorageError
from lightning_eda.glm.extract.record import (
    Extraction,
    FetchedGranule,
    known_granules,
    read_extraction,
    write_extraction,
)
from lightning_eda.glm.paths import HourFolders
from lightning_eda_tests.glm.hour_objects import HOUR, PREFIX, granule_file


def granule(slot: int, satellite: str = "G18", rejected: str | None = None) -> FetchedGranule:
    file = granule_file(slot, satellite)
    return FetchedGranule(file, PREFIX + file, 100 + slot, "e" * 32, "e" * 32, rejected)


@pytest.fixture
def folders(tmp_path: Path) -> HourFolders:
    return HourFolders(tmp_path, "noaa-goes18", HOUR)


def test_a_record_reads_back_as_it_was_written(folders: HourFolders):
    """Every fact survives, rejected granules and counts included."""
    extraction = Extraction(folders, "s3://b", (granule(0), granule(3, rejected="why")), 1, 2, 3, 1, 100, 9)
    write_extraction(extraction)
    assert read_extraction(folders) == extraction
    assert known_granules(folders) == {g.file: g for g in extraction.granules}


def test_sums_and_places_follow_from_the_granules(folders: HourFolders):
    """Found counts every granule; a rejected one lies in quarantine."""
    extraction = Extraction(folders, "s3://b", (granule(0), granule(3, rejected="why")), fetched=1)
    assert (extraction.found, extraction.already_there, extraction.size_bytes) == (2, 1, 203)
    assert extraction.rejected == (granule(3, rejected="why"),)
    assert extraction.path(granule(0)) == folders.extract / granule_file(0)
    assert extraction.path(extraction.rejected[0]) == folders.quarantine / granule_file(3)


def test_gaps_are_the_starts_without_a_granule(folders: HourFolders):
    """A rejected granule is no gap; with two satellites each must be there; an empty hour is one long gap."""
    every = [granule(slot) for slot in range(180)]
    assert Extraction(folders, "s", tuple(every)).gaps == ()
    assert Extraction(folders, "s", (*every[:5], granule(5, rejected="why"), *every[6:])).gaps == ()
    assert Extraction(folders, "s", tuple(every[:7] + every[9:])).gaps == tuple(
        HOUR + timedelta(seconds=20 * slot) for slot in (7, 8)
    )
    assert len(Extraction(folders, "s", ()).gaps) == 180
    both = Extraction(folders, "s", (*every, *(granule(slot, "G16") for slot in range(1, 180))))
    assert (both.gaps, both.expected, both.satellites) == ((HOUR,), 360, ("G16", "G18"))
    assert Extraction(folders, "s", ()).expected == 180


def test_an_absent_record_says_to_run_extract(folders: HourFolders):
    """And nothing is known of the hour's files."""
    with pytest.raises(StorageError, match=r"extract\.json is absent: run extract for this hour first"):
        read_extraction(folders)
    assert known_granules(folders) == {}


def test_an_incomplete_record_is_refused_and_yet_known(folders: HourFolders):
    """It spares reads; it is no result."""
    write_extraction(Extraction(folders, "s", (granule(0),)), complete=False)
    with pytest.raises(StorageError, match="objects are still missing: run extract"):
        read_extraction(folders)
    assert known_granules(folders) == {granule(0).file: granule(0)}


@pytest.mark.parametrize(
    "change",
    [
        {"granules": [{"file": "../../x"}]},
        {"granules": [{**vars(granule(0)), "file": "../../../etc/passwd"}]},
        {"hour": "2022-12-31T06:00:00+00:00"},
        {"hour": "2022-12-31T05:00:00"},
        {"format": 2},
        {"fetched": "many"},
        {"granules": None},
    ],
)
def test_a_damaged_record_is_refused_and_never_trusted(folders: HourFolders, change: dict[str, object]):
    """A foreign name, hour, version or type makes the whole record worthless."""
    write_extraction(Extraction(folders, "s", (granule(0),)))
    path = folders.extract / "extract.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StorageError, match=r"is damaged .* run extract for this hour again"):
        read_extraction(folders)
    assert known_granules(folders) == {}


def test_a_record_cut_short_is_refused(folders: HourFolders):
    """Half a record is no record; neither is a folder in its place."""
    write_extraction(Extraction(folders, "s", (granule(0),)))
    path = folders.extract / "extract.json"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(StorageError, match="damaged"):
        read_extraction(folders)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match=r"extract\.json"):
        read_extraction(folders)

"""The events of an hour as one file."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lightning_eda.errors import StorageError
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.event_file import EVENT_FILE_SCHEMA, decode_events, event_rows
from lightning_eda_tests.support.hours import fetch_again, fetched, simulate


@pytest.fixture
def granule(tmp_path):
    """A simulated granule, decoded."""
    return read_granule(simulate(tmp_path / "archive", granules=1)[0])


def without_energies(granule, missing):
    """The granule with some events' energies missing."""
    energies = granule.events["event_energy"].to_numpy()
    place = granule.events.column_names.index("event_energy")
    events = granule.events.set_column(
        place, granule.events.schema.field(place), pa.array(energies, mask=missing)
    )
    return dataclasses.replace(granule, events=events)


def test_the_events_of_an_hour_come_granule_by_granule(tmp_path):
    """In name order, with the flash of each; one that cannot be trusted is named, with its reason."""
    extraction = fetched(tmp_path, granules=5, faults=[("wrong_dtype", 2), ("empty", 3)])
    with Decoder() as decoder:
        events = decode_events(extraction, decoder, tmp_path / "scratch")
    found = list(events)
    assert [header.status for header, _ in found] == ["ok", "ok", "empty", "ok"]
    assert [rows.num_rows for _, rows in found] == [header.n_events for header, _ in found]
    assert all(rows.schema == EVENT_FILE_SCHEMA for _, rows in found)
    assert len(events.refused) == 1
    assert [header.name for header, _ in events] == [header.name for header, _ in found], "read twice"


def test_an_hour_without_granules_has_no_events(tmp_path):
    """And is no error."""
    (tmp_path / "archive").mkdir()
    extraction = fetch_again(tmp_path)
    with Decoder() as decoder:
        assert list(decode_events(extraction, decoder, tmp_path / "scratch")) == []


def test_a_flash_that_is_not_in_the_file_is_no_flash(granule):
    """Its events stay, without flash and area."""
    lost = granule.flashes["flash_id"][0].as_py()
    rows = event_rows(dataclasses.replace(granule, flashes=granule.flashes.slice(1)))
    orphans = pc.sum(pc.equal(granule.events["flash_id"], lost)).as_py()
    assert rows.column("flash_id").null_count == rows.column("flash_area").null_count == orphans > 0
    assert rows.num_rows == granule.events.num_rows


def test_a_missing_energy_is_taken_from_the_group(granule):
    """Where it is the only one missing there: what the group has more than its other events."""
    group = granule.events["group_id"].to_numpy()
    missing = np.zeros(len(group), bool)
    missing[np.unique(group, return_index=True)[1][:5]] = True
    rows = event_rows(without_energies(granule, missing))
    assert rows.column("energy_from_group").to_numpy(zero_copy_only=False).tolist() == missing.tolist()
    # The group's energy is packed to 1e-16 J.
    truth = granule.events["event_energy"].to_numpy()
    np.testing.assert_allclose(rows.column("event_energy").to_numpy(), truth, atol=3e-16)


def test_two_missing_energies_of_a_group_stay_missing(granule):
    """Nothing says how they share the rest."""
    group = granule.events["group_id"].to_numpy()
    ids, sizes = np.unique(group, return_counts=True)
    missing = group == ids[sizes > 1][0]
    rows = event_rows(without_energies(granule, missing))
    assert rows.column("event_energy").null_count == missing.sum()
    assert not pc.any(rows.column("energy_from_group")).as_py()


def test_a_group_with_no_more_than_its_other_events_tells_nothing(granule):
    """A missing energy is a large one, never 0."""
    place = granule.groups.column_names.index("group_energy")
    nothing = pa.array(np.zeros(granule.groups.num_rows))
    groups = granule.groups.set_column(place, granule.groups.schema.field(place), nothing)
    missing = np.zeros(granule.events.num_rows, bool)
    missing[np.unique(granule.events["group_id"].to_numpy(), return_index=True)[1]] = True
    rows = event_rows(dataclasses.replace(without_energies(granule, missing), groups=groups))
    assert rows.column("event_energy").null_count == missing.sum()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """By the run, in one sentence."""
    extraction = fetched(tmp_path, granules=1)
    (tmp_path / "scratch").write_text("")
    with Decoder() as decoder, pytest.raises(StorageError, match="scratch"):
        decode_events(extraction, decoder, tmp_path / "scratch")

"""The decoder and plain arithmetic agree on simulated granules of every era, and on what their faults are."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from lightning_eda.errors import GranuleError
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.names import GranuleName
from lightning_eda.simulator import FAULTS, Activity, granule_bytes, simulate_hour
from lightning_eda_tests.glm.raw_granule import RawGranule, read_raw

HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)
REFUSED = {
    "duplicate_ids", "nan_coordinates", "truncated", "zero_bytes", "html_body", "trailing_junk",
    "leading_junk", "two_files", "wrong_dtype", "two_dimensional", "short_array", "missing_variable",
    "no_global_attributes",
    "external_storage", "scale_zero", "scale_nan", "scale_missing", "units_garbage",
}  # fmt: skip
ANYTHING = {"byte_flip", "zeroed_block"}  # may go unseen, or be seen
INCONSISTENT = {"lost_blocks", "count_mismatch"}


def seconds(column, start: datetime) -> np.ndarray:
    """Times of a table, seconds from the granule's start; whole microseconds."""
    since = pc.cast(column, "int64").to_numpy() - int(start.timestamp()) * 1_000_000
    return since / 1e6


def check_tier(tier: str, table, raw: RawGranule, start: datetime) -> None:
    """Each column of a table equals plain arithmetic on the packed values."""
    np.testing.assert_array_equal(table[f"{tier}_id"].to_numpy(), raw[f"{tier}_id"])
    np.testing.assert_allclose(table[f"{tier}_lat"].to_numpy(), raw[f"{tier}_lat"], atol=1e-9)
    lon = (raw[f"{tier}_lon"] + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(table[f"{tier}_lon"].to_numpy(), lon, atol=1e-9 if tier == "event" else 1e-5)
    np.testing.assert_allclose(table[f"{tier}_energy"].to_numpy(), raw[f"{tier}_energy"], rtol=1e-12)
    for name in table.column_names:
        if "time" not in name:
            continue
        on_disk = name.replace("_time", "_time_offset")
        if on_disk in raw.columns:
            np.testing.assert_allclose(seconds(table[name], start), raw[on_disk], atol=1.01e-6)
        else:
            assert table[name].null_count == len(table)


@pytest.mark.parametrize("satellite", ["G16", "G18"])
@pytest.mark.parametrize("era", ["current", "do07", "milliseconds"])
def test_decoder_and_arithmetic_agree(tmp_path, satellite, era):
    """All tiers of two granules have the same values, parents and counts."""
    for path in simulate_hour(tmp_path, satellite, HOUR, 21, era=era, granules=2):
        granule, raw = read_granule(path), read_raw(path)
        start = GranuleName.parse(path.name).start
        for tier, table in (("flash", granule.flashes), ("group", granule.groups), ("event", granule.events)):
            check_tier(tier, table, raw, start)
        np.testing.assert_array_equal(granule.events["group_id"].to_numpy(), raw["event_parent_group_id"])
        np.testing.assert_array_equal(granule.groups["flash_id"].to_numpy(), raw["group_parent_flash_id"])
        np.testing.assert_array_equal(granule.flashes["n_groups"].to_numpy(), np.bincount(raw.flash_of_group))
        np.testing.assert_array_equal(granule.groups["n_events"].to_numpy(), np.bincount(raw.group_of_event))
        for tier, table in (("flash", granule.flashes), ("group", granule.groups)):
            np.testing.assert_allclose(table[f"{tier}_area"].to_numpy(), raw[f"{tier}_area"], rtol=1e-12)
            np.testing.assert_array_equal(
                table[f"{tier}_quality_flag"].to_numpy(), raw[f"{tier}_quality_flag"]
            )
        assert granule.header.status == "ok"
        assert granule.header.era == era


@pytest.mark.parametrize("era", ["current", "do07", "milliseconds"])
@pytest.mark.parametrize("fault", [name for name, kind in FAULTS.items() if kind.draft or kind.damage])
def test_the_decoder_tells_what_is_wrong(fault, era):
    """What cannot be trusted is refused, also after sound granules; what lost rows is marked."""
    flashes = {"lat": np.linspace(-30, 30, 40), "lon": np.linspace(-150, -120, 40)}
    sound, name = granule_bytes(satellite="G18", start=HOUR, era=era, flashes=flashes)
    assert read_granule(sound, name=str(name)).header.status == "ok"
    image, name = granule_bytes(satellite="G18", start=HOUR, era=era, flashes=flashes, faults=[fault])
    try:
        granule = read_granule(image, name=str(name))
    except GranuleError:
        assert fault in REFUSED | ANYTHING
        return
    assert fault not in REFUSED
    if fault in INCONSISTENT:
        assert granule.header.status == "inconsistent"
    elif fault == "empty":
        assert granule.header.status == "empty"
    elif fault not in ANYTHING:
        assert granule.header.status == "ok"


def test_an_hour_with_every_fault_of_a_granule_can_be_read(tmp_path):
    """Faults of real granules, one each in an hour, leave no granule that the decoder refuses."""
    names = [name for name, kind in FAULTS.items() if name not in REFUSED and not kind.damage]
    faults = [(name, 2 * number) for number, name in enumerate(names)]
    paths = simulate_hour(
        tmp_path, "G18", HOUR, 22, activity=Activity(flashes_per_granule=8.0), granules=40, faults=faults
    )
    assert len(paths) == 40  # one is missing, one is there twice
    starts = {read_granule(path).header.name.start for path in paths}
    assert len(starts) == 39
    assert max(starts) - min(starts) <= timedelta(seconds=780)

"""Where the checks of an hour begin to warn."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from dagster import AssetCheckSeverity

from lightning_eda.checks.grids import check_energy_is_conserved, check_granules, check_pixel_sizes
from lightning_eda.checks.lightning import (
    check_coordinates,
    check_hour_is_complete,
    check_ids,
    check_k_is_clear,
    check_most_rows_kept,
    check_no_granule_quarantined,
)
from lightning_eda.clustering.window.clean_file import CleanWindow
from lightning_eda.clustering.window.features import PointSpec
from lightning_eda.grids.pixel_sizes import PixelSizes
from lightning_eda.warehouse.queries import Integrity, TierIntegrity
from lightning_eda_tests.support.hours import HOUR


@pytest.mark.parametrize(("kept", "passed"), [(10, True), (5, True), (4, False), (0, False)])
def test_half_of_the_rows_may_be_dropped(kept, passed):
    """And no more; the metadata count every drop."""
    clean = CleanWindow(pa.table({"id": range(kept)}), "flash", PointSpec(), 10, {"duplicate": 10 - kept})
    check = check_most_rows_kept(clean)
    assert (check.passed, check.severity) == (passed, AssetCheckSeverity.WARN)
    told = {name: value.value for name, value in check.metadata.items()}
    assert told == {"rows_read": 10, "rows_kept": kept, "dropped_duplicate": 10 - kept}


def test_missing_granules_are_added_up():
    """Over all hours that lack some, each of which is named."""
    hours = [
        SimpleNamespace(gaps=gaps, expected=180, found=180 - len(gaps), folders=SimpleNamespace(hour=HOUR))
        for gaps in ([], [1, 2], [3])
    ]
    check = check_hour_is_complete(hours, is_archive=False)
    assert check.metadata["missing_granules"].value == 3
    assert check.severity is AssetCheckSeverity.WARN
    assert check.metadata["incomplete_hours"].value == "2024-07-01T20Z; 2024-07-01T20Z"
    assert check_hour_is_complete(hours[:1], is_archive=False).passed
    assert "NOAA may still" in check.description
    assert "GLM_ARCHIVE_DIR" not in check.description
    archive = check_hour_is_complete(hours, is_archive=True).description
    assert "NOAA" not in archive
    assert archive.startswith("The folder GLM_ARCHIVE_DIR lacks these granules")


def test_each_quarantined_granule_is_named_once():
    """The reason may begin with the name, or with nothing of it."""
    all_series = [SimpleNamespace(quarantined={"a.nc": "a.nc: it is cut"}), SimpleNamespace(quarantined={})]
    all_series.append(SimpleNamespace(quarantined={"b.nc": "its time is wrong"}))
    check = check_no_granule_quarantined(all_series)
    assert (check.passed, check.metadata["quarantined_granules"].value) == (False, 2)
    assert check.severity is AssetCheckSeverity.WARN
    assert check.metadata["reasons"].value == "a.nc: it is cut; b.nc: its time is wrong"
    assert check_no_granule_quarantined(all_series[1:2]).passed


@pytest.mark.parametrize("twice", ["granules", "flashes", "groups", "events"])
def test_a_key_that_is_there_twice_fails_in_each_table(twice):
    """Of all hours together."""

    def found(number: int) -> Integrity:
        tiers = {
            tier: TierIntegrity(9, 0, number if tier == twice else 0, 0, 0)
            for tier in ("flashes", "groups", "events")
        }
        return Integrity(5, number if twice == "granules" else 0, tiers)

    check = check_ids([found(0), found(1), found(2)])
    assert (check.passed, check.metadata[f"repeated_{twice}"].value) == (False, 3)
    assert check.severity is AssetCheckSeverity.ERROR
    assert check_ids([found(0)]).passed


@pytest.mark.parametrize("wrong", ["flashes", "groups", "events"])
def test_a_place_off_the_globe_fails_in_each_table(wrong):
    """Of all hours together; a key that is there twice is another check's."""

    def found(number: int) -> Integrity:
        tiers = ("flashes", "groups", "events")
        return Integrity(
            5, 1, {tier: TierIntegrity(9, number if tier == wrong else 0, 1, 0, 0) for tier in tiers}
        )

    check = check_coordinates([found(0), found(1), found(2)])
    told = {name: value.value for name, value in check.metadata.items() if value.value}
    assert (check.passed, check.severity, told) == (
        False,
        AssetCheckSeverity.ERROR,
        {f"out_of_range_{wrong}": 3},
    )
    assert check_coordinates([found(0)]).passed


@pytest.mark.parametrize(("pixels", "pairs", "passed"), [(3, 0, False), (3, 1, True), (0, 0, True)])
def test_an_hour_whose_pixel_sizes_were_assumed_is_told(pixels, pairs, passed):
    """It has pixels, of which none has a neighbour; an hour without lightning has nothing to learn from."""
    sizes = PixelSizes(np.full(pairs, 900.0), np.full(pairs, 4.0))
    density = SimpleNamespace(pixels=pixels, sizes=sizes)
    check = check_pixel_sizes([SimpleNamespace(hour=HOUR, densities={"G18": density})])
    assert (check.passed, check.severity) == (passed, AssetCheckSeverity.WARN)
    assert check.metadata["which"].value == ("none" if passed else "2024-07-01T20Z G18")


def test_a_granule_that_is_not_in_the_grids_is_told_with_its_hour():
    """The reason names the granule alone."""
    check = check_granules([SimpleNamespace(hour=HOUR, refused={"a.nc": "a.nc: it is cut"})])
    assert check.metadata["which"].value == "2024-07-01T20Z a.nc: it is cut"


@pytest.mark.parametrize(
    ("share", "passed"), [(1.0, True), (0.9991, True), (0.9989, False), (1.0009, True), (1.0011, False)]
)
def test_energy_may_differ_by_a_thousandth(share, passed):
    """Less of it or more."""
    density = SimpleNamespace(energy_j=2e-12, grid_energy_j=share * 2e-12)
    check = check_energy_is_conserved([SimpleNamespace(hour=HOUR, densities={"G18": density})])
    assert check.passed is passed
    assert check.metadata["which"].value.startswith("none" if passed else "2024-07-01T20Z G18: ")


@pytest.mark.parametrize(
    ("by", "doubts", "passed"),
    [
        ("silhouette", (), True),
        ("silhouette", ("The range ends.",), False),
        ("run config", ("It ends.",), True),
    ],
)
def test_what_speaks_against_k_is_a_warning(by, doubts, passed):
    """Each sentence is told, with what to do; a k that a person named is as it is."""
    check = check_k_is_clear(SimpleNamespace(chosen_by=by, doubts=doubts))
    assert (check.passed, check.severity) == (passed, AssetCheckSeverity.WARN)
    assert check.metadata["doubts"].value == len(doubts)
    if not passed:
        assert check.description.startswith("The range ends. Look at the curves in the report.")

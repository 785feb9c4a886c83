"""Stuck pixels are dropped, and lightning is not."""

from datetime import timedelta
from pathlib import Path

import pytest

from lightning_eda_tests.warehouse.cleaned import clean, dropped, stuck_groups
from lightning_eda_tests.warehouse.detections import GRANULE, START, store


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "lightning.duckdb"


@pytest.mark.parametrize(
    ("groups", "is_stuck"),
    [
        (stuck_groups(30, 2.0), True),
        (stuck_groups(101, 2.4, positions=2), True),
        (stuck_groups(29, 2.0), False),
        (stuck_groups(30, 2.0, positions=3), False),
        (stuck_groups(30, 2.5), False),
        (stuck_groups(16, 2.0) + stuck_groups(16, 2.1, flash_id=2), False),
    ],
)
def test_a_static_pixel_is_dropped_in_every_tier(database: Path, groups: list[dict], is_stuck: bool) -> None:
    """30 groups or more, two positions at most, a median gap below 2.5 ms: all three, or it is lightning."""
    store(
        database,
        flashes=[{"flash_id": 1}, {"flash_id": 2}],
        groups=[*reversed(groups), {"group_id": 0, "flash_id": 3, "group_lat": 40.0}],
        events=[{"flash_id": 1}, {"flash_id": 2}, {"flash_id": None}],
    )
    counts = {tier: dropped(clean(database, tier=tier)) for tier in ("flash", "group", "event")}
    expected = {"flash": 1, "group": len(groups), "event": 1}
    assert counts == {tier: {"static_pixel": count} if is_stuck else {} for tier, count in expected.items()}
    assert clean(database).untested == {}
    assert dropped(clean(database, drop_artifacts=False)) == {}


def test_gaps_are_those_within_a_flash(database: Path) -> None:
    """Two flashes in turns, each with 4 ms between its groups, are not one with 2 ms."""
    groups = stuck_groups(40, 4.0)
    for row in stuck_groups(40, 4.0, flash_id=2):
        groups.append(row | {"group_time": row["group_time"] + timedelta(milliseconds=2)})
    store(database, flashes=[{"flash_id": 1}, {"flash_id": 2}], groups=groups)
    assert dropped(clean(database)) == {}


def test_a_flash_of_another_granule_with_the_same_id_is_kept(database: Path) -> None:
    """Flash ids start again within hours, so the granule and the satellite are part of who is stuck."""
    others = [{"granule_start": START + GRANULE}, {"satellite": "G17"}]
    store(
        database,
        flashes=[{"flash_id": 1} | other for other in ({}, *others)],
        groups=stuck_groups(30, 2.0) + [{"flash_id": 1} | other for other in others],
    )
    assert dropped(clean(database)) == {"static_pixel": 1}


def test_without_groups_the_artifact_rule_is_not_applied(database: Path) -> None:
    """It is said of how many rows; with the rule off, nothing is said."""
    store(
        database,
        flashes=[{}, {}, {"granule_start": START + GRANULE}],
        groups=[{"granule_start": START + GRANULE}],
    )
    found = clean(database)
    assert (found.kept, found.untested) == (3, {"static_pixel": 2})
    assert found.notes == (
        "the rule static_pixel could not be applied to 2 of 3 rows: the groups of their granules are not "
        "loaded (tier group)",
    )
    assert clean(database, drop_artifacts=False).notes == ()

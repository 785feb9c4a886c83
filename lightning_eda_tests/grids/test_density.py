"""Grids of granules whose answer is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from lightning_eda.errors import GridError
from lightning_eda.grids.density import SCHEMA, DensityBuilder, summed
from lightning_eda.grids.files import GridFile, total_density
from lightning_eda.grids.fixed_grid import LIGHTNING_EQUATOR_M, SIZE
from lightning_eda.grids.sensor_pixels import sensor_pixels
from lightning_eda_tests.grids.lattices import EAST, events_at, middles, rows

START = datetime(2024, 7, 1, 20, 59, 20, tzinfo=UTC)


def density(*events: pa.RecordBatch, step_s: int = 20):
    """The grids of granules one after the other."""
    builder = DensityBuilder()
    for number, batch in enumerate(events):
        builder.add(START + timedelta(seconds=step_s * number), -75.2, batch)
    return builder.finish()


def total(table: pa.Table, column: str) -> float:
    return pc.sum(table[column].cast(pa.float64())).as_py() or 0.0


def test_one_event_lights_a_pixel_of_the_usual_size():
    """Four by four cells, each covered whole: one flash, one group, a sixteenth of the energy."""
    found = density(events_at(2600.0, 2500.0, energy=1.6e-14, area=2.5e8))
    table = found.table
    assert table.num_rows == 25 or table.num_rows == 16
    inner = table.filter(pc.greater(table["flash_extent_density"], 0.99))
    assert total(table, "flash_extent_density") == pytest.approx(16.0, rel=1e-6)
    assert inner["average_flash_area"].to_pylist() == pytest.approx([2.5e8] * inner.num_rows)
    assert inner["minimum_flash_area"].to_pylist() == pytest.approx([2.5e8] * inner.num_rows)
    assert total(table, "total_energy") == pytest.approx(1.6e-14, rel=1e-6)
    assert (found.sizes.pairs, found.pixels, found.events, found.slot) == (0, 1, 1, "GOES-East")


def test_a_flash_counts_once_in_a_pixel():
    """However many events and groups of it the pixel saw; energies are added."""
    events = events_at(
        [2600.0] * 3, [2500.0] * 3, energy=[1e-15, 2e-15, 3e-15], flash=[7, 7, 9], group=[1, 2, 3]
    )
    pixels = sensor_pixels(events, EAST, LIGHTNING_EQUATOR_M)
    np.testing.assert_allclose(pixels.brought, [[2, 3, 2e8, 2, 6e-15, 1e8]])


def test_rows_that_are_not_in_order_count_the_same():
    """Children of a flash need not lie together in the file."""
    events = events_at([2600.0] * 4, [2500.0] * 4, flash=[7, 9, 7, 9], group=[1, 3, 1, 3])
    assert sensor_pixels(events, EAST, LIGHTNING_EQUATOR_M).brought[0, :2].tolist() == [2, 2]


def test_an_event_without_flash_or_energy_is_told():
    """Its energy counts where it is known; the flash it may have had does not."""
    events = events_at(
        [2600.0, 2800.0], [2500.0] * 2, energy=[1e-15, None], flash=[None, 5], area=[None, None]
    )
    found = density(events)
    assert (found.without_flash, found.without_energy, found.energy_j) == (1, 1, 1e-15)
    assert total(found.table, "flash_extent_density") == pytest.approx(16.0, rel=1e-6)
    assert total(found.table, "total_energy") == pytest.approx(1e-15, rel=1e-6)
    assert found.table["average_flash_area"].null_count == found.table.num_rows


def test_a_storm_on_a_known_sensor_is_even():
    """Where all pixels of a part of the sensor saw one flash, cells inside have a density of about one."""
    line = middles()
    column, row = (places.ravel() for places in np.meshgrid(line[700:760], line[300:330]))
    found = density(events_at(column, row, flash=[1] * len(column), rounded=True))
    table = found.table
    inside = (
        (table["col"].to_numpy() > column.min())
        & (table["col"].to_numpy() < column.max() - 1)
        & (table["row"].to_numpy() > row.min())
        & (table["row"].to_numpy() < row.max() - 1)
    )
    values = table["flash_extent_density"].to_numpy()[inside]
    assert values.mean() == pytest.approx(1.0, abs=0.02)
    assert total(table, "total_energy") == pytest.approx(1e-14 * len(column), rel=1e-6)


def test_granules_of_a_minute_are_added():
    """A granule is of the minute it starts in; a pixel that two of its granules lit counts twice."""
    event = events_at(2600.0, 2500.0)
    table = density(event, event, event).table
    minutes = table["minute"].to_pylist()
    assert sorted(set(minutes)) == [START.replace(second=0), START.replace(hour=21, minute=0, second=0)]
    first = table.filter(pc.equal(table["minute"], pa.scalar(START.replace(second=0))))
    assert total(first, "flash_extent_density") == pytest.approx(32.0, rel=1e-6)


def test_longer_steps_are_sums():
    """Counts and energy add up, areas are meant by flashes, the least is the least."""
    fives = density(
        events_at(2600.0, 2500.0, area=1e8), events_at([2600.0] * 2, [2500.0] * 2, area=4e8), step_s=20
    )
    by_hour = summed(fives.table, 60)
    assert by_hour.schema == SCHEMA
    assert set(by_hour["minute"].to_pylist()) == {START.replace(minute=0, second=0)}
    whole = by_hour.slice(by_hour.num_rows // 2, 1).to_pylist()[0]
    assert whole["average_flash_area"] == pytest.approx(3e8)
    assert whole["minimum_flash_area"] == pytest.approx(1e8)
    for column in ("flash_extent_density", "group_extent_density", "total_energy"):
        assert total(by_hour, column) == pytest.approx(total(fives.table, column), rel=1e-6)


def test_steps_are_those_of_the_clock():
    """Of 5 minutes from 20:59 on, three minutes apart: two steps, the first of them short."""
    minutes = density(*(events_at(2600.0, 2500.0, area=area) for area in (4e8, 1e8, 2e8)), step_s=180).table
    least = summed(minutes, None)["minimum_flash_area"]
    assert (pc.min(least).as_py(), pc.max(least).as_py()) == (1e8, 1e8)
    hour = START.replace(minute=0, second=0)
    starts = [hour + timedelta(minutes=minute) for minute in (55, 60, 65)]
    assert sorted(set(summed(minutes, 5)["minute"].to_pylist())) == starts


def test_the_table_is_sorted_and_each_cell_there_once():
    """By minute, row and column."""
    generator = np.random.default_rng(8)
    table = density(*(events_at(*generator.uniform(1500, 3500, (2, 50))) for _ in range(6))).table
    keys = list(zip(*(table[name].to_pylist() for name in ("minute", "row", "col")), strict=True))
    assert keys == sorted(set(keys))


def test_the_order_of_granules_makes_no_difference():
    """The same granules, the same grids."""
    generator = np.random.default_rng(8)
    granules = [(START, events_at(*generator.uniform(1500, 3500, (2, 50)))) for _ in range(2)]
    builders = DensityBuilder(), DensityBuilder()
    for builder, order in zip(builders, (granules, granules[::-1]), strict=True):
        for number, (start, events) in enumerate(order):
            builder.add(start + timedelta(minutes=number if order is granules else 1 - number), -75.0, events)
    one, other = (builder.finish() for builder in builders)
    assert one.table.equals(other.table)
    assert one.granule_minutes == other.granule_minutes


def test_what_the_satellite_cannot_see_is_left_out_and_told():
    """An event on the far side is no reason to fail; that its energy is missing is told all the same."""
    found = density(rows([0.0, 0.0], [105.0, -75.0], energy=[None, 1e-15]))
    assert (found.unseen, found.events, found.without_energy) == (1, 2, 1)
    assert total(found.table, "flash_extent_density") == pytest.approx(16.0, rel=1e-6)


def test_a_flash_without_an_area_makes_no_mean_smaller():
    """Of two minutes of a cell, the sum has the mean area of the one whose flash has an area."""
    found = density(*(events_at(2600.0, 2500.0, area=area) for area in (2e8, [None])), step_s=60)
    assert found.table["average_flash_area"].null_count == found.table.num_rows / 2
    for column in ("average_flash_area", "minimum_flash_area"):
        assert set(summed(found.table, None)[column].to_pylist()) == {2e8}


def test_of_a_file_of_before_nobody_knows_which_minutes_were_seen():
    """Nor of a sum that it is part of, first or last."""
    found = density(events_at(2600.0, 2500.0))
    new = GridFile(found.table, found.slot, found.equator_m, found.granule_minutes)
    old = replace(new, granule_minutes=None)
    totals = [total_density(files) for files in ([new, new], [new, old], [old, new])]
    assert [total and total.granule_minutes for total in totals] == [2 * found.granule_minutes, None, None]


def test_no_event_no_row():
    """An hour of empty granules has an empty table of the same columns."""
    found = density(rows([], []), rows([], []))
    assert (found.table.num_rows, found.table.schema, found.slot) == (0, SCHEMA, "GOES-East")
    assert summed(found.table, 5).num_rows == 0


def test_a_satellite_that_moves_is_refused():
    """Two grids are not put into one."""
    builder = DensityBuilder()
    builder.add(START, -75.0, events_at(2600.0, 2500.0))
    with pytest.raises(GridError, match="GOES-West, in other granules of the hour at GOES-East"):
        builder.add(START, -137.0, events_at(2600.0, 2500.0))
    with pytest.raises(GridError, match="does not say where"):
        builder.add(START, None, events_at(2600.0, 2500.0))


def test_cells_are_numbered_by_row():
    """A storm in the north-east is in a low row and a high column."""
    (first, *_) = density(events_at(4000.0, 1000.0)).table.to_pylist()
    assert abs(first["row"] - 1000) < 4 and abs(first["col"] - 4000) < 4
    assert SIZE == 5424

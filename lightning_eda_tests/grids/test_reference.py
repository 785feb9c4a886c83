"""The grids of real granules against those that the field's reference tool makes of them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.transform.event_file import event_rows
from lightning_eda.grids.density import DensityBuilder, summed
from lightning_eda.grids.fixed_grid import SIZE
from lightning_eda_tests.conftest import shared_path

PACKED_AREA_KM2 = 8.0


@pytest.fixture(scope="module")
def references():
    """The reference grid of each granule by its name."""
    folder = shared_path("grids")
    return {
        name: pq.read_table(folder / f"{name}.parquet")
        for name in json.loads((folder / "grids.json").read_text())
    }


def built(folder, *names):
    builder = DensityBuilder()
    for name in names:
        granule = read_granule(folder / f"{name}.nc")
        builder.add(granule.header.name.start, granule.header.subpoint_lon, event_rows(granule))
    return builder.finish()


def on_disk(table: pa.Table, column: str) -> np.ndarray:
    """A column of a sparse table as the full disk."""
    disk = np.zeros(SIZE * SIZE)
    cells = table["row"].to_numpy().astype(int) * SIZE + table["col"].to_numpy()
    np.add.at(disk, cells, table[column].to_numpy(zero_copy_only=False))
    return disk


def require_alike(ours: np.ndarray, theirs: np.ndarray, most: float = 0.15) -> None:
    """Their values are packed to 1/16 of a flash."""
    lit = theirs > 0
    assert ours.sum() == pytest.approx(theirs.sum(), rel=0.005)
    assert np.corrcoef(ours[lit], theirs[lit])[0, 1] > 0.9985
    assert np.quantile(np.abs(ours - theirs)[lit], 0.99) < most


def test_densities_are_those_of_the_reference(granules_folder, references):
    """Of every satellite and era, from single granules: flashes, groups, areas; energy that of the events."""
    for name, reference in references.items():
        found = built(granules_folder, name)
        ours, theirs = (on_disk(table, "flash_extent_density") for table in (found.table, reference))
        require_alike(ours, theirs)
        groups = [on_disk(table, "group_extent_density").sum() for table in (found.table, reference)]
        assert groups[0] == pytest.approx(groups[1], rel=0.006)
        both = (ours > 0.1) & (theirs > 0.1)
        for area in ("average_flash_area", "minimum_flash_area"):
            km2, reference_km2 = on_disk(found.table, area)[both] / 1e6, on_disk(reference, area)[both]
            assert np.quantile(np.abs(km2 - reference_km2), 0.9) < PACKED_AREA_KM2
        assert on_disk(found.table, "total_energy").sum() == pytest.approx(found.energy_j, rel=1e-6)


def test_the_granules_of_an_hour_help_each_other(granules_folder, references):
    """Three granules of one minute are the sum of three references."""
    names = [name for name in references if "_s2018183" in name]
    assert len(names) == 3
    found = summed(built(granules_folder, *names).table, 60)
    theirs = sum(on_disk(references[name], "flash_extent_density") for name in names)
    require_alike(on_disk(found, "flash_extent_density"), theirs, most=0.2)  # rounded three times

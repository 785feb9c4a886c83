"""The product's NetCDF, as xarray and satpy read it."""

import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
import xarray

from lightning_eda.cli import main
from lightning_eda.errors import GridError
from lightning_eda.grids.density import DensityBuilder
from lightning_eda.grids.files import density_path, read_density, total_density, write_density
from lightning_eda.grids.fixed_grid import LIGHTNING_EQUATOR_M, to_ground
from lightning_eda.grids.product import product_name, sector_of, write_product
from lightning_eda_tests.grids.lattices import events_at

START = datetime(2024, 7, 1, 20, 59, tzinfo=UTC)
PLACE = 2000.0, 1000.0  # column and row, in the CONUS sector of the East
MINUTE = ("--satellite", "G16", "--start", "2024-07-01T20:59", "--end", "2024-07-01T21:00")
NAME = "OR_GLM-L2-GLMF-M3_G16_s20241832059000_e20241832100000_c20241832100000.nc"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Two hours with a flash in each minute around the full hour."""
    for hour in (START.replace(minute=0), START.replace(minute=0) + timedelta(hours=1)):
        builder = DensityBuilder()
        start = START if hour.hour == START.hour else hour
        builder.add(start, -75.2, events_at(*PLACE, energy=2e-14, area=3e8))
        found = builder.finish()
        write_density(density_path(tmp_path, hour, "G16"), found.table, found)
    monkeypatch.setenv("LIGHTNING_DATA_DIR", str(tmp_path))
    return tmp_path


def grid(*words: str) -> int:
    return main(["grid", *words])


def test_xarray_reads_a_window_over_the_full_hour(data):
    """CF coordinates, units of the product, sums of both minutes; nothing where there was no lightning."""
    out = data / "out.nc"
    assert (
        grid(str(out), "--satellite", "G16", "--start", "2024-07-01T20:59", "--end", "2024-07-01T21:01") == 0
    )
    with xarray.open_dataset(out) as product:
        found = product.load()
    assert found.sizes == {"y": 5424, "x": 5424}
    density = found["flash_extent_density"]
    assert float(density.sum()) == pytest.approx(32.0, rel=1e-5)
    assert float(density.max()) == pytest.approx(2.0, rel=1e-5)
    assert float(found["total_energy"].sum()) == pytest.approx(4e-5, rel=1e-5)
    assert float(found["average_flash_area"].max()) == pytest.approx(300.0)
    units = {name: found[name].attrs["units"] for name in ("average_flash_area", "total_energy")}
    assert units == {"average_flash_area": "km2", "total_energy": "nJ"}
    assert found["total_energy"].attrs["long_name"] == "radiant energy of the events in 2 min"
    brightest = density.where(density > 1.9, drop=True)
    assert float(brightest.x.mean()) == pytest.approx((PLACE[0] - 2712) * 56e-6, abs=60e-6)
    assert float(brightest.y.mean()) == pytest.approx((2712 - PLACE[1]) * 56e-6, abs=60e-6)
    assert found["goes_imager_projection"].attrs["longitude_of_projection_origin"] == -75.0
    assert np.isnan(found["average_flash_area"].values[0, 0]) and float(density[0, 0]) == 0.0


def test_satpy_opens_it(data):
    """By its reader of the gridded product, at the right place of the Earth."""
    satpy = pytest.importorskip("satpy", reason="satpy is not a dependency")
    assert (
        grid(str(data), "--satellite", "G16", "--start", "2024-07-01T20:59", "--end", "2024-07-01T21:00") == 0
    )
    scene = satpy.Scene([str(data / NAME)], reader="glm_l2")
    scene.load(["flash_extent_density"])
    assert float(scene["flash_extent_density"].sum()) == pytest.approx(16.0, rel=1e-5)


def test_sectors_are_parts_of_the_disk(data, capsys):
    """CONUS as the imager scans it, and a mesoscale one around a place; the flash is in both."""
    lat, lon = to_ground(*np.array(PLACE)[:, None], -75.0, LIGHTNING_EQUATOR_M)
    center = f"--center={lat[0]:.3f},{lon[0]:.3f}"
    for sector, shape, words in (("conus", (1500, 2500), ()), ("meso", (500, 500), (center,))):
        assert grid(str(data / f"{sector}.nc"), *MINUTE, "--sector", sector, *words) == 0
        with xarray.open_dataset(data / f"{sector}.nc") as product:
            assert product["flash_extent_density"].shape == shape
            assert float(product["flash_extent_density"].sum()) == pytest.approx(16.0, rel=1e-5)
            cells = int((product["flash_extent_density"] > 0).sum())
        assert f"full disk, {cells} of them in the sector {sector}: " in capsys.readouterr().out
    assert grid(str(data / "out.nc"), *MINUTE, "--sector", "meso", "--center=-40,-60") == 0
    assert "full disk, 0 of them in the sector meso: " in capsys.readouterr().out
    with xarray.open_dataset(data / "conus.nc") as product:
        assert product.x.values[0] == pytest.approx(-0.101332) and product.y.values[0] == pytest.approx(
            0.128212
        )


def test_what_cannot_be_written_is_told(data, capsys):
    """An hour without grids, a sector without a centre, a window that ends before it begins."""
    out = str(data / "out.nc")
    words = (out, "--satellite", "G16", "--start", "2024-07-01T20:59", "--end")
    assert grid(*words, "2024-07-01T23:00") == 1
    assert "run flash_density for this hour first" in capsys.readouterr().err
    for end in ("2024-07-01T21:00", "2024-07-01T22:00"):  # of the hour that begins then nothing is needed
        assert grid(*words, end, "--sector", "meso") == 1
        assert "--center=LAT,LON" in capsys.readouterr().err
    assert grid(out, "--satellite", "G19", *words[3:], "2024-07-01T21:00") == 1
    assert "2024-07-01T20Z has grids of G16 alone" in capsys.readouterr().err
    assert grid(*words, "2024-07-01T21:00", "--sector", "conus", "--center=35,-97") == 1
    assert "--center" in capsys.readouterr().err
    assert grid(*words, "2024-07-01T20:59") == 1
    assert "a minute after" in capsys.readouterr().err
    for moment in ("2024-07-01T21:00:30", "2024-07-01T21:00:00.5"):
        with pytest.raises(SystemExit):
            grid(*words, moment)
        assert "is not a full minute" in capsys.readouterr().err
    meso = (*words, "2024-07-01T21:00", "--sector", "meso")
    for place in ("90.1,0", "-90.1,0", "0,-360.1", "0,360.1"):
        with pytest.raises(SystemExit):
            grid(*meso, f"--center={place}")
        assert "is not on the globe" in capsys.readouterr().err
    for place in ("90,360", "-90,-360"):
        assert grid(*meso, f"--center={place}") == 1
        assert "is not seen from GOES-East" in capsys.readouterr().err
    for moment in ("9999-12-31T23:59-10:00", "2024-07-01", "2024-07-01T21", "2024-07-01T21-05:00"):
        with pytest.raises(SystemExit):
            grid(*words, moment)
        assert f"{moment!r} is not a time such as 2018-07-02T04:33" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        grid(out)
    assert "required: --satellite, --start, --end" in capsys.readouterr().err


def test_a_time_without_a_zone_is_utc(data, monkeypatch, capsys):
    """Wherever the machine stands; one with an offset is that moment."""
    monkeypatch.setenv("TZ", "America/Denver")
    time.tzset()
    try:
        words = (str(data), "--satellite", "G16", "--start", "2024-07-01T22:59+02:00")
        assert grid(*words, "--end", "2024-07-01T20:59") == 1
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "'2024-07-01T20:59'; allowed: a minute after 2024-07-01T20:59" in capsys.readouterr().err


def test_minutes_without_granules_are_no_minutes_without_lightning(data, capsys):
    """None at all is an error and leaves no file; of some missing it is told, as it is of older grids."""
    out = str(data / "out.nc")
    words = (out, "--satellite", "G16", "--sector", "conus", "--start")
    assert grid(*words, "2024-07-01T20:10", "--end", "2024-07-01T20:20") == 1
    told = capsys.readouterr().err
    assert "no granule of G16 starts in 2024-07-01T20:10 to 2024-07-01T20:20" in told
    assert not (data / "out.nc").exists()
    assert grid(*words, "2024-07-01T20:58", "--end", "2024-07-01T21:01") == 0
    assert "warning: 2 of 9 granules were there" in capsys.readouterr().err
    whole = DensityBuilder()
    for second in (20, 40):
        whole.add(START.replace(second=second), None, events_at(*PLACE, energy=2e-14, area=3e8)[:0])
    whole.add(START, -75.2, events_at(*PLACE, energy=2e-14, area=3e8))
    found = whole.finish()
    path = density_path(data, START.replace(minute=0), "G16")
    write_density(path, found.table, found)
    assert grid(*words, "2024-07-01T20:59", "--end", "2024-07-01T21:00") == 0
    assert capsys.readouterr().err == ""
    table = pq.read_table(path)
    kept = {name: value for name, value in table.schema.metadata.items() if name != b"granule_minutes"}
    pq.write_table(table.replace_schema_metadata(kept), path)
    assert grid(*words, "2024-07-01T20:59", "--end", "2024-07-01T21:00") == 0
    assert "run flash_density for the hours again" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["absent/", "absent", "out.nc4"])
def test_a_place_that_is_neither_a_folder_nor_a_name_of_netcdf_is_refused(data, capsys, out):
    """A folder that is not there would become a file without the ending that readers look for."""
    words = ("--satellite", "G16", "--start", "2024-07-01T20:59", "--end", "2024-07-01T21:00")
    assert grid(f"{data}/{out}", *words) == 1
    assert "a folder that is there" in capsys.readouterr().err
    assert not (data / out).exists()


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("grid", "/proc/x/out.nc", *MINUTE), "choose another folder (out)"),
        (("simulate", "/proc/x", "--hour", "2024-07-01T20"), "folder (the argument, or LIGHTNING_DATA_DIR)"),
    ],
    ids=["grid", "simulate"],
)
def test_a_place_that_the_system_refuses_is_the_arguments(data, capsys, words, advice):
    """The advice names what the user gave, not the data folder alone."""
    assert main(list(words)) == 1
    assert advice in capsys.readouterr().err


def test_a_slot_without_a_sector_says_so():
    """The test slot has no CONUS; a place on the far side has no sector at all."""
    with pytest.raises(GridError, match="GOES-Test has no CONUS sector"):
        sector_of("conus", "GOES-Test")
    with pytest.raises(GridError, match="is not seen from GOES-East"):
        sector_of("meso", "GOES-East", (0.0, 105.0))


@pytest.mark.parametrize(("lon", "columns"), [(-150.0, (0, 500)), (-75.0, (2462, 2962)), (0.0, (4924, 5424))])
def test_a_mesoscale_sector_stays_on_the_disk(lon, columns):
    """Around its centre, but for one near the limb."""
    sector = sector_of("meso", "GOES-East", (0.0, lon))
    assert (sector.rows, sector.columns) == ((2462, 2962), columns)


def test_the_name_is_that_of_the_product():
    """By which satpy knows it."""
    sector = sector_of("full", "GOES-East")
    assert product_name("G16", sector, START, START + timedelta(minutes=1)) == NAME


def test_without_xarray_it_says_what_to_install(data, monkeypatch):
    """The extra, by its name."""
    grids = total_density([read_density(density_path(data, START.replace(minute=0), "G16"))])
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(GridError, match=r"pip install 'lightning_eda\[grids\]'"):
        write_product(data / "x.nc", grids, "G16", sector_of("full", "GOES-East"), START, START)


def test_a_damaged_file_is_told(data):
    """With what to do."""
    path = density_path(data, START.replace(minute=0), "G16")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(GridError, match="run flash_density for this hour again"):
        read_density(path)

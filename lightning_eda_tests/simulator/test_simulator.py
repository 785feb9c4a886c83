"""Simulated files: their names, their structure, and that they are the same every time."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

from lightning_eda.errors import SettingError
from lightning_eda.glm.names import GranuleName, hour_prefix
from lightning_eda.simulator import Activity, simulate_hour
from lightning_eda_tests.glm.raw_granule import read_raw

HOUR = datetime(2024, 7, 1, 20, tzinfo=UTC)
REAL = {
    "current": ("G19", "OR_GLM-L2-LCFA_G19_s20250971300200_e20250971300400_c20250971300420.nc"),
    "do07": ("G16", "OR_GLM-L2-LCFA_G16_s20182901026200_e20182901026400_c20182901026423.nc"),
    "milliseconds": ("G16", "OR_GLM-L2-LCFA_G16_s20181830433000_e20181830433200_c20181830433231.nc"),
}
# What the netCDF library manages itself, or real files of one year have and of the next have not.
LIBRARY_ATTRIBUTES = {"DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "CLASS", "NAME"}
FREE_TEXT = {"long_name", "cell_methods"}
CHANGING_TEXT = {"input_GLM_L0_data"}


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in paths)).hexdigest()


@pytest.fixture(scope="module")
def samples(tmp_path_factory) -> dict[str, Path]:
    """One busy granule of each era, of the satellite of the real one it is compared with."""
    return {
        era: simulate_hour(tmp_path_factory.mktemp(era), satellite, HOUR, 3, era=era, granules=1)[0]
        for era, (satellite, _) in REAL.items()
    }


def test_an_hour_has_180_granules_in_the_folder_of_the_hour(tmp_path):
    """Names follow each other in steps of 20 s, lie in the bucket's layout and repeat what the files say."""
    paths = simulate_hour(str(tmp_path), "G18", HOUR, 1, activity=Activity(flashes_per_granule=1.0))
    assert [path.parent for path in paths] == [tmp_path / hour_prefix(HOUR)] * 180
    for number, path in enumerate(paths):
        name = GranuleName.parse(path.name)
        assert name.start == HOUR + timedelta(seconds=20 * number)
        assert name.end == name.start + timedelta(seconds=20)
        assert timedelta(seconds=0.9) < name.created - name.end < timedelta(seconds=6)
    with netCDF4.Dataset(paths[7]) as file:
        name = GranuleName.parse(paths[7].name)
        assert file.dataset_name == paths[7].name
        assert file.time_coverage_start == "2024-07-01T20:02:20.0Z"
        assert file.time_coverage_end == "2024-07-01T20:02:40.0Z"
        assert file.date_created == f"{name.created:%Y-%m-%dT%H:%M:%S}.{name.created.microsecond // 100000}Z"
        assert file["event_time_offset"].units == "seconds since 2024-07-01 20:02:20.000"
        epoch = datetime(2000, 1, 1, 12, tzinfo=UTC)
        assert epoch + timedelta(seconds=float(file["product_time"][...])) == name.start
        assert file["product_time_bounds"][1] - file["product_time_bounds"][0] == 20.0
        assert "imulated" in file.production_data_source


@pytest.mark.parametrize(
    ("satellite", "era", "slot", "instrument", "subpoint", "offset"),
    [
        ("G16", "current", "GOES-East", "FM1", -75.2, -141.56),
        ("G17", "current", "GOES-West", "FM2", -137.2, -203.56),
        ("G18", "current", "GOES-West", "FM3", -137.0, -203.56),
        ("G19", "current", "GOES-East", "FM4", -75.2, -141.56),
        ("G16", "milliseconds", "GOES-East", "FM1", -75.0, -141.56),
        ("G17", "milliseconds", "GOES-Test", "FM2", -89.5, -156.06),
    ],
)
def test_each_satellite_stands_where_it_stood(tmp_path, satellite, era, slot, instrument, subpoint, offset):
    """Platform, instrument, slot, subpoint and the packing of longitudes are those of the real files."""
    path = simulate_hour(tmp_path, satellite, HOUR, 1, era=era, granules=1)[0]
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        assert (file.platform_ID, file.orbital_slot, file.instrument_ID) == (satellite, slot, instrument)
        assert file["nominal_satellite_subpoint_lon"][...] == np.float32(subpoint)
        assert file["event_lon"].add_offset == np.float32(offset)
        assert len(file.variables) == (45 if era == "milliseconds" else 48)


@pytest.mark.parametrize("era", REAL)
def test_structure_equals_the_real_files(samples, granules_folder, era):
    """Objects, their order, types, chunks, fill values and attributes are those of a real granule."""
    with h5py.File(samples[era]) as ours, h5py.File(granules_folder / REAL[era][1]) as real:
        assert list(ours) == list(real)
        assert list(ours.attrs) == list(real.attrs)
        for name in real:
            assert storage(ours[name]) == storage(real[name]), name
            ours_attributes, real_attributes = attributes(ours[name]), attributes(real[name])
            assert ours_attributes.keys() == real_attributes.keys(), name
            for key, value in real_attributes.items():
                assert ours_attributes[key] == value, (name, key)


def storage(dataset: h5py.Dataset) -> tuple:
    made = dataset.id.get_create_plist()
    return (
        dataset.dtype, dataset.maxshape, dataset.chunks, made.get_layout(), made.get_nfilters(),
        dataset.id.get_storage_size() > 0, dataset.fillvalue, made.get_fill_time(), made.get_alloc_time(),
        dataset.id.get_offset() is None,
    )  # fmt: skip


def attributes(item: h5py.Dataset) -> dict[str, object]:
    """Types of all attributes, and values of those that are facts of the format, not free text."""
    found: dict[str, object] = {}
    for key in set(item.attrs) - LIBRARY_ATTRIBUTES:
        kind = h5py.h5a.open(item.id, key.encode()).dtype
        value: object = item.attrs[key]
        if kind.kind != "S":
            value = (kind, np.asarray(value).tolist())
        elif key == "units" and b" since " in item.attrs[key] and "offset" in item.name:
            value = (item.attrs[key].split()[:2], len(item.attrs[key]))
        elif key in FREE_TEXT | CHANGING_TEXT or key == "L1b_processing_parm_version":
            value = "text"
        found[key] = value
    return found


def test_structure_equals_the_template(samples, references_folder):
    """Every variable, attribute name and attribute type of the reference template is there, in its order."""
    template = json.loads((references_folder / "lcfa_template_G19_2025.json").read_text())
    with h5py.File(samples["current"]) as ours:
        assert [(row["name"], type_class(row["type"])) for row in template["global_attributes"]] == [
            (key, type_class(h5py.h5a.open(ours.id, key.encode()).dtype.str)) for key in ours.attrs
        ]
        for row in template["objects"]:
            item = ours[row["name"]]
            assert item.dtype == np.dtype(row["dtype"])
            wanted = {entry["name"]: type_class(entry["type"]) for entry in row.get("attributes", [])}
            found = {
                key: type_class(h5py.h5a.open(item.id, key.encode()).dtype.str)
                for key in item.attrs
                if key not in LIBRARY_ATTRIBUTES
            }
            assert found == wanted, row["name"]


def type_class(name: str) -> str:
    kind = np.dtype(name)
    return "text" if kind.kind == "S" else kind.str


@pytest.mark.parametrize("era", REAL)
def test_xarray_and_netcdf4_read_what_was_written(samples, era):
    """Both libraries open the file and, decoding by themselves, find what plain arithmetic finds."""
    raw = read_raw(samples[era])
    with netCDF4.Dataset(samples[era]) as file:
        assert file.disk_format == "HDF5"
        assert {name: len(dimension) for name, dimension in file.dimensions.items()} == {
            "number_of_flashes": raw.rows("flash"),
            "number_of_groups": raw.rows("group"),
            "number_of_events": raw.rows("event"),
            "number_of_time_bounds": 2,
            "number_of_field_of_view_bounds": 2,
            "number_of_wavelength_bounds": 2,
        }
        np.testing.assert_allclose(file["event_lat"][...], raw["event_lat"], atol=1e-5)
    with xr.open_dataset(samples[era], decode_times=False) as file:
        for name in ("event_lat", "event_lon", "flash_lat"):
            np.testing.assert_allclose(file[name], raw[name], atol=2e-5)
        for name in ("event_energy", "group_energy", "flash_energy"):
            np.testing.assert_allclose(file[name], raw[name], rtol=1e-6)


def test_the_same_arguments_make_the_same_bytes(tmp_path):
    """Another folder, another process and another day make no difference; another seed does."""
    first = simulate_hour(tmp_path / "a", "G18", HOUR, 5, granules=4)
    again = simulate_hour(tmp_path / "b", "G18", HOUR, 5, granules=4)
    other = simulate_hour(tmp_path / "c", "G18", HOUR, 6, granules=4)
    assert digest(first) == digest(again)
    assert digest(first) != digest(other)
    code = (
        "import sys; from datetime import datetime, UTC\n"
        "from lightning_eda.simulator import simulate_hour\n"
        "simulate_hour(sys.argv[1], 'G18', datetime(2024, 7, 1, 20, tzinfo=UTC), 5, granules=4)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "d")], check=True)
    assert digest(first) == digest(sorted((tmp_path / "d").rglob("*.nc")))


def test_fewer_granules_are_the_first_of_the_hour(tmp_path):
    """Asking for 2 granules gives the first 2 of 5."""
    two = simulate_hour(tmp_path / "two", "G16", HOUR, 5, granules=2)
    five = simulate_hour(tmp_path / "five", "G16", HOUR, 5, granules=5)
    assert digest(two) == digest(five[:2])


def test_an_hour_of_another_time_zone_is_the_same_hour(tmp_path):
    """22:00 at UTC+2 is 20:00 UTC."""
    path = simulate_hour(tmp_path, "G18", HOUR.astimezone(timezone(timedelta(hours=2))), 5, granules=1)[0]
    assert GranuleName.parse(path.name).start == HOUR


def test_ids_differ_between_files(tmp_path):
    """Each file has an id of its own."""
    ids = set()
    for path in simulate_hour(tmp_path, "G18", HOUR, 5, granules=5):
        with netCDF4.Dataset(path) as file:
            ids.add(file.id)
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"hour": HOUR + timedelta(minutes=1)}, "hour"),
        ({"hour": datetime(2010, 7, 1, 20, tzinfo=UTC)}, "hour"),
        ({"satellite": "G15"}, "satellite"),
        ({"era": "future"}, "era"),
        ({"seed": -1}, "seed"),
        ({"granules": 0}, "granules"),
        ({"granules": 181}, "granules"),
        ({"faults": [("gremlins", 0)]}, "faults"),
        ({"faults": [("empty", 180)]}, "faults"),
        ({"faults": [("split_flash", 179)]}, "faults"),
        ({"faults": [("past_dateline", 0)], "satellite": "G16"}, "faults"),
    ],
)
def test_arguments_that_are_not_allowed_are_named(tmp_path, change, named):
    """A wrong argument is one error that names it, and nothing is written."""
    arguments = {"satellite": "G18", "hour": HOUR, "seed": 1} | change
    with pytest.raises(SettingError, match=f"^{named}"):
        simulate_hour(tmp_path, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_importing_the_simulator_loads_no_heavy_library():
    """netCDF4 and h5py are loaded when a granule is written, not before."""
    code = (
        "import sys, lightning_eda.simulator;"
        "sys.exit(any(name in sys.modules for name in ('netCDF4', 'h5py', 'scipy', 'xarray')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_hour_without_a_zone_is_utc(tmp_path):
    """As on the command line, and everywhere else in the project."""
    naive = simulate_hour(tmp_path / "a", "G18", datetime(2024, 7, 1, 20), 1, granules=1)
    aware = simulate_hour(tmp_path / "b", "G18", datetime(2024, 7, 1, 20, tzinfo=UTC), 1, granules=1)
    assert [path.name for path in naive] == [path.name for path in aware]
    assert naive[0].read_bytes() == aware[0].read_bytes()

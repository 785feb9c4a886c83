"""Simulated granules are told from real ones."""

import shutil
from datetime import timedelta

import h5py

from lightning_eda.glm.names import GranuleName
from lightning_eda.glm.origin import SIMULATED, simulated_satellites, source_text, window_is_simulated
from lightning_eda.glm.windows import Window
from lightning_eda.simulator import simulate_hour
from lightning_eda_tests.support.hours import HOUR, fetched, simulate


def test_the_mark_is_the_one_the_simulator_writes(tmp_path):
    """In an attribute of every granule, of every era."""
    for number, era in enumerate(("current", "do07", "milliseconds")):
        (path,) = simulate_hour(tmp_path / str(number), "G16", HOUR, 1, era=era, granules=1)
        with h5py.File(path) as file:
            assert file.attrs["production_data_source"] == SIMULATED.encode()


def test_simulated_granules_are_recognised(tmp_path):
    """Of each satellite in the folder, also when the first file is damaged; an empty folder has none."""
    paths = simulate(tmp_path / "a") + simulate(tmp_path / "b", satellite="G16")
    folder = tmp_path / "both"
    folder.mkdir()
    for path in paths:
        shutil.copy(path, folder)
    min(folder.glob("*_G18_*")).write_bytes(b"")
    (folder / "notes.nc").write_text(SIMULATED)
    assert simulated_satellites(folder) == {"G16", "G18"}
    assert source_text("the folder archive", folder) == "the folder archive, simulated granules"
    assert simulated_satellites(tmp_path / "absent") == set()
    assert source_text("s3://noaa-goes18", tmp_path / "absent") == "s3://noaa-goes18"


def test_real_granules_are_not(granules_folder):
    """Of every era."""
    names = list(granules_folder.glob("*.nc"))
    assert {GranuleName.parse(path.name).satellite for path in names} >= {"G16"}
    assert simulated_satellites(granules_folder) == set()


def test_a_window_is_simulated_when_granules_of_its_satellites_are(tmp_path):
    """As far as they are in the data folder; other hours and satellites do not count."""
    fetched(tmp_path)
    data, hour = tmp_path / "data", timedelta(hours=1)
    assert window_is_simulated(data, Window(HOUR - hour, HOUR + hour), ["G18"])
    assert not window_is_simulated(data, Window(HOUR, HOUR + hour), ["G16"])
    assert not window_is_simulated(data, Window(HOUR + hour, HOUR + 2 * hour), ["G18"])
    assert not window_is_simulated(tmp_path / "absent", Window(HOUR, HOUR + hour), ["G18"])

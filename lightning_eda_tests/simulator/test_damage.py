"""Each damage does to the file of a granule what its name says."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from lightning_eda.simulator import write_granule


def spoil(folder: Path, fault: str, seed: int = 0) -> tuple[bytes, Path]:
    """The bytes of a small granule, and the path of the same granule damaged."""
    flashes = {"lat": np.linspace(-10, 10, 20), "lon": -130.0}
    sound = write_granule(folder / "sound", flashes=flashes).read_bytes()
    return sound, write_granule(folder / "spoiled", flashes=flashes, faults=[fault], seed=seed)


def test_truncated(tmp_path):
    """The file is the beginning of the sound one, and no library opens it."""
    sound, path = spoil(tmp_path, "truncated")
    damaged = path.read_bytes()
    assert 0 < len(damaged) < len(sound)
    assert sound.startswith(damaged)
    with pytest.raises(OSError, match="truncated"):
        h5py.File(path)


@pytest.mark.parametrize("seed", range(5))
def test_byte_flip(tmp_path, seed):
    """Exactly one byte differs."""
    sound, path = spoil(tmp_path, "byte_flip", seed)
    damaged = path.read_bytes()
    assert len(damaged) == len(sound)
    assert sum(one != other for one, other in zip(damaged, sound, strict=True)) == 1


def test_zeroed_block(tmp_path):
    """4096 bytes in a row are zero, the others as they were."""
    sound, path = spoil(tmp_path, "zeroed_block")
    damaged = path.read_bytes()
    changed = [place for place in range(len(sound)) if sound[place] != damaged[place]]
    assert len(damaged) == len(sound)
    assert 0 < len(changed) <= 4096
    assert changed[-1] - changed[0] < 4096
    assert all(damaged[place] == 0 for place in changed)


@pytest.mark.parametrize(
    ("fault", "start"), [("zero_bytes", b""), ("html_body", b"<html>"), ("leading_junk", None)]
)
def test_files_that_are_no_hdf5_from_the_first_byte(tmp_path, fault, start):
    """An empty file, an error page, and a granule behind 512 bytes of junk."""
    sound, path = spoil(tmp_path, fault)
    damaged = path.read_bytes()
    if start is None:
        assert damaged[512:] == sound
        assert not damaged.startswith(sound[:8])
    else:
        assert damaged[:6] == start
        with pytest.raises(OSError, match=r"signature|HDF5|read"):
            h5py.File(path)


@pytest.mark.parametrize("fault", ["trailing_junk", "two_files"])
def test_files_with_something_behind_them(tmp_path, fault):
    """HDF5 reads them as if nothing were there."""
    sound, path = spoil(tmp_path, fault)
    damaged = path.read_bytes()
    assert damaged.startswith(sound)
    assert len(damaged) == (2 * len(sound) if fault == "two_files" else len(sound) + 1000)
    assert len(h5py.File(path)["flash_id"]) == 20


def test_damaged_structure(tmp_path):
    """Variables have a wrong type, rank or length, or are not there; the rest stays."""
    with h5py.File(spoil(tmp_path, "wrong_dtype")[1]) as file:
        assert (file["event_lat"].dtype, file["flash_id"].dtype) == ("<f4", "<i4")
        assert "scale_factor" in file["event_lat"].attrs
    with h5py.File(spoil(tmp_path, "two_dimensional")[1]) as file:
        assert file["flash_lat"].shape == (20, 2)
    with h5py.File(spoil(tmp_path, "short_array")[1]) as file:
        assert len(file["flash_energy"]) == 19
    with h5py.File(spoil(tmp_path, "missing_variable")[1]) as file:
        assert "event_lon" not in file
        assert len(file) == 53
    with h5py.File(spoil(tmp_path, "no_global_attributes")[1]) as file:
        assert len(file.attrs) == 0


def test_external_storage(tmp_path):
    """A plain reader hands out bytes of a file of its own machine."""
    _, path = spoil(tmp_path, "external_storage")
    with h5py.File(path) as file:
        assert file["event_energy"].external[0][0] == "/etc/passwd"
        stolen = file["event_energy"][...].tobytes()
    assert stolen[:20] == Path("/etc/passwd").read_bytes()[:20]


def test_damaged_attributes(tmp_path):
    """A scale is 0, NaN or missing; units of time mean nothing."""
    with h5py.File(spoil(tmp_path, "scale_zero")[1]) as file:
        assert file["event_lat"].attrs["scale_factor"] == 0
    with h5py.File(spoil(tmp_path, "scale_nan")[1]) as file:
        assert np.isnan(file["flash_energy"].attrs["scale_factor"]).all()
    with h5py.File(spoil(tmp_path, "scale_missing")[1]) as file:
        assert "scale_factor" not in file["event_lon"].attrs
    with h5py.File(spoil(tmp_path, "units_garbage")[1]) as file:
        assert b" since 2024" not in file["event_time_offset"].attrs["units"]

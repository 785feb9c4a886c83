"""The process that decodes: what it survives, and what it says."""

import os
import signal
import threading
import time

import pytest

from lightning_eda.errors import StorageError
from lightning_eda.glm.decoder import Decoder
from lightning_eda.glm.decoder_messages import HourRequest
from lightning_eda.glm.granule import GranuleHeader
from lightning_eda_tests.hours import simulate

TIERS = ("flash",)


@pytest.fixture
def paths(tmp_path):
    """Four granules."""
    return tuple(simulate(tmp_path / "archive"))


def block(path):
    """Puts a pipe in the place of a granule: reading it never ends, as native code that hangs."""
    path.unlink()
    os.mkfifo(path)


def test_an_hour_is_decoded(tmp_path, paths):
    """One header a granule, in order, and one CSV a tier."""
    with Decoder() as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert [str(granule.name) for granule in reply.granules] == [path.name for path in paths]
    (file,) = reply.files
    assert file.rows == sum(granule.n_flashes for granule in reply.granules)


def test_one_process_serves_many_hours(tmp_path, paths):
    """It is started once."""
    with Decoder() as decoder:
        decoder.decode(HourRequest(paths, tmp_path / "a", TIERS))
        first = decoder._process.pid
        decoder.decode(HourRequest(paths[:1], tmp_path / "b", TIERS))
        assert decoder._process.pid == first


def test_a_granule_that_kills_the_decoder_is_left_out(tmp_path, paths):
    """The hour is decoded without it, and the signal is the reason."""
    block(paths[1])
    with Decoder() as decoder:
        killer = threading.Thread(target=kill_when_it_waits, args=(decoder, paths[1]))
        killer.start()
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
        killer.join()
    assert [isinstance(granule, GranuleHeader) for granule in reply.granules] == [True, False, True, True]
    assert reply.granules[1] == f"{paths[1].name}: the decoder process died of it (SIGKILL)"
    assert reply.files[0].rows == sum(g.n_flashes for g in reply.granules if isinstance(g, GranuleHeader))


def test_a_granule_that_hangs_is_left_out(tmp_path, paths):
    """After the time a granule may take."""
    block(paths[3])
    with Decoder(granule_timeout_s=0.5) as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert reply.granules[3] == f"{paths[3].name}: decoding took longer than 0.5 s"
    assert all(isinstance(granule, GranuleHeader) for granule in reply.granules[:3])


def test_a_damaged_granule_does_not_end_the_process(tmp_path, paths):
    """It is refused by name, like any that breaks the accept rule."""
    paths[0].write_bytes(paths[0].read_bytes()[:5000])
    with Decoder() as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
        assert decoder._process.poll() is None
    assert reply.granules[0].startswith(paths[0].name)
    assert len(reply.granules) == 4


def test_a_folder_that_cannot_be_written_is_the_runs_error(tmp_path, paths):
    """Not the granule's; and the process still serves."""
    (tmp_path / "file").write_text("in the way")
    with Decoder() as decoder:
        with pytest.raises(StorageError, match="file"):
            decoder.decode(HourRequest(paths, tmp_path / "file" / "out", TIERS))
        assert decoder.decode(HourRequest(paths, tmp_path / "out", TIERS)).files


def test_the_process_ends_with_its_owner(tmp_path, paths):
    """No child outlives the `with` block."""
    with Decoder() as decoder:
        decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
        process = decoder._process
    assert process.poll() is not None


def kill_when_it_waits(decoder, pipe):
    """Kills the decoder once it has opened the pipe for reading."""
    writer = os.open(pipe, os.O_WRONLY)  # returns when there is a reader
    time.sleep(0.05)
    os.kill(decoder._process.pid, signal.SIGKILL)
    os.close(writer)

"""The process that decodes: what it survives, and what it says."""

import os
import re
import resource
import signal
import subprocess
import sys

import pytest

from lightning_eda.errors import DecoderError, StorageError
from lightning_eda.glm.granule import GranuleHeader
from lightning_eda.glm.transform import decoder as decoder_module
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.messages import HourRequest
from lightning_eda_tests.support.hours import simulate

pytestmark = pytest.mark.usefixtures("no_idle_decoder")
TIERS = ("flash",)


@pytest.fixture
def paths(tmp_path):
    """Four granules."""
    return tuple(simulate(tmp_path / "archive"))


def block(path):
    """Puts a pipe in the place of a granule: reading it never ends, as native code that hangs."""
    path.unlink()
    os.mkfifo(path)


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """Makes the disk of child processes do something at each fsync."""

    def set_fsync(code):
        folder = tmp_path / "disk"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(f"import os, signal, time\nos.fsync = lambda _: {code}\n")
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    return set_fsync


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


def test_it_starts_as_the_statement_is_entered(tmp_path, paths):
    """Nothing waits for it before the first request, which finds that very process."""
    with Decoder() as decoder:
        first = decoder._process.pid
        decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
        assert decoder._process.pid == first


def test_it_can_be_started_before_it_is_needed(tmp_path, paths):
    """Starting returns when the child is ready, again does nothing, and the first hour finds it running."""
    with Decoder() as decoder:
        decoder.start()
        first = decoder._process.pid
        decoder.start()
        decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
        assert decoder._process.pid == first


def test_after_a_process_that_died_while_idle_the_hour_gets_a_new_one(tmp_path, paths, caplog):
    """No granule is blamed for it, and the log tells."""
    with Decoder() as decoder:
        decoder.start()
        os.kill(decoder._process.pid, signal.SIGKILL)
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert all(isinstance(granule, GranuleHeader) for granule in reply.granules)
    assert "ended (SIGKILL) before it came to a granule; it is tried again" in caplog.text


def test_pandas_is_kept_out_of_the_process():
    """Where it is installed, pyarrow would import it at the first array."""
    pytest.importorskip("pandas")
    code = """
import sys
from lightning_eda.glm.transform.child import NoPandas
sys.meta_path.insert(0, NoPandas())
import numpy, pyarrow
pyarrow.array(numpy.arange(3)).cast(pyarrow.int8())
assert "pandas" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_granule_that_hangs_is_left_out(tmp_path, paths):
    """After the time a granule may take."""
    block(paths[3])
    with Decoder(granule_timeout_s=0.5) as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert reply.granules[3] == f"{paths[3].name}: decoding took longer than 0.5 s, and again alone"
    assert all(isinstance(granule, GranuleHeader) for granule in reply.granules[:3])


def test_a_slow_disk_is_no_granules_fault(tmp_path, paths, disk):
    """Writing may take longer than a granule may."""
    disk("time.sleep(1.5)")
    with Decoder(granule_timeout_s=0.5) as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert all(isinstance(granule, GranuleHeader) for granule in reply.granules)
    assert reply.files[0].rows


def test_a_disk_that_hangs_is_the_runs_error(tmp_path, paths, disk, monkeypatch):
    """After the time that writing may take."""
    disk("time.sleep(60)")
    monkeypatch.setattr(decoder_module, "WRITE_TIMEOUT_S", 0.5)
    with (
        Decoder(granule_timeout_s=5) as decoder,
        pytest.raises(DecoderError, match=r"hung for 0\.5 s while it wrote the CSVs in .*out"),
    ):
        decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))


def test_a_death_while_writing_is_the_runs_error(tmp_path, paths, disk):
    """No granule is blamed for it."""
    disk("os.kill(os.getpid(), signal.SIGKILL)")
    with Decoder() as decoder, pytest.raises(DecoderError, match=r"SIGKILL.* while it wrote the CSVs in"):
        decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))


def test_a_process_that_does_not_end_is_told_as_such(monkeypatch):
    """It has no exit code; it is killed."""
    monkeypatch.setattr(decoder_module, "END_TIMEOUT_S", 0.1)
    decoder = Decoder()
    decoder._process = process = subprocess.Popen(["sleep", "60"])
    assert decoder._death() == "it did not end"
    assert process.returncode == -signal.SIGKILL


def test_a_lower_limit_of_memory_is_kept(tmp_path, paths):
    """As clusters set one with `ulimit -v`: a process may not raise it."""
    code = """
import sys
from pathlib import Path
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.messages import HourRequest
with Decoder() as decoder:
    print(decoder.decode(HourRequest((Path(sys.argv[1]),), Path(sys.argv[2]), ("flash",))).files[0].rows)
    print(Path(f"/proc/{decoder._process.pid}/limits").read_text())
"""
    limit = 4 << 30
    done = subprocess.run(
        [sys.executable, "-c", code, str(paths[0]), str(tmp_path / "out")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[0] > "0"
    assert re.search(rf"Max address space +{limit} +{limit} ", done.stdout)


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

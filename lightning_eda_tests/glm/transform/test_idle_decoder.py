"""The decoder process between two uses: the next one in the same process gets it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lightning_eda.errors import StorageError
from lightning_eda.glm.transform import decoder as decoder_module
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.messages import HourRequest
from lightning_eda_tests.support.hours import simulate
from lightning_eda_tests.support.processes import new_process

pytestmark = pytest.mark.usefixtures("no_idle_decoder")
TIERS = ("flash",)


@pytest.fixture
def request_(tmp_path: Path) -> HourRequest:
    """One granule."""
    return HourRequest(tuple(simulate(tmp_path / "archive", granules=1)), tmp_path / "out", TIERS)


def used(request: HourRequest) -> int:
    """The number of the process that a decoder used."""
    with Decoder() as decoder:
        assert decoder.decode(request).files[0].rows
        return decoder._process.pid


def is_alive(pid: int) -> bool:
    """Whether a process is there and did not end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_next_decoder_gets_the_same_process(request_: HourRequest):
    """It is started once a run, for the series and for the density."""
    first = used(request_)
    assert is_alive(first)
    assert used(request_) == first


def test_one_that_was_never_ready_is_not_kept():
    """It was asked for nothing."""
    with Decoder() as decoder:
        process = decoder._process
    assert process.returncode == -signal.SIGKILL


def test_after_an_error_it_ends(request_: HourRequest, tmp_path: Path):
    """Whatever it was at."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError), Decoder() as decoder:
        process = decoder._process
        decoder.decode(HourRequest(request_.paths, tmp_path / "file" / "out", TIERS))
    assert process.returncode == -signal.SIGKILL


def test_one_that_took_much_memory_ends(request_: HourRequest, monkeypatch: pytest.MonkeyPatch):
    """What it needs for a large hour is not held while the run goes on."""
    monkeypatch.setattr(decoder_module, "MOST_IDLE_BYTES", 10 << 20)
    assert not is_alive(used(request_))


def test_one_that_died_in_between_is_not_used(request_: HourRequest, caplog: pytest.LogCaptureFixture):
    """And nobody need be told."""
    first = used(request_)
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert used(request_) != first
    assert not caplog.text


def test_two_at_once_are_two_of_which_one_stays(request_: HourRequest):
    """Nobody shares one."""
    with Decoder() as other:
        other.start()
        first = used(request_)
        process = other._process
        assert first != process.pid
    assert is_alive(process.pid) and not is_alive(first)


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_child_outlives_its_owner(request_: HourRequest, end: str):
    """However that ends."""
    code = f"""
import os, signal
from lightning_eda.glm.transform import decoder
with decoder.Decoder() as used:
    used.start()
print(decoder._idle[os.getpid()][0].pid, flush=True)
{end}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.stderr
    deadline = time.monotonic() + 20
    while is_alive(int(done.stdout)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(int(done.stdout))


def use_another(request: HourRequest, first: int) -> None:
    assert used(request) != first


def fork_beside_an_idle_one(request: HourRequest) -> None:
    first = used(request)
    child = multiprocessing.get_context("fork").Process(target=use_another, args=(request, first))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert used(request) == first


def test_a_forked_process_leaves_it_to_its_parent(request_: HourRequest):
    """They would talk to it at once."""
    process = new_process(fork_beside_an_idle_one, request_)
    process.start()
    process.join(60)
    assert process.exitcode == 0

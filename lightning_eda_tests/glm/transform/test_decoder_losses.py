"""Decoders that are killed or stopped: whose fault it is, and that no row is lost by it (row 23)."""

import os
import signal
import threading
import time
from pathlib import Path
from random import Random

import pytest

from lightning_eda.errors import DecoderError
from lightning_eda.glm.extract.record import Extraction
from lightning_eda.glm.granule import GranuleHeader
from lightning_eda.glm.transform import decoder as decoder_module
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.hour import read_hour_series, write_hour_series
from lightning_eda.glm.transform.messages import HourRequest, Undecoded
from lightning_eda_tests.support.hours import fetched, simulate

pytestmark = pytest.mark.usefixtures("no_idle_decoder")
TIERS = ("flash", "group", "event")
KILLS = 20
HOOK = """
import os, signal, sys, time
from pathlib import Path
def at_opening(event, words):
    if event == "open" and str(words[0]).endswith({names}):
        {code}
sys.addaudithook(at_opening)
"""
DIE = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def paths(tmp_path) -> tuple[Path, ...]:
    """Six granules."""
    return tuple(simulate(tmp_path / "archive", granules=6))


@pytest.fixture
def when_opened(tmp_path, monkeypatch):
    """Makes decoders do something as they open some granules."""

    def make(code: str, *granules: Path) -> None:
        folder = tmp_path / "hook"
        folder.mkdir()
        names = tuple(path.name for path in granules)
        (folder / "sitecustomize.py").write_text(HOOK.format(names=names, code=code))
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    return make


def once(tmp_path: Path, code: str) -> str:
    """Code that does something the first time only."""
    mark = str(tmp_path / "done")
    return f"os.path.exists({mark!r}) or (os.mkdir({mark!r}), {code})"


def test_a_granule_that_kills_a_fresh_decoder_again_alone_is_left_out(tmp_path, paths, when_opened):
    """The hour is decoded without it, and the signal is the reason."""
    when_opened(DIE, paths[1])
    with Decoder() as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert [isinstance(granule, GranuleHeader) for granule in reply.granules] == [True, False] + [True] * 4
    words = "the decoder process died of it (SIGKILL), and again alone"
    assert reply.granules[1] == Undecoded(f"{paths[1].name}: {words}")
    assert reply.files[0].rows == sum(g.n_flashes for g in reply.granules if isinstance(g, GranuleHeader))


def test_granules_that_kill_side_by_side_are_all_left_out(tmp_path, paths, when_opened):
    """Also at the beginning, where none before them speaks for the machine."""
    when_opened(DIE, *paths[:3])
    with Decoder() as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert [isinstance(granule, Undecoded) for granule in reply.granules] == [True] * 3 + [False] * 3


def test_one_death_at_a_granule_is_not_its_fault(tmp_path, paths, when_opened):
    """As when memory is short for a moment."""
    when_opened(once(tmp_path, DIE), paths[1])
    with Decoder() as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert all(isinstance(granule, GranuleHeader) for granule in reply.granules)


def test_one_stop_beyond_the_limit_is_not_the_granules_fault(tmp_path, paths, when_opened):
    """As when the machine is held for a while."""
    when_opened(once(tmp_path, "os.kill(os.getpid(), signal.SIGSTOP)"), paths[1])
    with Decoder(granule_timeout_s=0.5) as decoder:
        reply = decoder.decode(HourRequest(paths, tmp_path / "out", TIERS))
    assert all(isinstance(granule, GranuleHeader) for granule in reply.granules)


@pytest.mark.parametrize("code", [DIE, "time.sleep(60)"], ids=["killed", "stopped"])
def test_a_machine_that_ends_every_decoder_fails_the_run(tmp_path, paths, when_opened, code):
    """The reason says what to do, and no granule is quarantined."""
    when_opened(code, *paths)
    extraction = fetched(tmp_path, granules=6)
    with (
        Decoder(granule_timeout_s=0.5) as decoder,
        pytest.raises(
            DecoderError, match=r"not of one granule, so nothing is quarantined.*memory is short"
        ) as told,
    ):
        write_hour_series(extraction, TIERS, decoder)
    assert told.value.retryable
    assert not list(extraction.folders.quarantine.glob("*"))


def test_an_undecoded_granule_is_told_from_one_that_cannot_be_trusted(tmp_path, when_opened):
    """In the ledger, by its status, so that healing asks for it again; the file is in quarantine."""
    extraction = fetched(tmp_path, granules=6, faults=[("truncated", 4)])
    name = extraction.granules[1].file
    when_opened(DIE, Path(name))
    with Decoder() as decoder:
        series = write_hour_series(extraction, TIERS, decoder)
    assert series.statuses == {"ok": 4, "empty": 0, "inconsistent": 0, "quarantined": 1, "undecoded": 1}
    ledger = (series.folders.transform / "granules.csv").read_text().splitlines()
    assert [",undecoded," in line for line in ledger[1:]] == [False, True, False, False, False, False]
    assert (series.folders.quarantine / f"{name}.reason.txt").read_text().startswith(series.quarantined[name])


class Disturbed(threading.Thread):
    """Sends a signal to a decoder's process some time after it has begun, and says whether it did."""

    def __init__(self, decoder: Decoder, wait_s: float, number: signal.Signals) -> None:
        super().__init__()
        self._decoder, self._wait_s, self._number, self.hit = decoder, wait_s, number, False

    def run(self) -> None:
        """Waits, then sends it."""
        time.sleep(self._wait_s)
        process = self._decoder._process
        if process is not None and process.poll() is None:
            process.send_signal(self._number)
            self.hit = True


@pytest.fixture(scope="module")
def hour(tmp_path_factory) -> Extraction:
    """Granules that take a while to decode and write."""
    return fetched(tmp_path_factory.mktemp("hour"), granules=20)


@pytest.mark.parametrize(
    ("number", "times"),
    [
        (signal.SIGKILL, 2),
        (signal.SIGSTOP, 1),
        pytest.param(signal.SIGKILL, KILLS, marks=pytest.mark.slow),
        pytest.param(signal.SIGSTOP, KILLS // 4, marks=pytest.mark.slow),
    ],
)
def test_20_disturbed_decoders_lose_no_row(hour, number, times, monkeypatch):
    """At random moments, sooner where it was too late: the bytes of an undisturbed one, and no quarantine."""
    monkeypatch.setattr(decoder_module, "WRITE_TIMEOUT_S", 3.0)
    with Decoder() as decoder:
        decoder.start()
        begin = time.monotonic()
        whole = write_hour_series(hour, TIERS, decoder)
        seconds = time.monotonic() - begin
    moments, hits, misses = Random(20), 0, 0
    while hits + misses < times or not hits:
        with Decoder(granule_timeout_s=1.0) as decoder:
            decoder.start()
            disturbance = Disturbed(decoder, moments.uniform(0, seconds / (1 if hits else 2**misses)), number)
            disturbance.start()
            series = write_again(hour, decoder)
            disturbance.join()
        hits, misses = hits + disturbance.hit, misses + (not disturbance.hit)
        assert read_hour_series(hour.folders) == series == whole
    assert not list(hour.folders.quarantine.glob("*"))


def write_again(hour: Extraction, decoder: Decoder):
    """As a step that is tried again after an error that allows it."""
    try:
        return write_hour_series(hour, TIERS, decoder)
    except DecoderError as error:
        assert error.retryable and "hung" in str(error)  # stopped while it wrote
        return write_hour_series(hour, TIERS, decoder)

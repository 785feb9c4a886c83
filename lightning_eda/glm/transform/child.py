"""The child process that decodes granules and writes what a run asked for; see `decoder` for the other end.

Native code reads files from outside here, so a crash, a hang or a greedy allocation ends this process and not
the run. It imports little, because its start is part of every run.
"""

import faulthandler
import gc
import resource
import sys
from contextlib import AbstractContextManager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from lightning_eda.errors import GranuleError, LightningEdaError
from lightning_eda.glm.granule import Granule, GranuleHeader
from lightning_eda.glm.lcfa.granule_tables import read_granule
from lightning_eda.glm.transform.csv_files import SeriesFile, SeriesWriter, open_series
from lightning_eda.glm.transform.event_file import EventWriter, open_events
from lightning_eda.glm.transform.messages import (
    EVENTS,
    HourReply,
    HourRequest,
    Ready,
    Started,
    Trial,
    Writing,
)

MEMORY_LIMIT_BYTES = 8 << 30  # of address space; an hour of 3.6 million events needs far less


class NoPandas:
    """Keeps pandas out: where it is installed, pyarrow imports it at the first array, 0.15 s for nothing."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuses pandas and knows nothing of other modules."""
        if name == "pandas":
            raise ModuleNotFoundError(f"{name} is not used here", name=name)


def main(handle: int) -> None:
    """Answers requests on a connection until the other end closes it."""
    faulthandler.enable()
    sys.meta_path.insert(0, NoPandas())
    _limit_memory()
    gc.freeze()  # what was imported stays: it need not be looked through again and again
    with Connection(handle) as parent, suppress(EOFError, ConnectionError):
        parent.send(Ready())
        while True:
            request: HourRequest | Trial = parent.recv()
            parent.send(_answer(request, parent))


def _limit_memory() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = MEMORY_LIMIT_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _answer(request: HourRequest | Trial, parent: Connection) -> HourReply | LightningEdaError:
    try:
        return try_out(request, parent) if isinstance(request, Trial) else decode_hour(request, parent)
    except LightningEdaError as error:
        return error  # a full disk, for example: for the run to report


def decode_hour(request: HourRequest, parent: Connection) -> HourReply:
    """Decodes the granules of a request and writes their CSVs, or the file of their events.

    The parent is told before each granule, and when writing begins.
    """
    granules: list[GranuleHeader | str] = []
    with _open_files(request) as (writer, files):
        for index, path in enumerate(request.paths):
            parent.send(Started(index))
            granule = _read(path, request.tiers)
            if isinstance(granule, str):
                granules.append(granule)
                continue
            granules.append(granule.header)
            parent.send(Writing())
            writer.add(granule)
        parent.send(Writing())
        writer.finish()
        if parent.poll():  # nothing is asked before this answer: the parent is gone, and with it the hour
            raise EOFError
    return HourReply(tuple(granules), tuple(files))


def _open_files(
    request: HourRequest,
) -> AbstractContextManager[tuple[SeriesWriter | EventWriter, list[SeriesFile]]]:
    if request.form == EVENTS:
        return open_events(request.folder)
    return open_series(request.folder, request.tiers)


def try_out(trial: Trial, parent: Connection) -> HourReply:
    """Decodes the granules of a trial; the parent is told before each."""
    granules: list[GranuleHeader | str] = []
    for index, path in enumerate(trial.paths):
        parent.send(Started(index))
        granule = _read(path, trial.tiers)
        granules.append(granule if isinstance(granule, str) else granule.header)
    return HourReply(tuple(granules), ())


def _read(path: Path, tiers: tuple[str, ...]) -> Granule | str:
    """The granule, or why it cannot be trusted."""
    try:
        return read_granule(path, tiers)
    except GranuleError as error:
        return str(error)

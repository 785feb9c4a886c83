"""The child process that decodes granules and writes an hour's CSVs; see `decoder` for the other end.

Native code reads files from outside here, so a crash, a hang or a greedy allocation ends this process and not
the run. It imports little, because its start is part of every run.
"""

import faulthandler
import resource
from multiprocessing.connection import Connection

from lightning_eda.errors import GranuleError, LightningEdaError
from lightning_eda.glm.decoder_messages import HourReply, HourRequest, Started
from lightning_eda.glm.granule import GranuleHeader
from lightning_eda.glm.lcfa import read_granule
from lightning_eda.glm.series import open_series

MEMORY_LIMIT_BYTES = 8 << 30  # of address space; an hour of 3.6 million events needs far less


def main(handle: int) -> None:
    """Answers requests on a connection until the other end closes it."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with Connection(handle) as parent:
        while True:
            try:
                request: HourRequest = parent.recv()
                parent.send(_answer(request, parent))
            except (EOFError, ConnectionError):
                return


def _answer(request: HourRequest, parent: Connection) -> HourReply | LightningEdaError:
    try:
        return decode_hour(request, parent)
    except LightningEdaError as error:
        return error  # a full disk, for example: for the run to report


def decode_hour(request: HourRequest, parent: Connection) -> HourReply:
    """Decodes the granules of a request, telling the parent before each, and writes their CSVs."""
    granules: list[GranuleHeader | str] = []
    with open_series(request.folder, request.tiers) as (writer, files):
        for index, path in enumerate(request.paths):
            parent.send(Started(index))
            try:
                granule = read_granule(path, request.tiers)
            except GranuleError as error:
                granules.append(str(error))
                continue
            writer.add(granule)
            granules.append(granule.header)
        if parent.poll():  # nothing is asked before this answer: the parent is gone, and with it the hour
            raise EOFError
    return HourReply(tuple(granules), tuple(files))

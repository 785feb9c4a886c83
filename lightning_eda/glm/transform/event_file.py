"""The events of an hour with what is known of their groups and flashes, as one Arrow file.

The decoding process writes it where all tiers are wanted together, and the run reads it granule by granule.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lightning_eda.glm.extract.record import Extraction
from lightning_eda.glm.granule import Granule, GranuleHeader
from lightning_eda.glm.transform.csv_files import SeriesFile
from lightning_eda.glm.transform.decoder import Decoder
from lightning_eda.glm.transform.messages import EVENTS, HourRequest
from lightning_eda.series import TIERS
from lightning_eda.storage.atomic import open_atomic

EVENT_FILE = "events.arrow"
EVENT_FILE_SCHEMA = pa.schema(
    [
        pa.field("event_lat", pa.float64(), False),
        pa.field("event_lon", pa.float64(), False),
        pa.field("event_energy", pa.float64()),
        pa.field("energy_from_group", pa.bool_(), False),
        pa.field("group_id", pa.int64(), False),
        pa.field("flash_id", pa.int32()),
        pa.field("flash_area", pa.float64()),
    ]
)
"""Degrees, J, m2. An energy that the file lacks is taken from the group's where that is possible; flash and
area are null where the flash is not in the file."""


class HourEvents:
    """The events of an hour.

    Attributes:
        refused: Name of each granule that cannot be trusted, and the reason.
    """

    def __init__(self, path: Path, headers: Collection[GranuleHeader], refused: dict[str, str]) -> None:
        self.refused = refused
        self._path = path
        self._headers = headers

    def __iter__(self) -> Iterator[tuple[GranuleHeader, pa.RecordBatch]]:
        """Each granule's header and events, in name order; one at a time is in memory."""
        with pa.memory_map(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            for number, header in enumerate(self._headers):
                yield header, reader.get_batch(number)


def decode_events(extraction: Extraction, decoder: Decoder, folder: Path) -> HourEvents:
    """Decodes the granules of an hour.

    Args:
        extraction: The granules.
        decoder: The process that decodes.
        folder: For the file; to be removed by the caller once the events have been read.

    Raises:
        StorageError: The folder cannot be written.
        DecoderError: The decoder does not work.
    """
    refused = {granule.file: granule.rejected for granule in extraction.rejected if granule.rejected}
    paths = tuple(extraction.path(one) for one in extraction.granules if one.rejected is None)
    reply = decoder.decode(HourRequest(paths, folder, TIERS, EVENTS))
    headers = [outcome for outcome in reply.granules if isinstance(outcome, GranuleHeader)]
    for path, outcome in zip(paths, reply.granules, strict=True):
        if isinstance(outcome, str):
            refused[path.name] = outcome
    return HourEvents(folder / EVENT_FILE, headers, refused)


class EventWriter:
    """Writes granules to the file, a batch each; made by `open_events`."""

    def __init__(self, writer: pa.RecordBatchFileWriter) -> None:
        self._writer = writer

    def add(self, granule: Granule) -> None:
        """Appends the events of a granule, all of whose tiers were decoded."""
        self._writer.write_batch(event_rows(granule))

    def finish(self) -> None:
        """Nothing is gathered, so nothing is left to write."""


@contextmanager
def open_events(folder: Path) -> Iterator[tuple[EventWriter, list[SeriesFile]]]:
    """A writer, and no CSVs: as `csv_files.open_series`.

    Raises:
        StorageError: The folder cannot be written.
    """
    with (
        open_atomic(folder / EVENT_FILE) as file,
        pa.ipc.new_file(file, EVENT_FILE_SCHEMA) as writer,
    ):
        yield EventWriter(writer), []


def event_rows(granule: Granule) -> pa.RecordBatch:
    """The events of a granule, all of whose tiers were decoded, with the columns `EVENT_FILE_SCHEMA`."""
    events, groups, flashes = granule.events, granule.groups, granule.flashes
    if events is None or groups is None or flashes is None:
        raise ValueError(f"{granule.header.name} was not decoded for all tiers")
    place = pc.index_in(events["flash_id"], value_set=flashes["flash_id"].combine_chunks())
    columns = {
        "event_lat": events["event_lat"],
        "event_lon": events["event_lon"],
        **_energies(events, groups),
        "group_id": events["group_id"],
        "flash_id": flashes["flash_id"].take(place),
        "flash_area": flashes["flash_area"].take(place),
    }
    table = pa.table([columns[name] for name in EVENT_FILE_SCHEMA.names], schema=EVENT_FILE_SCHEMA)
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=EVENT_FILE_SCHEMA)


def _energies(events: pa.Table, groups: pa.Table) -> dict[str, pa.Array]:
    """Energies, and which of them come from the group.

    An energy above 1.247 pJ does not fit into an event's 16 bits and is missing. Where only one of a group is
    missing it is what the group has more than the others.
    """
    energy = events["event_energy"].combine_chunks()
    if not energy.null_count:
        return {"event_energy": energy, "energy_from_group": pa.repeat(False, len(energy))}
    group = pc.index_in(events["group_id"], value_set=groups["group_id"].combine_chunks())
    place = group.to_numpy(zero_copy_only=False).astype(np.float64)
    known = energy.to_numpy(zero_copy_only=False)
    missing, has_group = np.isnan(known), np.isfinite(place)
    of = np.where(has_group, place, 0).astype(np.int64)
    number = max(groups.num_rows, 1)
    gaps = np.bincount(of, missing & has_group, minlength=number)
    rest = np.bincount(of, np.where(missing | ~has_group, 0.0, known), minlength=number)
    whole = np.full(number, np.nan)
    whole[: groups.num_rows] = groups["group_energy"].to_numpy()
    found = missing & has_group & (gaps[of] == 1) & (whole[of] > rest[of])
    values = np.where(found, whole[of] - rest[of], known)
    return {
        "event_energy": pa.array(values, mask=np.isnan(values)),
        "energy_from_group": pa.array(found),
    }

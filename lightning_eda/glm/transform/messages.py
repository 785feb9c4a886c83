"""What the run and the process that decodes for it say to each other."""

from dataclasses import dataclass
from pathlib import Path

from lightning_eda.glm.granule import GranuleHeader
from lightning_eda.glm.transform.csv_files import SeriesFile

SERIES = "series"
EVENTS = "events"


@dataclass(frozen=True)
class HourRequest:
    """What to decode: files in name order, the folder for what is written, the tiers, and what to write.

    `SERIES` are the CSVs of the tiers, `EVENTS` is the one file that needs all tiers.
    """

    paths: tuple[Path, ...]
    folder: Path
    tiers: tuple[str, ...]
    form: str = SERIES


@dataclass(frozen=True)
class Trial:
    """What to decode without writing anything, to see whether the decoder lives through it."""

    paths: tuple[Path, ...]
    tiers: tuple[str, ...]


class Undecoded(str):
    """Why a granule has no rows although its content may be right: it ended a fresh decoder, alone."""

    __slots__ = ()


@dataclass(frozen=True)
class Ready:
    """The child has imported what it needs; its first message."""


@dataclass(frozen=True)
class Started:
    """The child begins with the granule of this place in the request."""

    index: int


@dataclass(frozen=True)
class Writing:
    """The child is done with that granule and writes; what happens now is no granule's fault."""


@dataclass(frozen=True)
class HourReply:
    """What became of each path (its header, or why it has no rows), and the CSVs written."""

    granules: tuple[GranuleHeader | str, ...]
    files: tuple[SeriesFile, ...]

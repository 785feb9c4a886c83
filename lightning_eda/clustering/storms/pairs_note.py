"""What `flash_pairs` leaves for `storm_cells` on the pairs of a day: how and where."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lightning_eda.errors import PointsError
from lightning_eda.storage.atomic import write_atomic


@dataclass(frozen=True)
class PairsNote:
    """How the pairs of a day were found.

    Attributes:
        key: The object they are in.
        etag: Its version.
        max_km: No pair is farther apart in space, km.
        max_minutes: No pair is farther apart in time, minutes.
        satellites: The satellites that were asked for; [] is all.
        drop_artifacts: Whether flashes of a static pixel were left out.
        flashes: Flashes of the day.
        pairs: Pairs found.
        isolated: Flashes without a neighbour, which are in no pair.
        most_neighbours: Neighbours of the flash that has the most.
        granules: Granules of the day in the ledger before the flashes were read; None in older notes.
        last_loaded_at: The newest time one of them was loaded, as ISO text; None when there is none.
    """

    key: str
    etag: str
    max_km: float
    max_minutes: float
    satellites: list[str]
    drop_artifacts: bool
    flashes: int
    pairs: int
    isolated: int
    most_neighbours: int
    granules: int | None = None
    last_loaded_at: str | None = None


def write_note(path: Path, note: PairsNote) -> None:
    """Writes the note, whole or not at all.

    Raises:
        StorageError: The system refused.
    """
    write_atomic(path, json.dumps(asdict(note), indent=1).encode())


def read_note(path: Path) -> PairsNote:
    """The note at a path.

    Raises:
        PointsError: There is none, or it is another's.
    """
    try:
        return PairsNote(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise PointsError(f"{path} is absent: run flash_pairs for this day first") from None
    except (OSError, ValueError, TypeError) as error:
        raise PointsError(f"{path} cannot be read ({error}): run flash_pairs for this day again") from error

"""Whether granules are of an instrument: those of the simulator say in their attributes that they are not."""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from lightning_eda.errors import GranuleNameError
from lightning_eda.glm.names import GranuleName
from lightning_eda.glm.windows import Window

SIMULATED = "Simulated by lightning_eda"  # in the attribute production_data_source
LOOKED_AT = 3  # of each satellite: one of them may be damaged


def simulated_satellites(folder: Path) -> set[str]:
    """The satellites whose granules in a folder are simulated, by the first few granules of each.

    HDF5 stores the text of attributes as it is, so no library has to open the files.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*.nc")):
        try:
            found[GranuleName.parse(path.name).satellite].append(path)
        except GranuleNameError:
            continue
    return {satellite for satellite, paths in found.items() if any(map(_says_so, paths[:LOOKED_AT]))}


def source_text(store: str, folder: Path) -> str:
    """Where the granules in a folder come from, with a word of warning when they are simulated.

    Args:
        store: The bucket or archive, for people.
        folder: The granules as `extract` left them.
    """
    return f"{store}, simulated granules" if simulated_satellites(folder) else store


def window_is_simulated(data_dir: Path, window: Window, satellites: Collection[str]) -> bool:
    """Whether granules of these satellites in a window, as `extract` left them, are simulated.

    False where the granules are no longer in the data folder.
    """
    folders = (
        folder
        for hour in window.hours()
        for folder in (data_dir / "extract").glob(f"*/{hour:%Y}/{hour:%j}/{hour:%H}")
    )
    return any(simulated_satellites(folder) & set(satellites) for folder in folders)


def _says_so(path: Path) -> bool:
    try:
        return SIMULATED.encode() in path.read_bytes()
    except OSError:
        return False  # replaced by another run meanwhile

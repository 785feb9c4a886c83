"""Processes that load hours, and can be killed while they do."""

from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from lightning_eda.series import TABLES
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.support.processes import new_process, pipe
from lightning_eda_tests.warehouse.hours import NOW, hour_at


class LoadingProcess:
    """A process that is ready to load folders, each named by its hour (`2024-05-01T03`), as G18.

    Args:
        database: The database to load into.
        folders: Folders of series, loaded one after the other.
        until_finish: Whether it begins with the first folder again, until `finish` says that it is enough.
    """

    def __init__(self, database: Path, folders: Sequence[Path], until_finish: bool = False) -> None:
        self._ours, theirs = pipe()
        self.process = new_process(_load_when_told, theirs, database, list(folders), until_finish)
        self.process.start()
        theirs.close()
        assert self._ours.recv() == "ready"

    def go(self) -> None:
        """Lets it load."""
        self._ours.send("go")

    def kill(self) -> None:
        """Ends it with SIGKILL, wherever it is."""
        self.process.kill()
        self.process.join()
        self._ours.close()

    def is_loading(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.exitcode is None

    def finish(self) -> None:
        """Waits for its end, which must be a good one, after all folders."""
        with suppress(BrokenPipeError):
            self._ours.send("enough")
        self.process.join()
        self._ours.close()
        assert self.process.exitcode == 0


def _load_when_told(parent: Connection, database: Path, folders: list[Path], until_finish: bool) -> None:
    parent.send("ready")
    parent.recv()
    enough = False
    while not enough:
        for folder in folders:
            series = {name: folder / f"{name}.csv" for name in TABLES}
            replace_hour(database, hour_at(f"{folder.name}:00"), ["G18"], series, NOW)
        enough = not until_finish or parent.poll()

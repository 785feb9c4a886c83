"""Opens a DuckDB file: waits while others hold it, within a bound, and says in plain words what is wrong."""

import logging
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lightning_eda.errors import DatabaseBusyError, WarehouseError
from lightning_eda.texts import plain
from lightning_eda.warehouse.database.instances import connected

CATALOG = "lightning"
STORAGE_VERSION = "v1.5.0"  # DuckDB 1.5 and 2.x both read it; 2.x alone would write a format of its own
READ_WRITE = ""
READ_ONLY = " (READ_ONLY)"
CREATE = f" (STORAGE_VERSION '{STORAGE_VERSION}')"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.005, 0.1
PAUSE_SHARE = 0.02  # of what was waited: a try takes DuckDB 25 ms, as it looks up who holds the file
TOLD_AFTER_S = 3.0
BUSY = re.compile(r"set lock on file|Unique file handle|different configuration|used by another process")
HOLDER = re.compile(r"lock is held in (?P<command>.+?) \(PID (?P<pid>\d+)\)")
LONGEST_COMMAND = 80
NEWER = re.compile(r"version number \d+, but we can only read")
logger = logging.getLogger(__name__)


@dataclass
class Patience:
    """How long to wait in all, from the moment it was made.

    Attributes:
        bound_s: How long, seconds.
        deadline: The reading of `time.monotonic` at which it is over.
        told: Whether the log says already who is waited for.
    """

    bound_s: float
    deadline: float
    told: bool = False

    @classmethod
    def of(cls, bound_s: float, told: bool = False) -> "Patience":
        """Patience that starts now."""
        return cls(bound_s, time.monotonic() + bound_s, told)

    @property
    def left_s(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def waited_s(self) -> float:
        """Seconds since it was made."""
        return self.bound_s - (self.deadline - time.monotonic())

    @property
    def untold_s(self) -> float:
        """How long it may still be waited before the log says so, seconds."""
        return min(self.left_s, max(0.0, TOLD_AFTER_S - self.waited_s))

    def tell(self, database: Path, message: str) -> None:
        """Says once in the log who is waited for, when that is no longer a matter of moments.

        Args:
            database: The file.
            message: As of `holder`.
        """
        if not self.told and self.waited_s >= TOLD_AFTER_S:
            self.told = True
            left = f"waiting for it, {self.left_s:.0f} s at most"
            logger.warning("%s is held by %s: %s", database, holder(message), left)


@contextmanager
def attached(database: Path, mode: str, patience: Patience) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own with the file attached and in use; closed whatever happens.

    Args:
        database: The file, absolute.
        mode: READ_WRITE, READ_ONLY or CREATE.
        patience: How long to go on trying while others hold the file.

    Raises:
        DatabaseBusyError: Others held it all that time.
        WarehouseError: The file cannot be opened as a database.
    """
    with connected() as connection:
        attach(connection, database, mode, patience)
        yield connection


def attach(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    mode: str,
    patience: Patience,
) -> None:
    """Attaches a file and puts it in use; arguments and errors as of `attached`."""
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            connection.execute(f"ATTACH {path_literal(database)} AS {CATALOG}{mode}")
            connection.execute(f"USE {CATALOG}")
            return
        except duckdb.Error as error:
            if not BUSY.search(str(error)):
                raise WarehouseError(open_error_text(database, error)) from error
            if patience.left_s == 0:
                raise DatabaseBusyError(busy_text(database, str(error), patience.bound_s)) from error
            patience.tell(database, str(error))
        time.sleep(min(pause_s * random.uniform(0.5, 1.0), patience.left_s))
        pause_s = min(pause_s * 2, max(LONGEST_PAUSE_S, PAUSE_SHARE * patience.waited_s))


def detach(connection: duckdb.DuckDBPyConnection) -> None:
    """Writes all of an attached file to the file itself and lets go of it; the connection stays."""
    connection.execute(f"CHECKPOINT {CATALOG}")
    connection.execute("USE memory")
    connection.execute(f"DETACH {CATALOG}")


def path_literal(path: Path) -> str:
    """An absolute path as SQL writes a text, since ATTACH takes no parameter in DuckDB 1.5."""
    return "'" + str(path).replace("'", "''") + "'"


def holder(message: str) -> str:
    """Who holds a database, by DuckDB's own message, or by "" when the lock file was the obstacle."""
    found = HOLDER.search(message)
    if found is not None:
        return f"process {found['pid']} ({_command(found['pid'], found['command'])})"
    if "Unique file handle" in message or "different configuration" in message:
        return f"this very process ({os.getpid()}), by another connection"
    return "another process of lightning_eda"


def _command(pid: str, program: str) -> str:
    """How a process was started, such as `python notebook.py`; its program alone where that is not told.

    Not all of it: what follows may be secret, and this goes to logs.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return program
    shown = words[1:3] if words[1:2] == ["-m"] else words[1:2]
    return plain(" ".join([Path(words[0] or program).name, *shown]))[:LONGEST_COMMAND]


def busy_text(database: Path, message: str, waited_s: float) -> str:
    """What is said when others hold the database: who, for how long, and what to do.

    Args:
        database: The file.
        message: As of `holder`.
        waited_s: How long was waited, seconds.
    """
    return (
        f"{database} is held by {holder(message)}; waited {waited_s:.1f} s. Close the connection there (in a "
        "notebook `connection.close()`, in the duckdb command line `.quit`), or wait, then run this again."
    )


def open_error_text(database: Path, error: duckdb.Error) -> str:
    """What is said when a file cannot be opened as a database."""
    message = str(error)
    if NEWER.search(message):
        return (
            f"{database} was written in the format of a newer DuckDB than the one installed "
            f"({duckdb.__version__}): upgrade with `pip install -U duckdb`. DuckDB says: {message}"
        )
    return f"{database} could not be opened as a DuckDB database: {message}"

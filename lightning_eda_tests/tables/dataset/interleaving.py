"""Several runs over one store that take turns request by request, in an order that the test chooses.

Each run is a thread that waits before each request until its turn comes, so one schedule is one interleaving.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning_eda.errors import StorageError
from lightning_eda.storage.folder import FolderStore

PATIENCE_S = 20.0


class KilledError(BaseException):
    """The run is dead: nothing it would still do is done."""


@dataclass
class Turn:
    """The turns of one run, and where it shall end.

    Attributes:
        dies_at: Number of the request, from 1, before which it is killed.
        fails_at: Number of the request that fails, once.
        requests: Requests made so far.
    """

    dies_at: int | None = None
    fails_at: int | None = None
    requests: int = 0
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def take(self) -> None:
        """Waits for the turn; raises where the run dies or the request fails."""
        self.waits.release()
        assert self.go.acquire(timeout=PATIENCE_S)
        self.requests += 1
        if self.dies_at is not None and self.requests >= self.dies_at:
            raise KilledError
        if self.requests == self.fails_at:
            raise StorageError(f"request {self.requests} fails on purpose")


class TurnStore(FolderStore):
    """A folder whose every request waits for the run's turn."""

    def __init__(self, root: Path, turn: Turn) -> None:
        super().__init__(root)
        self._turn = turn

    def list_objects(self, prefix: str) -> Any:
        self._turn.take()
        return super().list_objects(prefix)

    def open_object(self, info: Any) -> Any:
        self._turn.take()
        return super().open_object(info)

    def put_object(self, key: str, data: Any, metadata: Any = None) -> Any:
        self._turn.take()
        return super().put_object(key, data, metadata)

    def delete_object(self, key: str) -> None:
        self._turn.take()
        super().delete_object(key)


def interleave(
    bodies: Sequence[Callable[[], Any]],
    turns: Sequence[Turn],
    schedule: Sequence[int],
    look: Callable[[], None],
) -> list[Any]:
    """Runs all bodies to their ends, one request at a time.

    Args:
        bodies: What each run does.
        turns: The turns of each.
        schedule: Which run makes the next request; when it is used up, the runs end one after the other.
        look: Called after each request.

    Returns:
        What each body returned, or the exception it ended with.
    """
    ends: list[Any] = [None] * len(bodies)
    ended = [threading.Event() for _ in bodies]

    def body(number: int) -> None:
        try:
            ends[number] = bodies[number]()
        except BaseException as error:  # noqa: BLE001 - an end to look at, whatever it is
            ends[number] = error
        ended[number].set()
        turns[number].waits.release()

    threads = [threading.Thread(target=body, args=(number,), daemon=True) for number in range(len(bodies))]
    for thread, turn in zip(threads, turns, strict=True):
        thread.start()
        assert turn.waits.acquire(timeout=PATIENCE_S)
    rest = [number for number in range(len(bodies)) for _ in range(60)]
    for number in [*schedule, *rest]:
        if not ended[number].is_set():
            turns[number].go.release()
            assert turns[number].waits.acquire(timeout=PATIENCE_S)
            look()
    for thread in threads:
        thread.join(PATIENCE_S)
    return ends

"""A function for many things: on the workers of a Dask cluster, or one after the other in this process.

Only the address of a scheduler makes the difference, and only then Dask is loaded. What a worker is given
and gives back must be small: it goes through the scheduler.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from lightning_eda.errors import FleetError, FleetLostError, LightningEdaError, SettingError
from lightning_eda.texts import named, plain

if TYPE_CHECKING:
    from distributed import Client, Future

Task = TypeVar("Task")
Result = TypeVar("Result")

VARIABLE = "DASK_SCHEDULER"
CONNECT_TIMEOUT_S, POLL_S = 30, 0.2
GONE = ("cancelled", "lost")
"""States of what a scheduler was asked for that is gone."""
DEADLY = "each worker that tried it died: it may need more memory than a worker has, whose log says more"
logger = logging.getLogger(__name__)


def each_done(
    scheduler: str | None, function: Callable[[Task], Result], tasks: Mapping[str, Task]
) -> Iterator[tuple[str, Result | LightningEdaError]]:
    """The result of each task, or what went wrong with it alone, as they come.

    A worker that dies gives its tasks back to the scheduler, so a task may run twice. The scheduler blames
    all of them for it, so those that it gave up are tried once more, each alone.

    Args:
        scheduler: Address of the scheduler; None or "" runs the tasks here.
        function: What to do with each; of a module that the workers can import.
        tasks: By names that people know them by.

    Raises:
        FleetError: No scheduler answers.
        FleetLostError: The scheduler is gone while tasks are not done; the text names them.
        SettingError: The address is none.
    """
    if scheduler:
        yield from _on_workers(scheduler, function, tasks)
        return
    for name, task in tasks.items():
        try:
            yield name, function(task)
        except LightningEdaError as error:
            yield name, error


def _on_workers(
    scheduler: str, function: Callable[[Task], Result], tasks: Mapping[str, Task]
) -> Iterator[tuple[str, Result | LightningEdaError]]:
    from distributed import as_completed

    run = secrets.token_hex(8)  # keys of two runs never meet
    left, given_up = dict.fromkeys(tasks), list[str]()
    with _connected(scheduler) as client:
        if not client.scheduler_info(n_workers=1)["workers"]:
            logger.warning("the scheduler at %s has no worker yet: waiting for one", scheduler)
        futures = {
            client.submit(function, task, key=f"{run}-{name}", pure=False): name
            for name, task in tasks.items()
        }
        for future in as_completed(futures):
            if future.status in GONE:
                raise _lost(scheduler, list(left))
            name = futures[future]
            if _was_given_up(future):
                given_up.append(name)
                continue
            del left[name]
            yield name, _outcome(future)
            future.release()
        for name in given_up:
            outcome: Result | LightningEdaError = FleetError(DEADLY)
            if len(given_up) > 1:  # a single one has been blamed for nobody else
                try:
                    tried = _alone(client, function, tasks[name], f"{run}-alone-{name}")
                except OSError as error:
                    raise _lost(scheduler, list(left)) from error
                if tried.status in GONE:
                    raise _lost(scheduler, list(left))
                outcome = outcome if tried.status == "pending" else _outcome(tried)
            del left[name]
            yield name, outcome


@contextmanager
def _connected(scheduler: str) -> "Iterator[Client]":
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except ValueError as error:
        raise SettingError(VARIABLE, scheduler, "an address such as tcp://10.0.0.1:8786") from error
    except OSError as error:
        raise FleetError(
            f"no Dask scheduler answers at {scheduler} ({plain(str(error))}): start it, or correct {VARIABLE}"
        ) from error
    with client, client.as_current():
        yield client


def _alone(client: "Client", function: Callable[[Task], Result], task: Task, key: str) -> "Future":
    """A task that has some worker to itself: done, or still pending though that worker is gone."""

    def workers() -> list[str]:
        return list(client.scheduler_info(n_workers=-1)["workers"])

    while not (there := workers()):
        client.wait_for_workers(1)
    future = client.submit(function, task, key=key, pure=False, workers=there[:1], allow_other_workers=False)
    while future.status == "pending" and there[0] in workers():
        time.sleep(POLL_S)
    return future


def _was_given_up(future: "Future") -> bool:
    """Whether so many workers died with it that the scheduler tries it on no other."""
    from distributed.scheduler import KilledWorker

    return future.status == "error" and isinstance(future.exception(), KilledWorker)


def _outcome(future: "Future") -> "Result | LightningEdaError":
    """The result, or one of our errors for whatever went wrong."""
    error = future.exception() if future.status == "error" else None
    if error is None:
        return future.result()  # type: ignore[no-any-return]
    if isinstance(error, LightningEdaError):
        return error
    if _was_given_up(future):
        return FleetError(DEADLY)
    return FleetError(f"a worker failed with {type(error).__name__}: {plain(str(error))}")


def _lost(scheduler: str, left: list[str]) -> FleetLostError:
    return FleetLostError(
        f"the Dask scheduler at {scheduler} is gone while {len(left)} were not done: "
        f"{named(left, 24, ', ')}. Start it, and run them again"
    )

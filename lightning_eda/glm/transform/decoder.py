"""Decoding in a child process, so that no file from outside can take the run down."""

import atexit
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightning_eda.errors import DecoderError, LightningEdaError

if TYPE_CHECKING:
    from lightning_eda.glm.granule import GranuleHeader
    from lightning_eda.glm.transform.messages import HourReply, HourRequest, Trial

START_TIMEOUT_S = 60.0
GRANULE_TIMEOUT_S = 60.0  # a granule takes milliseconds; the largest there can be, a second or two
WRITE_TIMEOUT_S = 600.0  # the disk may be slow, or shared
END_TIMEOUT_S = 5.0
MOST_LOSSES = 6  # children of an hour that may die or hang without a granule to blame
MOST_IDLE_BYTES = 256 << 20  # of a child that waits
MOST_WITNESSES = 2  # other granules that are tried alone before one is blamed
PACKAGE_ROOT = Path(__file__).parents[3]
START_CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from lightning_eda.glm.transform.child import main
main(int(sys.argv[2]))
"""


log = logging.getLogger(__name__)
_idle: dict[int, tuple["subprocess.Popen[bytes]", Connection]] = {}
"""The child that waits for the next `Decoder`, by the process that started it: a fork leaves it alone."""


@dataclass(frozen=True)
class _Loss:
    """How a child was lost, and the place of the granule it was at; None when it was at none."""

    place: int | None
    reason: str


class Decoder:
    """A child process that decodes one hour after the other; use it in a `with` statement.

    It starts as the statement is entered, and again at the next request after it died. Nothing waits for it
    before the first request: import what you need in the statement, while the child imports the same.
    After a statement without an error it waits for the next one in this process: its start takes 0.5 s.

    Args:
        granule_timeout_s: How long one granule may take before it counts as hung, seconds.
    """

    def __init__(self, granule_timeout_s: float = GRANULE_TIMEOUT_S) -> None:
        self.granule_timeout_s = granule_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._is_ready = False
        self._losses = 0

    def __enter__(self) -> Self:
        process, connection = _idle.pop(os.getpid(), (None, None))
        if process is not None and process.poll() is None:
            self._process, self._connection, self._is_ready = process, connection, True
        else:
            self._launch()
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process, connection = self._process, self._connection
        if error is None and self._is_ready and process and connection and _is_small(process):
            stop_idle()
            _idle[os.getpid()] = process, connection
            self._process = self._connection = None
            self._is_ready = False
        self._stop()

    def start(self) -> None:
        """Returns once the process says that it is ready for a request; starts it where none runs.

        Nobody needs to call it, since `decode` does; it allows decoding to be timed without the start.

        Raises:
            DecoderError: The child ends at once, or is not ready in time.
        """
        try:
            self._ready_connection()
        except (EOFError, ConnectionError):
            raise DecoderError(f"the decoder process ended ({self._death()}) before it was ready") from None

    def decode(self, request: "HourRequest") -> "HourReply":
        """Decodes the granules and writes the CSVs of an hour.

        When the child dies, or a granule takes too long, the hour is decoded again by a fresh one. A granule
        is left out only when it also ends a fresh child that decodes it alone, while another granule does
        not: somebody or the system may have killed or stopped the child for reasons of their own.

        Raises:
            StorageError: The CSVs cannot be written.
            DecoderError: `MOST_LOSSES` children were lost and no granule is to blame, or one hung although it
                was not decoding a granule: most likely the disk.
        """
        from lightning_eda.glm.transform.messages import HourReply, Undecoded

        given_up: dict[Path, str] = {}
        self._losses = 0
        while True:
            remaining = tuple(path for path in request.paths if path not in given_up)
            answer = self._ask(replace(request, paths=remaining))
            if isinstance(answer, HourReply):
                outcomes: dict[Path, GranuleHeader | str] = dict(zip(remaining, answer.granules, strict=True))
                outcomes.update(given_up)
                return replace(answer, granules=tuple(outcomes[path] for path in request.paths))
            if answer.place is not None and self._is_to_blame(answer.place, remaining, request.tiers):
                path = remaining[answer.place]
                given_up[path] = Undecoded(f"{path.name}: {answer.reason}, and again alone")
                self._losses -= 2  # the granule explains these

    def _is_to_blame(self, place: int, paths: tuple[Path, ...], tiers: tuple[str, ...]) -> bool:
        """Whether the granule at that place ends a fresh child, alone, and not every granule does."""
        if self._lives_through(paths[place], tiers):
            return False
        # Those before it were decoded in this request, so they are the best witnesses.
        others = (*reversed(paths[:place]), *reversed(paths[place + 1 :]))[:MOST_WITNESSES]
        return not others or any(self._lives_through(other, tiers) for other in others)

    def _lives_through(self, path: Path, tiers: tuple[str, ...]) -> bool:
        """Whether a child decodes a granule alone; one that dies before it came to it says nothing."""
        from lightning_eda.glm.transform.messages import HourReply, Trial

        while not isinstance(answer := self._ask(Trial((path,), tiers)), HourReply):
            if answer.place is not None:
                return False
        return True

    def _lost(self, reason: str, place: int | None = None) -> "_Loss":
        """Notes that a child was lost, and how; DecoderError once there are too many."""
        self._losses += 1
        if self._losses >= MOST_LOSSES:
            raise DecoderError(
                f"{reason}; it is the {MOST_LOSSES}th decoder lost in this hour, and not of one granule, so "
                "nothing is quarantined: something ends or stops these processes, most likely the system "
                "because memory is short. The run's stderr log has their last words. Free memory, or let "
                "fewer runs work at once (max_concurrent_runs in dagster.yaml), and run the hour again"
            )
        log.warning("%s; it is tried again by a fresh one", reason)
        return _Loss(place, reason)

    def _ask(self, request: "HourRequest | Trial") -> "HourReply | _Loss":
        """The child's reply, or how the child was lost; DecoderError when it hangs outside of a granule."""
        from lightning_eda.glm.transform.messages import HourReply, HourRequest, Started, Writing

        place: int | None = None
        limit_s = START_TIMEOUT_S
        stage = "before it was ready"
        try:
            connection = self._ready_connection()
            stage = "before it came to a granule"
            connection.send(request)
            while True:
                if not connection.poll(limit_s):
                    self._stop()
                    if place is None:
                        raise DecoderError(f"the decoder process hung for {limit_s:g} s {stage}")
                    return self._lost(f"decoding took longer than {limit_s:g} s", place)
                message = connection.recv()
                if isinstance(message, LightningEdaError):
                    raise message
                if isinstance(message, HourReply):
                    return message
                if isinstance(message, Started):
                    place, limit_s = message.index, self.granule_timeout_s
                if isinstance(message, Writing) and isinstance(request, HourRequest):
                    place, limit_s = None, WRITE_TIMEOUT_S
                    stage = f"while it wrote the CSVs in {request.folder}"
        except (EOFError, ConnectionError):
            if place is None:
                return self._lost(f"the decoder process ended ({self._death()}) {stage}")
            return self._lost(f"the decoder process died of it ({self._death()})", place)

    def _launch(self) -> Connection:
        """Starts the child and returns the way to it."""
        ours, theirs = Pipe()
        command = [sys.executable, "-c", START_CODE, str(PACKAGE_ROOT), str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        self._connection = ours
        return ours

    def _ready_connection(self) -> Connection:
        """The way to the child that has imported what it needs; it is started when there is none."""
        connection = self._connection or self._launch()
        if self._is_ready:
            return connection
        if connection.poll(START_TIMEOUT_S):
            connection.recv()  # Ready
            self._is_ready = True
            return connection
        self._stop()
        raise DecoderError(f"the decoder process was not ready within {START_TIMEOUT_S:g} s")

    def _death(self) -> str:
        """How the child ended, in words; forgets it."""
        process = self._process
        if process is None:
            return "it was never started"
        try:
            code = process.wait(timeout=END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return "it did not end"
        finally:
            self._stop()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _stop(self) -> None:
        """Ends the child, if there is one."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None
        self._is_ready = False


def stop_idle() -> None:
    """Ends the child that waits for the next `Decoder`; at the end of the process it is ended so."""
    process, connection = _idle.pop(os.getpid(), (None, None))
    if process is not None and connection is not None:
        connection.close()
        process.kill()
        process.wait()


atexit.register(stop_idle)


def _is_small(process: "subprocess.Popen[bytes]") -> bool:
    """Whether a child lives and holds little memory; False where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return False
    return process.poll() is None and pages * os.sysconf("SC_PAGESIZE") < MOST_IDLE_BYTES

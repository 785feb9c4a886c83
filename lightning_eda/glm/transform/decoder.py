"""Decoding in a child process, so that no file from outside can take the run down."""

import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightning_eda.errors import DecoderError, LightningEdaError

if TYPE_CHECKING:
    from lightning_eda.glm.granule import GranuleHeader
    from lightning_eda.glm.transform.messages import HourReply, HourRequest

START_TIMEOUT_S = 60.0
GRANULE_TIMEOUT_S = 60.0  # a granule takes milliseconds; the largest there can be, a second or two
WRITE_TIMEOUT_S = 600.0  # the disk may be slow, or shared
END_TIMEOUT_S = 5.0
PACKAGE_ROOT = Path(__file__).parents[3]
START_CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from lightning_eda.glm.transform.child import main
main(int(sys.argv[2]))
"""


class Decoder:
    """A child process that decodes one hour after the other; use it in a `with` statement.

    It starts as the statement is entered, and again at the next request after it died. Nothing waits for it
    before the first request: import what you need in the statement, while the child imports the same.

    Args:
        granule_timeout_s: How long one granule may take before it counts as hung, seconds.
    """

    def __init__(self, granule_timeout_s: float = GRANULE_TIMEOUT_S) -> None:
        self.granule_timeout_s = granule_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._is_ready = False

    def __enter__(self) -> Self:
        self._launch()
        return self

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def start(self) -> None:
        """Returns once the process says that it is ready for a request; starts it where none runs.

        Nobody needs to call it, since `decode` does; it allows decoding to be timed without the start.

        Raises:
            DecoderError: The child ends at once, or is not ready in time.
        """
        self._ready_connection()

    def decode(self, request: "HourRequest") -> "HourReply":
        """Decodes the granules and writes the CSVs of an hour.

        A granule during which the child dies or hangs is left out, with that as its reason, and the hour is
        decoded again without it.

        Raises:
            StorageError: The CSVs cannot be written.
            DecoderError: The child dies or hangs although it is not decoding a granule: most likely the disk.
        """
        from lightning_eda.glm.transform.messages import HourReply

        given_up: dict[Path, str] = {}
        while True:
            remaining = tuple(path for path in request.paths if path not in given_up)
            answer = self._ask(replace(request, paths=remaining))
            if isinstance(answer, HourReply):
                outcomes: dict[Path, GranuleHeader | str] = dict(zip(remaining, answer.granules, strict=True))
                outcomes.update(given_up)
                return replace(answer, granules=tuple(outcomes[path] for path in request.paths))
            place, reason = answer
            given_up[remaining[place]] = f"{remaining[place].name}: {reason}"

    def _ask(self, request: "HourRequest") -> "HourReply | tuple[int, str]":
        """The child's reply, or the granule it died of and how."""
        from lightning_eda.glm.transform.messages import HourReply, Started, Writing

        connection = self._ready_connection()
        place: int | None = None
        limit_s = START_TIMEOUT_S
        stage = "before it came to a granule"
        try:
            connection.send(request)
            while True:
                if not connection.poll(limit_s):
                    self._stop()
                    if place is None:
                        raise DecoderError(f"the decoder process hung for {limit_s:g} s {stage}")
                    return place, f"decoding took longer than {limit_s:g} s"
                message = connection.recv()
                if isinstance(message, LightningEdaError):
                    raise message
                if isinstance(message, HourReply):
                    return message
                if isinstance(message, Started):
                    place, limit_s = message.index, self.granule_timeout_s
                if isinstance(message, Writing):
                    place, limit_s = None, WRITE_TIMEOUT_S
                    stage = f"while it wrote the CSVs in {request.folder}"
        except (EOFError, ConnectionError):
            if place is None:
                raise self._early_end(stage) from None
            return place, f"the decoder process died of it ({self._death()})"

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
        try:
            if connection.poll(START_TIMEOUT_S):
                connection.recv()  # Ready
                self._is_ready = True
                return connection
        except (EOFError, ConnectionError):
            raise self._early_end("before it was ready") from None
        self._stop()
        raise DecoderError(f"the decoder process was not ready within {START_TIMEOUT_S:g} s")

    def _early_end(self, stage: str) -> DecoderError:
        return DecoderError(
            f"the decoder process ended ({self._death()}) {stage}; the run's stderr log has its last words"
        )

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
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None
        self._is_ready = False

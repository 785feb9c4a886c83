"""Where the batches of a CSV go."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa


class Sink(Protocol):
    """Takes the batches of one reading; `close` or `discard` is called after the last, and once."""

    def write(self, batch: pa.RecordBatch, /) -> None:
        """Takes the next rows."""

    def close(self) -> None:
        """All rows were written."""

    def discard(self) -> None:
        """What was written does not count: the file is read anew, or cannot be read."""


class Output:
    """The sink of one reading: made when the first batch comes, closed or else discarded whatever happens.

    Args:
        make_sink: Makes the sink for a schema.
    """

    def __init__(self, make_sink: Callable[[pa.Schema], Sink]) -> None:
        self._make_sink = make_sink
        self._sink: Sink | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def write(self, batch: pa.RecordBatch) -> None:
        """Takes the next rows."""
        if self._sink is None:
            self._sink = self._make_sink(batch.schema)
        self._sink.write(batch)

    def close(self, schema: pa.Schema) -> None:
        """All rows were written, perhaps none."""
        if self._sink is None:
            self._sink = self._make_sink(schema)
        self._sink.close()
        self._sink = None

    def discard(self) -> None:
        """What was written does not count."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.discard()

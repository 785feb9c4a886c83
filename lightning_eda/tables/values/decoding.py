"""Columns of raw bytes to columns of text."""

from functools import lru_cache

import numpy as np
import pyarrow as pa


class UndecodableError(ValueError):
    """A value has bytes that the encoding does not know; `index` says which value."""

    def __init__(self, index: int, value: bytes) -> None:
        self.index = index
        self.value = value
        super().__init__(f"value {index}: {value[:20]!r}")


def decode(column: pa.BinaryArray, encoding: str) -> pa.StringArray:
    """The text of a column of raw bytes; missing values stay missing.

    Args:
        column: The bytes, with no offset (as parsed).
        encoding: "utf-8", or an encoding of single bytes.

    Raises:
        UndecodableError: A value is not in that encoding.
    """
    try:
        if encoding == "utf-8":
            return column.cast(pa.string())
        return _decode_single_bytes(column, encoding)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _first_undecodable(column, encoding) from error


def as_ascii(column: pa.BinaryArray) -> pa.StringArray:
    """The same bytes called text, unchecked: for values that are then parsed as ASCII."""
    return column.view(pa.string())


def _decode_single_bytes(column: pa.BinaryArray, encoding: str) -> pa.StringArray:
    """Decodes all values as one text; every offset grows by what the characters before it have grown."""
    validity, offsets, values = column.buffers()
    raw = np.frombuffer(values, np.uint8) if values else np.empty(0, np.uint8)
    if raw.size == 0 or raw.max() < 0x80:
        return as_ascii(column)
    ends = np.frombuffer(offsets, np.int32)[: len(column) + 1]
    text = raw[: ends[-1]].tobytes().decode(encoding).encode("utf-8")
    beyond = np.flatnonzero(raw[: ends[-1]] >= 0x80)
    growth = np.concatenate([[0], np.cumsum(_growth_of_bytes(encoding)[raw[beyond]])])
    grown = (ends + growth[np.searchsorted(beyond, ends)]).astype(np.int32)
    buffers = [validity, pa.py_buffer(grown), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(column), buffers, column.null_count)


@lru_cache(maxsize=8)
def _growth_of_bytes(encoding: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many bytes longer each of the 256 is in UTF-8; 0 where the encoding does not know it."""
    lengths = [len(bytes([byte]).decode(encoding, "ignore").encode("utf-8")) for byte in range(256)]
    return np.maximum(np.array(lengths, np.int64) - 1, 0)


def _first_undecodable(column: pa.BinaryArray, encoding: str) -> UndecodableError:
    for index, value in enumerate(column.to_pylist()):
        try:
            (value or b"").decode(encoding)
        except UnicodeDecodeError:
            return UndecodableError(index, value)
    raise AssertionError("every value can be decoded by itself")

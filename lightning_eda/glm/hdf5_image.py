"""Guarded reading of one HDF5 file that lies in memory, by h5py's low-level API.

The library never opens a file for us, and nothing outside the image can be reached: a dataset is read only
after its link, layout, type, rank and size were found to be the plain ones a granule has. (A dataset with
external raw storage makes ordinary readers return the bytes of any file its author names.)
"""

from functools import cache
from math import prod
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5f, h5l, h5s, h5t, h5z
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError

MAX_CHUNK_BYTES = 1 << 23
MAX_ATTRIBUTE_BYTES = 1 << 12
ALLOWED_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
SIGNATURE = b"\x89HDF\r\n\x1a\n"

MEMORY_TYPES = {
    ("i", 2): (h5t.NATIVE_INT16, np.dtype(np.int16)),
    ("u", 2): (h5t.NATIVE_UINT16, np.dtype(np.int16)),
    ("i", 4): (h5t.NATIVE_INT32, np.dtype(np.int32)),
    ("u", 4): (h5t.NATIVE_UINT32, np.dtype(np.int32)),
    ("f", 4): (h5t.NATIVE_FLOAT, np.dtype(np.float32)),
}
CLASSES = {"i": h5t.INTEGER, "f": h5t.FLOAT}

# What h5py raises on damaged files; each becomes a GranuleError at the one place that opens an image.
DAMAGE_ERRORS = (OSError, KeyError, ValueError, RuntimeError, TypeError, MemoryError, OverflowError)


class Hdf5Image:
    """An HDF5 file in memory; use it in a `with` statement.

    Args:
        image: The whole file.
    """

    def __init__(self, image: bytes) -> None:
        if image[:8] != SIGNATURE:
            raise GranuleError(f"it is no HDF5 file: it starts with {image[:16]!r} ({len(image):,} bytes)")
        self._file = h5f.open_file_image(image)
        self._links = self._file.links

    def __enter__(self) -> "Hdf5Image":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return bool(self._links.exists(name.encode()))

    def vector(self, name: str, kind: str, size: int, max_rows: int) -> tuple[Any, NDArray[Any]]:
        """A one-dimensional dataset of the root group and all its values.

        Args:
            name: Name of the dataset.
            kind: "i" for integers of either sign (returned signed, bit for bit), "f" for floating point.
            size: Bytes of one value on disk.
            max_rows: The most rows that are read.

        Returns:
            The open dataset, for its attributes, and its values in native byte order.

        Raises:
            GranuleError: It is missing, or its type, rank, size or layout is not that of a granule's variable.
        """
        dataset = self._open(name)
        stored = dataset.get_type()
        if stored.get_class() != CLASSES[kind] or stored.get_size() != size:
            raise GranuleError(f"variable {name} has type {stored.dtype}, not {8 * size}-bit {kind!r}")
        space = dataset.get_space()
        if space.get_simple_extent_ndims() != 1:
            raise GranuleError(f"variable {name} has {space.get_simple_extent_ndims()} dimensions, not 1")
        rows = space.get_simple_extent_npoints()
        if rows > max_rows:
            raise GranuleError(f"variable {name} has {rows:,} rows; a granule has at most {max_rows:,}")
        is_unsigned = kind == "i" and stored.get_sign() == h5t.SGN_NONE
        memory_type, dtype = MEMORY_TYPES["u" if is_unsigned else kind, size]  # of one sign: nothing is clipped
        values = np.empty(rows, dtype)
        if rows:
            dataset.read(h5s.ALL, h5s.ALL, values, memory_type)
        return dataset, values

    def number(self, name: str) -> float | None:
        """The value of a scalar variable; None when it is absent or not one number."""
        if name not in self:
            return None
        dataset = self._open(name)
        value = np.empty((), np.float64)
        if dataset.get_space().get_simple_extent_npoints() != 1:
            return None
        dataset.read(h5s.ALL, h5s.ALL, value.reshape(dataset.shape), h5t.NATIVE_DOUBLE)
        return float(value)

    def text(self, name: str) -> str | None:
        """A text attribute of the file, None when there is none."""
        return text_attribute(self._file, name.encode())

    def _open(self, name: str) -> Any:  # noqa: ANN401 - h5py publishes no types
        """The open dataset of the root group; GranuleError unless it lies in this file, in plain chunks."""
        key = name.encode()
        if not self._links.exists(key):
            raise GranuleError(f"variable {name} is missing")
        if self._links.get_info(key).type != h5l.TYPE_HARD:
            raise GranuleError(f"variable {name} is a link to somewhere else")
        dataset = h5d.open(self._file, key)
        if not _is_internal(dataset.get_create_plist()):
            raise GranuleError(f"variable {name} is not stored inside the file in plain chunks")
        return dataset


def _is_internal(plist: Any) -> bool:  # noqa: ANN401
    """Whether the bytes lie inside the file, in chunks of sane size, behind harmless filters."""
    layout = plist.get_layout()
    if layout in (h5d.CONTIGUOUS, h5d.COMPACT):
        return bool(plist.get_external_count() == 0)
    if layout != h5d.CHUNKED or 8 * prod(plist.get_chunk()) > MAX_CHUNK_BYTES:
        return False
    return all(plist.get_filter(i)[0] in ALLOWED_FILTERS for i in range(plist.get_nfilters()))


def number_attribute(holder: Any, name: bytes) -> float | None:  # noqa: ANN401
    """A numeric attribute of one value, as float64 of the stored value; None when it is absent."""
    attribute = _attribute(holder, name)
    if attribute is None:
        return None
    value = np.empty(1, np.float64)
    attribute.read(value, h5t.NATIVE_DOUBLE)
    return value.item()


def integers_attribute(holder: Any, name: bytes, count: int = 1) -> list[int] | None:  # noqa: ANN401
    """An attribute of `count` integers; None when it is absent."""
    attribute = _attribute(holder, name)
    if attribute is None:
        return None
    value = np.empty(count, np.int64)
    attribute.read(value, h5t.NATIVE_INT64)
    numbers: list[int] = value.tolist()
    return numbers


def text_attribute(holder: Any, name: bytes) -> str | None:  # noqa: ANN401
    """A text attribute, of fixed or variable length; None when it is absent, absurdly long or no text."""
    attribute = _attribute(holder, name)
    if attribute is None:
        return None
    length = attribute.get_storage_size()
    if not 0 < length <= MAX_ATTRIBUTE_BYTES:
        return None
    value = np.empty((), f"S{length}")
    try:
        attribute.read(value, _text_type(length))
    except (OSError, TypeError, ValueError):
        return _variable_text(attribute)
    return bytes(value.item()).decode("ascii", "replace")


def _attribute(holder: Any, name: bytes) -> Any:  # noqa: ANN401
    return h5a.open(holder, name) if h5a.exists(holder, name) else None


def _variable_text(attribute: Any) -> str | None:  # noqa: ANN401
    """The text of a variable-length attribute, which h5py writes and netCDF does not."""
    stored = attribute.get_type()
    if stored.get_class() != h5t.STRING or not stored.is_variable_str() or attribute.shape != ():
        return None
    value = np.empty((), stored.dtype)
    attribute.read(value)
    return bytes(value.item()).decode("utf-8", "replace")


@cache
def _text_type(length: int) -> Any:  # noqa: ANN401
    """The memory type of a text of `length` bytes; kept, because making one costs more than a read."""
    text = h5t.C_S1.copy()
    text.set_size(length)
    text.set_strpad(h5t.STR_NULLPAD)
    return text

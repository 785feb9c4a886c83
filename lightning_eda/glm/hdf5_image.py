"""Guarded reading of one HDF5 file that lies in memory.

The library never opens a file for us, and nothing outside the image can be reached: a dataset is read only
after its link, layout, type, rank and size were found to be the plain ones a granule has. (A dataset with
external raw storage makes ordinary readers return the bytes of any file its author names.)

Variables in the layout of real granules are taken straight from the bytes (hdf5_chunks), all others are read
by h5py's low-level API.
"""

from functools import cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5l, h5s, h5t, h5z
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.hdf5_chunks import (
    NOT_PLAIN,
    Messages,
    Run,
    attribute_bytes,
    read_header,
    read_number,
    read_vector,
)
from lightning_eda.glm.lcfa_variables import MAX_ROWS

MAX_CHUNK_BYTES = 1 << 23
MAX_FILTERED_CHUNK_BYTES = (
    1 << 18
)  # deflate makes at most 1032 bytes of one: a hostile chunk stays below 300 MB
MAX_ATTRIBUTE_BYTES = 1 << 12
ALLOWED_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
SIGNATURE = b"\x89HDF\r\n\x1a\n"
END_PLACES = {0: 40, 1: 44, 2: 28, 3: 28}  # of the end-of-file address, by version of the superblock
SIZE_PLACES = {0: 13, 1: 13, 2: 9, 3: 9}  # of the number of bytes of an address

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


class Vector(NamedTuple):
    """The values of a one-dimensional variable.

    Attributes:
        values: All of them, in native byte order; integers of either sign come as signed ones, bit for bit.
        messages: Of its object header, when it has the plain layout; None when h5py read it.
    """

    values: NDArray[Any]
    messages: Messages | None


class Hdf5Image:
    """An HDF5 file in memory; use it in a `with` statement.

    Args:
        image: The whole file.
    """

    def __init__(self, image: bytes) -> None:
        if image[:8] != SIGNATURE:
            raise GranuleError(f"it is no HDF5 file: it starts with {image[:16]!r} ({len(image):,} bytes)")
        self._image = image
        self._check_length()
        self._file = h5f.open_file_image(image)
        self._links = self._file.links
        self._runs: list[Run] = []

    def __enter__(self) -> "Hdf5Image":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return bool(self._links.exists(name.encode()))

    def _check_length(self) -> None:
        """Raise GranuleError unless the file ends where its superblock says (HDF5 reads on if it is longer)."""
        place = END_PLACES.get(self._image[8])
        if place is None or self._image[SIZE_PLACES[self._image[8]]] != 8:
            return  # HDF5 says what is wrong with it
        end = int.from_bytes(self._image[place : place + 8], "little")
        if end != len(self._image):
            raise GranuleError(f"it has {len(self._image):,} bytes, its header says {end:,}")

    def vector(self, name: str, kind: str, size: int) -> Vector:
        """All values of a one-dimensional dataset of the root group.

        Args:
            name: Name of the dataset.
            kind: "i" for integers of either sign, "f" for floating point.
            size: Bytes of one value on disk.

        Raises:
            GranuleError: It is missing, or its type, rank, size or layout is not that of a granule's variable.
        """
        try:
            messages = self._messages(name)
            values, runs = read_vector(self._image, messages, kind, size)
        except NOT_PLAIN:
            return Vector(self._read(name, kind, size), None)
        except GranuleError as error:
            raise GranuleError(f"variable {name}: {error}") from error
        self._runs += runs
        return Vector(values, messages)

    def attributes(self, vector: Vector) -> bytes:
        """The bytes that hold all attributes of a variable; none when it has not the plain layout."""
        if vector.messages is None:
            return b""
        try:
            return attribute_bytes(self._image, vector.messages)
        except NOT_PLAIN:
            return b""

    def check_runs(self) -> None:
        """Raise GranuleError when two variables that were read share bytes: an address was damaged."""
        reached = 0
        for begin, end in sorted(self._runs):
            if begin < reached:
                raise GranuleError("chunks of its variables overlap: the file is damaged")
            reached = end

    def number(self, name: str) -> float | None:
        """The value of a scalar variable; None when it is absent or not one number."""
        if name not in self:
            return None
        try:
            return read_number(self._image, self._messages(name))
        except NOT_PLAIN:
            dataset = self.dataset(name)
        value = np.empty((), np.float64)
        if dataset.get_space().get_simple_extent_npoints() != 1:
            return None
        dataset.read(h5s.ALL, h5s.ALL, value.reshape(dataset.shape), h5t.NATIVE_DOUBLE)
        return float(value)

    def _messages(self, name: str) -> Messages:
        """The messages of a variable's object header, whose checksum HDF5 verifies here."""
        try:
            found = h5g.get_objinfo(self._file, name.encode(), follow_link=False)
        except RuntimeError as error:
            raise KeyError(name) from error
        if found.type != h5g.DATASET:
            raise KeyError(name)
        return read_header(self._image, found.objno[0])

    def _read(self, name: str, kind: str, size: int) -> NDArray[Any]:
        """The values of a dataset of any harmless layout, as h5py reads them."""
        dataset = self.dataset(name)
        stored = dataset.get_type()
        if stored.get_class() != CLASSES[kind] or stored.get_size() != size:
            raise GranuleError(f"variable {name} has type {stored.dtype}, not {8 * size}-bit {kind!r}")
        space = dataset.get_space()
        if space.get_simple_extent_ndims() != 1:
            raise GranuleError(f"variable {name} has {space.get_simple_extent_ndims()} dimensions, not 1")
        rows = space.get_simple_extent_npoints()
        if rows > MAX_ROWS:
            raise GranuleError(f"variable {name} has {rows:,} rows; a granule has at most {MAX_ROWS:,}")
        is_unsigned = kind == "i" and stored.get_sign() == h5t.SGN_NONE
        memory_type, dtype = MEMORY_TYPES[
            "u" if is_unsigned else kind, size
        ]  # of one sign: nothing is clipped
        values = np.empty(rows, dtype)
        if rows:
            dataset.read(h5s.ALL, h5s.ALL, values, memory_type)
        return values

    def text(self, name: str) -> str | None:
        """A text attribute of the file, None when there is none."""
        return text_attribute(self._file, name.encode())

    def dataset(self, name: str) -> Any:  # noqa: ANN401 - h5py publishes no types
        """The open dataset of the root group; GranuleError unless it lies in this file, in plain chunks."""
        key = name.encode()
        if not self._links.exists(key):
            raise GranuleError(f"variable {name} is missing")
        if self._links.get_info(key).type != h5l.TYPE_HARD:
            raise GranuleError(f"variable {name} is a link to somewhere else")
        dataset = h5d.open(self._file, key)
        try:
            _check_storage(dataset)
        except GranuleError as error:
            raise GranuleError(f"variable {name}: {error}") from error
        return dataset


def _check_storage(dataset: Any) -> None:  # noqa: ANN401
    """Raise GranuleError unless the bytes lie in this file, in whole chunks of sane size, harmlessly filtered."""
    plist = dataset.get_create_plist()
    layout = plist.get_layout()
    if layout in (h5d.CONTIGUOUS, h5d.COMPACT) and plist.get_external_count() == 0:
        return
    if layout != h5d.CHUNKED:
        raise GranuleError("it is not stored inside the file")
    chunk_bytes = prod(plist.get_chunk()) * dataset.get_type().get_size()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if len(set(filters)) < len(filters) or not ALLOWED_FILTERS.issuperset(filters):
        raise GranuleError(f"it has the HDF5 filters {filters}")
    if chunk_bytes > (MAX_FILTERED_CHUNK_BYTES if filters else MAX_CHUNK_BYTES):
        raise GranuleError(f"it has chunks of {chunk_bytes:,} bytes")
    stored: list[int] = []
    dataset.chunk_iter(lambda chunk: stored.append(chunk.size))
    if stored and max(stored) > chunk_bytes * 1.01 + 64:
        raise GranuleError(f"it has a stored chunk of {max(stored):,} bytes where {chunk_bytes:,} fit")
    if dataset.rank == 1 and len(stored) < -(-dataset.shape[0] // plist.get_chunk()[0]):
        raise GranuleError("it lacks chunks")


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

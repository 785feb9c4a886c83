"""Guarded reading of one HDF5 file that lies in memory, by h5py's low-level API.

The library never opens a file for us, and nothing outside the image can be reached: a dataset is read only
after its link, layout, type, rank and size were found to be the plain ones a granule has. (A dataset with
external raw storage makes ordinary readers return the bytes of any file its author names.)
"""

import zlib
from functools import cached_property
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5f, h5l, h5o, h5s, h5t, h5z
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.hdf5.limits import HDF5_SIGNATURE, MAX_ROWS

MAX_CHUNK_BYTES = 1 << 23
CHECKSUM_BYTES = 4  # what the fletcher32 filter adds
MAX_ATTRIBUTE_BYTES = 1 << 12
ALLOWED_FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
END_PLACES = {b"\0": 40, b"\1": 44, b"\2": 28, b"\3": 28}  # of the end-of-file address, by superblock version

MEMORY_TYPES: dict[tuple[str, int], tuple[Any, np.dtype[Any]]] = {
    ("i", 2): (h5t.NATIVE_INT16, np.dtype(np.int16)),
    ("u", 2): (h5t.NATIVE_UINT16, np.dtype(np.int16)),
    ("i", 4): (h5t.NATIVE_INT32, np.dtype(np.int32)),
    ("u", 4): (h5t.NATIVE_UINT32, np.dtype(np.int32)),
    ("f", 4): (h5t.NATIVE_FLOAT, np.dtype(np.float32)),
}
WORDS = {"i": "integers", "f": "floating-point numbers"}
CLASSES = {"i": h5t.INTEGER, "f": h5t.FLOAT}

# What h5py raises on damaged files; each becomes a GranuleError at the one place that opens an image.
DAMAGE_ERRORS = (OSError, KeyError, ValueError, RuntimeError, TypeError, MemoryError, OverflowError)


class Hdf5Image:
    """An HDF5 file in memory; use it in a `with` statement.

    Args:
        image: The whole file; `bytes` gives it back.
    """

    def __init__(self, image: bytes) -> None:
        if image[:8] != HDF5_SIGNATURE:
            raise GranuleError(f"it is no HDF5 file: it starts with {image[:16]!r} ({len(image):,} bytes)")
        self.bytes = image
        self._check_length()

    def __enter__(self) -> "Hdf5Image":
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_open:
            self._file.close()

    @property
    def is_open(self) -> bool:
        """Whether HDF5 was needed so far."""
        return "_file" in self.__dict__

    def __contains__(self, name: str) -> bool:
        return bool(self._file.links.exists(name.encode()))

    @cached_property
    def _file(self) -> Any:  # noqa: ANN401 - h5py publishes no types
        """The file as h5py has it; opening it costs as much as reading ten variables without it."""
        return h5f.open_file_image(self.bytes)

    def _check_length(self) -> None:
        """Raise GranuleError unless the file ends where its superblock says; HDF5 ignores what follows."""
        version = self.bytes[8:9]
        if version not in END_PLACES:
            raise GranuleError(f"its HDF5 header is of the unknown version {version!r}")
        place = END_PLACES[version]
        end = int.from_bytes(self.bytes[place : place + 8], "little")
        if end != len(self.bytes):
            raise GranuleError(f"it has {len(self.bytes):,} bytes where its HDF5 header says {end:,}")

    def vector(self, name: str, kind: str, size: int) -> tuple[Any, NDArray[Any]]:
        """A one-dimensional dataset of the root group and all its values.

        Args:
            name: Name of the dataset.
            kind: "i" for integers of either sign (returned signed, bit for bit), "f" for floating point.
            size: Bytes of one value on disk.

        Returns:
            The open dataset, for its attributes, and its values in native byte order.

        Raises:
            GranuleError: It is missing, or its type, rank, size or storage is not that of a granule.
        """
        dataset = self._dataset(name)
        stored = dataset.get_type()
        if stored.get_class() != CLASSES[kind] or stored.get_size() != size:
            raise GranuleError(
                f"variable {name} is of type {stored.dtype}, not of {8 * size}-bit {WORDS[kind]}"
            )
        space = dataset.get_space()
        if space.get_simple_extent_ndims() != 1:
            raise GranuleError(f"variable {name} has {space.get_simple_extent_ndims()} dimensions, not 1")
        rows = space.get_simple_extent_npoints()
        if rows > MAX_ROWS:
            raise GranuleError(f"variable {name}: it has {rows:,} rows; a granule has at most {MAX_ROWS:,}")
        _check_storage(dataset, name)
        is_unsigned = kind == "i" and stored.get_sign() == h5t.SGN_NONE
        # Memory has the sign of the file, so that HDF5 clips nothing.
        memory_type, dtype = MEMORY_TYPES["u" if is_unsigned else kind, size]
        values = np.empty(rows, dtype)
        if rows:
            dataset.read(h5s.ALL, h5s.ALL, values, memory_type)
        return dataset, values

    def number(self, name: str) -> float | None:
        """The value of a scalar variable; None when it is absent or not one number."""
        if name not in self:
            return None
        dataset = self._dataset(name)
        value = np.empty((), np.float64)
        space = dataset.get_space()
        if space.get_simple_extent_npoints() != 1 or space.get_simple_extent_ndims() > 1:
            return None
        if dataset.get_type().get_class() not in CLASSES.values():
            return None
        _check_storage(dataset, name)
        dataset.read(h5s.ALL, h5s.ALL, value.reshape(dataset.shape), h5t.NATIVE_DOUBLE)
        return float(value)

    def text(self, name: str) -> str | None:
        """A text attribute of the file, None when there is none."""
        return text_attribute(self._file, name.encode())

    def _dataset(self, name: str) -> Any:  # noqa: ANN401 - h5py publishes no types
        """The open dataset of the root group; GranuleError unless it is one."""
        key = name.encode()
        if not self._file.links.exists(key):
            raise GranuleError(f"variable {name} is missing")
        if self._file.links.get_info(key).type != h5l.TYPE_HARD:
            raise GranuleError(f"variable {name} is a link to somewhere else")
        if h5o.get_info(self._file, key).type != h5o.TYPE_DATASET:
            raise GranuleError(f"variable {name} is no dataset")
        return h5d.open(self._file, key)


def _check_storage(dataset: Any, name: str) -> None:  # noqa: ANN401
    """Raise GranuleError unless the bytes lie in this file, in chunks of sane size with harmless filters."""
    plist = dataset.get_create_plist()
    layout = plist.get_layout()
    if layout in (h5d.CONTIGUOUS, h5d.COMPACT) and plist.get_external_count() == 0:
        return
    if layout != h5d.CHUNKED:
        raise GranuleError(f"variable {name}: it is not stored inside the file")
    (chunk_rows,) = plist.get_chunk()
    chunk_bytes = chunk_rows * dataset.get_type().get_size()
    if chunk_bytes > MAX_CHUNK_BYTES:
        raise GranuleError(f"variable {name}: it has chunks of {chunk_bytes:,} bytes")
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if len(set(filters)) < len(filters) or not ALLOWED_FILTERS.issuperset(filters):
        raise GranuleError(f"variable {name}: it has the HDF5 filters {filters}")
    offsets: list[tuple[int, ...]] = []
    dataset.chunk_iter(lambda chunk: offsets.append(chunk.chunk_offset))
    if sorted(offsets) != [(row,) for row in range(0, dataset.shape[0], chunk_rows)]:
        raise GranuleError(f"variable {name}: the list of its chunks is damaged")
    if h5z.FILTER_DEFLATE in filters:
        for offset in offsets:
            _check_deflated(dataset.read_direct_chunk(offset)[1], chunk_bytes, name)


def _check_deflated(stored: bytes, chunk_bytes: int, name: str) -> None:
    """Raise GranuleError when a deflated chunk would grow beyond its size: HDF5 would let it, without end."""
    try:
        content = zlib.decompressobj().decompress(stored, chunk_bytes + CHECKSUM_BYTES + 1)
    except zlib.error as error:
        raise GranuleError(f"variable {name}: it has a damaged chunk: {error}") from error
    if len(content) > chunk_bytes + CHECKSUM_BYTES:
        raise GranuleError(f"variable {name}: it has a chunk that inflates beyond {chunk_bytes:,} bytes")


def number_attribute(holder: Any, name: bytes) -> float | None:  # noqa: ANN401
    """A numeric attribute of one value, as float64 of the stored value; None when there is no such."""
    numbers = _numbers(holder, name, 1, np.dtype(np.float64), h5t.NATIVE_DOUBLE)
    return None if numbers is None else float(numbers[0])


def integers_attribute(holder: Any, name: bytes, count: int = 1) -> list[int] | None:  # noqa: ANN401
    """A numeric attribute of `count` values, as integers; None when there is no such."""
    numbers = _numbers(holder, name, count, np.dtype(np.int64), h5t.NATIVE_INT64)
    return None if numbers is None else [int(number) for number in numbers]


def _numbers(holder: Any, name: bytes, count: int, dtype: np.dtype[Any], memory_type: Any) -> Any:  # noqa: ANN401
    """The values of an attribute; None unless they are `count` numbers (h5py does not check the space)."""
    attribute = _attribute(holder, name)
    if attribute is None or attribute.get_type().get_class() not in CLASSES.values():
        return None
    if attribute.get_space().get_simple_extent_npoints() != count:
        return None
    values = np.empty(attribute.shape, dtype)
    attribute.read(values, memory_type)
    return values.reshape(-1)


def text_attribute(holder: Any, name: bytes) -> str | None:  # noqa: ANN401
    """A text attribute of one value, of fixed or variable length; None when there is no such."""
    attribute = _attribute(holder, name)
    if attribute is None:
        return None
    stored = attribute.get_type()
    if stored.get_class() != h5t.STRING or attribute.get_space().get_simple_extent_npoints() != 1:
        return None
    if not stored.is_variable_str() and stored.get_size() > MAX_ATTRIBUTE_BYTES:
        return None
    value = np.empty(attribute.shape, stored.dtype)
    attribute.read(value)
    text = value.item()
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _attribute(holder: Any, name: bytes) -> Any:  # noqa: ANN401
    return h5a.open(holder, name) if h5a.exists(holder, name) else None

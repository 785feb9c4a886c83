"""The raw values of a granule's variables and how to decode them.

HDF5 takes longer to open the 25 variables of a granule and their 70 attributes than all else takes together,
and they are the same in thousands of granules. So when HDF5 has read a variable, checksums verified, its
metadata is kept as a template: all of it but the number of rows, addresses and the start of the granule. A
variable with the very same metadata is taken straight from the bytes of the file; any other is read by HDF5.

What a template leaves open is checked by other means: rows agree within a tier and with the list of chunks; a
wrong address of metadata leads to other bytes than the template's; nothing that was read overlaps; the start
must be the one in the file's name; a scalar must be a plausible count, or what HDF5 has found before.
"""

import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from lightning_eda.errors import GranuleError
from lightning_eda.glm.hdf5.chunks import chunk_storage, read_chunks, read_scalar, scalar_storage
from lightning_eda.glm.hdf5.image import Hdf5Image
from lightning_eda.glm.hdf5.limits import MAX_ROWS
from lightning_eda.glm.hdf5.metadata import NOT_PLAIN, Root
from lightning_eda.glm.hdf5.template import Run, Template
from lightning_eda.glm.lcfa.packing import (
    Packing,
    TimePacking,
    flag_packing,
    microseconds,
    time_packing,
    value_packing,
)
from lightning_eda.glm.lcfa.variables import Kind, Variable

T = TypeVar("T")
NOWHERE = (0, 0)
AnyPacking = Packing | TimePacking | None

SUPERBLOCK_RUN: Run = (0, 48)
MAX_KNOWN = 32  # of one variable; a satellite and era has one or two


class _Column(NamedTuple):
    """What is known of a variable with one value a row."""

    template: Template
    dtype: np.dtype[Any]
    chunk_rows: int
    packing: AnyPacking


class _Scalar(NamedTuple):
    """What is known of a variable of one value."""

    template: Template
    number: struct.Struct


K = TypeVar("K", _Column, _Scalar)

# By name of the variable, and by the granule that it was learnt from.
_columns: dict[str, dict[object, _Column]] = {}
_scalars: dict[str, dict[object, _Scalar]] = {}
_facts: dict[str, dict[object, object]] = {}


class Reader:
    """Reads the variables of one granule.

    Args:
        image: The granule.
        start: Start in the granule's name, aware UTC.
    """

    def __init__(self, image: Hdf5Image, start: datetime) -> None:
        self._image = image
        self._start_us = microseconds(start)
        self._start_text = start.isoformat(" ", "milliseconds")[:23].encode()
        self._runs = [SUPERBLOCK_RUN]
        self._granule = object()
        self._like = self._granule  # the granule that the last variable was like: others will be, too
        try:
            self._root: Root | None = Root(image.bytes)
        except NOT_PLAIN:
            self._root = None

    def column(self, variable: Variable) -> tuple[NDArray[Any], AnyPacking]:
        """The raw values of a variable (integers signed, bit for bit), and how to decode packed ones.

        Raises:
            GranuleError: The variable is missing, or is not one of a granule.
        """
        address = self._address(variable.name)
        known, found = self._match(_columns.get(variable.name, {}), address)
        if known is not None:
            packing = known.packing
            if isinstance(packing, TimePacking):
                packing = TimePacking(self._start_us, packing.packing, packing.era)
            return self._chunks(variable.name, *found, known.dtype, known.chunk_rows), packing
        dataset, values = self._image.vector(variable.name, variable.storage, variable.size)
        packing = _packing(dataset, variable)
        if address is not None:
            self._learn(variable.name, address, values, packing)
        return values, packing

    def _address(self, name: str) -> int | None:
        try:
            return self._root.address(name) if self._root else None
        except NOT_PLAIN:
            return None

    def _match(self, known: Mapping[object, K], address: int | None) -> tuple[K | None, tuple[int, int]]:
        """What is known of the variable at an address, its number of rows and the address of its values."""
        if address is None or not known:
            return None, NOWHERE
        first = known.get(self._like)
        if first is not None:
            found = first.template.match(self._image.bytes, address, self._start_text, self._runs)
            if found is not None:
                return first, found
        for granule, entry in known.items():
            found = entry.template.match(self._image.bytes, address, self._start_text, self._runs)
            if found is not None:
                self._like = granule
                return entry, found
        return None, NOWHERE

    def _chunks(self, name: str, rows: int, tree: int, dtype: np.dtype[Any], chunk_rows: int) -> NDArray[Any]:
        try:
            values, runs = read_chunks(self._image.bytes, tree, rows, dtype, chunk_rows)
        except GranuleError as error:
            raise GranuleError(f"variable {name}: {error}") from error
        self._runs += runs
        return values

    def _learn(self, name: str, address: int, values: NDArray[Any], packing: AnyPacking) -> None:
        """Keep the metadata of a variable that HDF5 has read, if reading it plainly gives the same values."""
        try:
            template = Template(self._image.bytes, address, self._start_text)
            dtype, chunk_rows = chunk_storage(template.descriptions)
            found = template.match(self._image.bytes, address, self._start_text, self._runs)
        except NOT_PLAIN:
            return
        if found is None or self._chunks(name, *found, dtype, chunk_rows).tobytes() != values.tobytes():
            return
        if not isinstance(packing, TimePacking) or (
            packing.epoch_us == self._start_us and template.has_start
        ):
            _remember(_columns, name, self._granule, _Column(template, dtype, chunk_rows, packing))

    def has(self, name: str, era: str | None) -> bool:
        """Whether the file has a variable that granules of the milliseconds era lack."""
        if self._root is not None:
            if name in self._root:
                return True
            if era == "milliseconds":
                return False
        return name in self._image

    def check_runs(self) -> None:
        """Raise GranuleError when two things that were read share bytes: an address was damaged."""
        reached = 0
        for begin, end in sorted(self._runs):
            if begin < reached:
                raise GranuleError("its variables overlap in the file: it is damaged")
            reached = end

    def count(self, name: str, rows: int) -> int | None:
        """What a scalar variable says the number of rows was; None when it is absent or absurd.

        A file that lost rows has a count above the number of rows, never below.
        """
        value = self._scalar(name)
        if value is None or not rows <= value <= MAX_ROWS:
            value = self._image.number(name)
        return int(value) if value is not None and abs(value) < 2**31 else None

    def number(self, name: str) -> float | None:
        """A scalar variable that is the same in many granules; None when it is absent or not one number."""
        return _fact(name, self._scalar(name), self._image.number)

    def _scalar(self, name: str) -> float | None:
        """A scalar variable with known metadata; it is learnt when it is not."""
        address = self._address(name)
        if address is None:
            return None
        known, found = self._match(_scalars.get(name, {}), address)
        try:
            if known is not None:
                self._runs.append((found[1], found[1] + known.number.size))
                return read_scalar(self._image.bytes, found[1], known.number)
            if self._image.number(name) is not None:
                template = Template(self._image.bytes, address, self._start_text)
                _remember(
                    _scalars, name, self._granule, _Scalar(template, scalar_storage(template.descriptions))
                )
        except NOT_PLAIN:
            pass
        return None

    def text(self, name: str, expected: str | None = None) -> str | None:
        """A text attribute of the file, `expected` or the same in many granules; None when it is absent."""
        try:
            quick = self._root.text(name) if self._root else None
        except NOT_PLAIN:
            quick = None
        return quick if quick is not None and quick == expected else _fact(name, quick, self._image.text)


def forget() -> None:
    """Forgets all that was learnt, so that HDF5 reads the next granule."""
    for known in (_columns, _scalars, _facts):
        known.clear()


def _packing(dataset: Any, variable: Variable) -> AnyPacking:  # noqa: ANN401 - h5py publishes no types
    if variable.kind in (Kind.ID, Kind.DEGREES):
        return None
    if variable.kind is Kind.TIME:
        return time_packing(dataset, variable.name)
    if variable.kind is Kind.FLAG:
        return flag_packing(dataset)
    return value_packing(dataset, variable.name, variable.kind)


def _fact(name: str, quick: T | None, read: Callable[[str], T | None]) -> T | None:
    """A value found in the bytes, if HDF5 has found the same in this or another granule before."""
    if quick is not None and quick in _facts.get(name, ()):
        return quick
    value = read(name)
    if value is not None:
        _remember(_facts, name, value, value)
    return value


def _remember(known: dict[str, dict[object, T]], name: str, key: object, entry: T) -> None:
    """Put an entry first; dictionaries are replaced, not changed, so that threads may read them."""
    entries = list(known.get(name, {}).items())[: MAX_KNOWN - 1]
    known[name] = {key: entry, **dict(entries)}

"""Which cells of a granule's tables a byte of its file may change without anybody noticing.

Chunks, and the B-trees that list them, carry no checksum. A damaged byte of a chunk changes the cell it is
of; one of a B-tree may change the cells of the chunks it lists; all other bytes change nothing that a reader
returns.
"""

import struct
from dataclasses import dataclass, field

import h5py
import numpy as np
from h5py import h5f

from lightning_eda.glm.lcfa.variables import TIER_VARIABLES, Kind, Variable

CHUNK_ROWS = 256
NODE_HEAD, NODE_ENTRY, NODE_ENTRIES = 24, 32, 64
SCALARS = ("flash_count", "group_count", "event_count", "nominal_satellite_subpoint_lon")
Cell = tuple[str, str, int]  # tier, column, row


@dataclass
class Suspects:
    """Cells that may be wrong; `ids` are among them, or `scalars` of the header may be wrong."""

    cells: set[Cell] = field(default_factory=set)
    ids: bool = False
    scalars: bool = False


class DamageMap:
    """What each byte of a sound file may change: rows `first` to `first + rows` of a column, or a scalar."""

    def __init__(self, image: bytes) -> None:
        self._column = np.full(len(image), -1)
        self._first = np.zeros(len(image), int)
        self._rows = np.zeros(len(image), int)
        self._is_scalar = np.zeros(len(image), bool)
        self._variables: list[tuple[str, Variable]] = []
        with h5py.File(h5f.open_file_image(image)) as file:
            for tier, variables in TIER_VARIABLES.items():
                for variable in variables:
                    if variable.name in file:
                        self._add_column(file[variable.name].id, tier, variable)
            for name in SCALARS:
                place, size = file[name].id.get_offset(), file[name].id.get_storage_size()
                self._is_scalar[place : place + size] = True
        self._add_trees(image)

    @property
    def checked(self) -> np.ndarray:
        """Places of the bytes that change nothing, or are under a checksum."""
        return np.flatnonzero((self._column < 0) & ~self._is_scalar)

    @property
    def unchecked(self) -> np.ndarray:
        """Places of the bytes that hold values, or list chunks."""
        return np.flatnonzero((self._column >= 0) | self._is_scalar)

    def suspects(self, damaged: np.ndarray) -> Suspects:
        """What damage at the places given may change."""
        suspects = Suspects(scalars=bool(self._is_scalar[damaged].any()))
        hit = damaged[self._column[damaged] >= 0]
        parts = np.unique(np.stack([self._column[hit], self._first[hit], self._rows[hit]], axis=1), axis=0)
        for number, first, rows in parts.tolist():
            tier, variable = self._variables[number]
            suspects.cells.update((tier, variable.column, row) for row in range(first, first + rows))
            suspects.ids |= variable.kind is Kind.ID
        return suspects

    def _add_column(self, dataset: h5py.h5d.DatasetID, tier: str, variable: Variable) -> None:
        self._variables.append((tier, variable))
        rows = np.repeat(np.arange(CHUNK_ROWS), variable.size)

        def add(chunk: h5py.h5d.StoreInfo) -> None:
            self._mark(chunk.byte_offset, len(rows), chunk.chunk_offset[0] + rows, 1)

        dataset.chunk_iter(add)

    def _mark(self, place: int, length: int, first: int | np.ndarray, rows: int, column: int = -1) -> None:
        self._column[place : place + length] = column if column >= 0 else len(self._variables) - 1
        self._first[place : place + length] = first
        self._rows[place : place + length] = rows

    def _add_trees(self, image: bytes) -> None:
        """Mark the entries of each B-tree node; leaves first, so that inner nodes know whose they are."""
        nodes = [place for place in range(len(image)) if image.startswith(b"TREE", place)]
        for level in (0, 1):
            for node in nodes:
                if image[node + 5] == level:
                    entries = int.from_bytes(image[node + 6 : node + 8], "little")
                    for entry in range(node + NODE_HEAD, node + NODE_HEAD + entries * NODE_ENTRY, NODE_ENTRY):
                        child = struct.unpack_from("<Q", image, entry + NODE_ENTRY - 8)[0]
                        owned = child if level == 0 else child + NODE_HEAD
                        rows = CHUNK_ROWS * NODE_ENTRIES**level
                        self._mark(entry, NODE_ENTRY, self._first[owned], rows, int(self._column[owned]))

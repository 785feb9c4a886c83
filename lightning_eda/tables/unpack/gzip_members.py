"""Reading gzip from front to back, member after member, without holding more than a piece."""

from lightning_eda.errors import ArchiveError
from lightning_eda.storage.content.formats import GZIP_MAGIC
from lightning_eda.tables.unpack.inflate import GZIP, PACKED_PIECE, DamagedError, Inflater, Readable


class GzipStream:
    """The unpacked bytes of a gzip file.

    Args:
        packed: The gzip file, at its start.
        name: What errors call it.
    """

    def __init__(self, packed: Readable, name: str) -> None:
        self._packed = packed
        self._name = name
        self._member = Inflater(packed, GZIP)

    def read(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; b"" at the end.

        Zeros after the last member are padding, as tapes and some tools leave them.

        Raises:
            ArchiveError: It is damaged, cut short, or followed by something else.
        """
        while True:
            try:
                piece = self._member.read(size)
            except DamagedError as error:
                raise ArchiveError(
                    f"{self._name}: the gzip data are damaged or were cut short ({error}); send it again"
                ) from error
            if piece or not self._next_member():
                return piece

    def _next_member(self) -> bool:
        """Starts on the next member; returns whether there is one."""
        rest = self._member.unused
        while not (rest := rest.lstrip(b"\0")):
            rest = self._packed.read(PACKED_PIECE)
            if not rest:
                return False
        if not GZIP_MAGIC.startswith(rest[:2]):
            raise ArchiveError(f"{self._name}: something else follows the gzip data; pack the CSV alone")
        self._member = Inflater(self._packed, GZIP, rest)
        return True

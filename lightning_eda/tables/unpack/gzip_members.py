"""A CSV out of gzip."""

from lightning_eda.errors import ArchiveError
from lightning_eda.storage.inflate import DamagedError, GzipMembers, Readable, TrailingError


class GzipStream:
    """The unpacked bytes of a gzip file.

    Args:
        packed: The gzip file, at its start.
        name: What errors call it.
    """

    def __init__(self, packed: Readable, name: str) -> None:
        self._members = GzipMembers(packed)
        self._name = name

    def read(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; b"" at the end.

        Raises:
            ArchiveError: It is damaged, cut short, or followed by something else.
        """
        try:
            return self._members.read(size)
        except TrailingError as error:
            raise ArchiveError(f"{self._name}: {error}; pack the CSV alone") from error
        except DamagedError as error:
            raise ArchiveError(
                f"{self._name}: the gzip data are damaged or were cut short ({error}); send it again"
            ) from error

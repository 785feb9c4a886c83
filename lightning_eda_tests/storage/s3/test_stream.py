import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import StorageError
from lightning_eda.storage.s3.stream import open_stream


class Remote:
    """Bytes that can be opened at a place; every `failing`-th read breaks, and is called again."""

    def __init__(self, data: bytes, failing: int = 0) -> None:
        self.data = data
        self.failing = failing
        self.reads = 0
        self.opened: list[int] = []
        self.open_bodies = 0

    def open_from(self, begin: int) -> "Body":
        self.opened.append(begin)
        self.open_bodies += 1
        return Body(self, begin)

    def retried(self, read):
        while True:
            try:
                return read()
            except ConnectionError:
                continue

    def stream(self):
        return open_stream(self.open_from, self.retried, len(self.data))


class Body(io.BytesIO):
    """The rest of the bytes."""

    def __init__(self, remote: Remote, begin: int) -> None:
        super().__init__(remote.data[begin:])
        self.remote = remote

    def read(self, size: int = -1) -> bytes:
        self.remote.reads += 1
        if self.remote.failing and self.remote.reads % self.remote.failing == 0:
            raise ConnectionError("on purpose")
        return super().read(min(size, 7))

    def close(self) -> None:
        self.remote.open_bodies -= not self.closed
        super().close()


@given(
    data=st.binary(max_size=200),
    failing=st.sampled_from([0, 2, 3]),
    moves=st.lists(st.tuples(st.integers(0, 220), st.integers(0, 90)), max_size=12),
)
def test_any_seeks_and_reads_give_the_bytes_of_a_file(data, failing, moves):
    """As io.BytesIO does, also when the connection breaks again and again; none stays open."""
    remote = Remote(data, failing)
    with remote.stream() as stream, io.BytesIO(data) as expected:
        for place, length in moves:
            assert stream.seek(place) == expected.seek(place)
            assert stream.read(length) == expected.read(length)
        assert stream.seek(0) == expected.seek(0)
        assert stream.read() == expected.read()
    assert remote.open_bodies == 0


def test_a_zip_archive_can_be_read_in_place():
    """Its directory is at the end, its members before."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", b"x" * 5000)
    with Remote(file.getvalue()).stream() as stream:
        assert zipfile.ZipFile(stream).read("a.csv") == b"x" * 5000


def test_a_reader_that_goes_forward_sends_one_request():
    """However small its reads."""
    remote = Remote(bytes(1000))
    with remote.stream() as stream:
        while stream.read(3):
            pass
    assert remote.opened == [0]


def test_after_a_failure_it_goes_on_where_it_was():
    """Nothing is read twice."""
    remote = Remote(bytes(range(100)), failing=3)
    with remote.stream() as stream:
        assert stream.read() == remote.data
    assert remote.opened == [0, *range(14, 100, 14)]


def test_an_object_that_is_shorter_than_listed_is_an_error():
    """Never silently fewer bytes."""
    remote = Remote(b"abc")
    told = pytest.raises(StorageError, match="ended 7 bytes before")
    with open_stream(remote.open_from, remote.retried, 10) as stream, told:
        stream.read()


def test_closing_what_was_never_read_sends_nothing():
    """No request is sent before the first read."""
    remote = Remote(b"abc")
    remote.stream().close()
    assert remote.opened == []

import io
import threading
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.storage.ranges import BLOCKS_AHEAD, open_ranges


class Remote:
    """Bytes read in ranges, with a record of what was asked."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[int] = []

    def __call__(self, begin: int, length: int) -> bytes:
        self.asked.append(begin)
        return self.data[begin : begin + length]


@given(
    data=st.binary(max_size=200),
    block=st.integers(1, 64),
    moves=st.lists(st.tuples(st.integers(0, 220), st.integers(0, 90)), max_size=12),
)
def test_any_seeks_and_reads_give_the_bytes_of_a_file(data, block, moves):
    """As io.BytesIO does."""
    with open_ranges(Remote(data), len(data), block) as stream, io.BytesIO(data) as expected:
        for place, length in moves:
            assert stream.seek(place) == expected.seek(place)
            assert stream.read(length) == expected.read(length)
        assert stream.seek(0) == expected.seek(0)
        assert stream.read() == expected.read()


def test_a_zip_archive_can_be_read_in_place():
    """Its directory is at the end, its members before."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", b"x" * 5000)
    with open_ranges(Remote(file.getvalue()), len(file.getvalue()), 512) as stream:
        assert zipfile.ZipFile(stream).read("a.csv") == b"x" * 5000


def test_each_block_is_fetched_once_by_a_reader_that_goes_forward():
    """Few blocks ahead of it, so memory does not grow with the object."""
    remote = Remote(bytes(1000))
    with open_ranges(remote, 1000, 100) as stream:
        stream.read(1)
        stream.read(50)
        stream.read(40)
    assert remote.asked[0] == 0
    assert len(set(remote.asked)) == len(remote.asked)
    assert max(remote.asked) <= 100 * BLOCKS_AHEAD
    remote.asked.clear()
    with open_ranges(remote, 1000, 100) as stream:
        assert len(stream.read()) == 1000
    assert sorted(remote.asked) == list(range(0, 1000, 100))


def test_an_error_of_a_range_reaches_the_reader_and_no_thread_stays():
    """And closing twice is no error."""

    def read_range(begin: int, length: int) -> bytes:
        if begin >= 200:
            raise OSError("on purpose")
        return bytes(length)

    before = threading.active_count()
    stream = open_ranges(read_range, 1000, 100)
    assert stream.read(150) == bytes(150)
    with pytest.raises(OSError, match="on purpose"):
        stream.read(400)
    stream.close()
    stream.close()
    assert threading.active_count() == before


def test_a_short_answer_is_an_error():
    """Never silently fewer bytes."""
    with open_ranges(lambda *_: b"x", 10, 5) as stream, pytest.raises(OSError, match="received 1"):
        stream.read()


def test_closing_what_was_never_read_fetches_nothing():
    """No request is sent before the first read."""
    remote = Remote(b"abc")
    open_ranges(remote, 3).close()
    assert remote.asked == []

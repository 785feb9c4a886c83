import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lightning_eda.distances import blocks as module
from lightning_eda.distances.blocks import read_blocks
from lightning_eda.errors import PairsError
from lightning_eda.storage import inflate
from lightning_eda.storage.content.formats import GZIP_MAGIC, file_format
from lightning_eda_tests.distances.buckets import PREFIX, put


@pytest.fixture(autouse=True, params=["isal.isal_zlib", "zlib"], scope="module")
def library(request):
    """Both libraries that may unpack."""
    found = pytest.importorskip(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inflate, "fastest_zlib", lambda: found)
        yield


def blocks_of(root, data):
    root.mkdir(exist_ok=True)
    store = put(root, {"a.csv.gz": data})
    (info,) = store.list_objects(PREFIX)
    return list(read_blocks(store, info))


@given(data=st.data(), piece=st.integers(2, 9), block=st.integers(1, 30))
def test_blocks_are_the_lines_in_order(tmp_path_factory, data, piece, block):
    """However the bytes fall into pieces, gzip members and blocks, with the number of each first line."""
    lines = data.draw(st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=12))
    text = b"\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=3)))
    members = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assume(file_format(text) is None)
    packed = data.draw(st.booleans()) or text.startswith(GZIP_MAGIC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE_BYTES", piece)
        patch.setattr(inflate, "PACKED_PIECE", piece)
        patch.setattr(module, "FIRST_BLOCK_BYTES", block)
        patch.setattr(module, "BLOCK_BYTES", 2 * block)
        found = blocks_of(
            tmp_path_factory.mktemp("b"), b"".join(map(gzip.compress, members)) if packed else text
        )
    whole = text.replace(b"\n" + module.UTF8_MARK, b"\n").removeprefix(module.UTF8_MARK).rstrip(b"\x1a")
    assert b"".join(each.text for each in found) == whole
    line = 1
    for each in found:
        assert each.line == line
        line += each.text.count(b"\n")
    assert all(each.text.endswith(b"\n") for each in found[:-1])


def test_a_first_block_is_small(tmp_path):
    """A thousand rows of a large object are had without unpacking it; later blocks grow to a bound."""
    found = blocks_of(tmp_path, gzip.compress(b"a,b,0.5\n" * 3_000_000, 1))
    sizes = [len(block.text) for block in found]
    assert sizes[0] <= 2 * module.FIRST_BLOCK_BYTES
    assert max(sizes) <= module.BLOCK_BYTES + module.PIECE_BYTES


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 500])
def test_a_cut_gzip_is_refused(tmp_path, cut):
    """Even when nothing but the last bytes of its checksum is missing."""
    packed = gzip.compress(b"".join(b"a%d,b,0.5\n" % k for k in range(10_000)))
    with pytest.raises(PairsError, match=r"a\.csv\.gz: the gzip data end too early, so rows are missing"):
        blocks_of(tmp_path, packed[:-cut])


def test_a_gzip_cut_in_its_second_member_is_refused(tmp_path):
    """Also within the header of the member."""
    packed = gzip.compress(b"a,b,1\n")
    for cut in (1, 12, len(packed) - 2):
        with pytest.raises(PairsError, match="end too early"):
            blocks_of(tmp_path, packed + packed[:-cut])


def test_a_damaged_gzip_is_refused(tmp_path):
    """Wrong bytes, or a wrong checksum."""
    packed = gzip.compress(b"".join(b"a%d,b,0.5\n" % k for k in range(10_000)))
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 0xFF
    wrong_sum = packed[:-8] + bytes(4) + packed[-4:]
    for damaged in (bytes(flipped), wrong_sum):
        with pytest.raises(PairsError, match=r"the gzip data are damaged \(.*\); upload it again"):
            blocks_of(tmp_path, damaged)


@pytest.mark.parametrize("more", [b"a,b,0.5\n", b"\0\0a", b"\x1f?", b"PK\x03\x04" * 9], ids=repr)
def test_other_bytes_behind_the_gzip_are_refused(tmp_path, more):
    """They may be rows."""
    with pytest.raises(PairsError, match="other bytes follow the gzip data; upload it again"):
        blocks_of(tmp_path, gzip.compress(b"a,b,1\n") + more)


def test_padding_with_zeros_is_no_damage(tmp_path):
    """As tape tools leave it behind the last member, or between two."""
    packed = gzip.compress(b"a,b,1\n")
    assert b"".join(block.text for block in blocks_of(tmp_path, packed + bytes(1000))) == b"a,b,1\n"
    both = b"".join(block.text for block in blocks_of(tmp_path, packed + bytes(9) + packed))
    assert both == b"a,b,1\na,b,1\n"


def test_the_mark_before_utf8_is_no_part_of_the_first_item(tmp_path):
    """Spreadsheets put it there; an editor does not show it."""
    (block,) = blocks_of(tmp_path, b"\xef\xbb\xbfa,b,1\n")
    assert block.text == b"a,b,1\n"


MARK = b"\xef\xbb\xbf"


def test_case_10_a_mark_at_the_start_of_each_part_is_no_part_of_an_item(tmp_path):
    """When files were joined, packed or plain."""
    parts = [MARK + b"a,b,1\n", MARK + b"b,c,2\n", b"c,d,3\n" + MARK + b"d,e,4\n"]
    for data in (b"".join(map(gzip.compress, parts)), b"".join(parts)):
        assert b"".join(block.text for block in blocks_of(tmp_path, data)) == b"a,b,1\nb,c,2\nc,d,3\nd,e,4\n"


def zip_of(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (zip_of(b"a,b,1\n"), "zip"),
        (bz2.compress(b"a,b,1\n"), "bzip2"),
        (lzma.compress(b"a,b,1\n"), "xz"),
        ("a,b,1\n".encode("utf-16"), "UTF-16"),
        ("a,b,1\nb,c,2\n".encode("utf-16-le"), "UTF-16"),
        (gzip.compress(zip_of(b"a,b,1\n")), "zip"),
        (b"<html><body>Sign in, please</body></html>", "HTML (a web page)"),
        (gzip.compress(b'{"items": ["a", "b"]}'), "JSON"),
    ],
)
def test_case_18_another_kind_of_file_is_named(tmp_path, data, found):
    """In place of what is wrong with its bytes as rows."""
    with pytest.raises(
        PairsError, match=rf"a\.csv\.gz seems to be {re.escape(found)}, and no list of distances"
    ):
        blocks_of(tmp_path, data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_case_19_the_end_of_a_dos_file_is_no_row(tmp_path, pack):
    """A Ctrl-Z behind the last line, or behind the last row itself."""
    for end in (b"\n\x1a", b"\x1a", b"\n\x1a\x1a\x1a"):
        text = b"".join(block.text for block in blocks_of(tmp_path, pack(b"a,b,1" + end)))
        assert text.strip() == b"a,b,1"


@pytest.mark.parametrize("pack", [bytes, lambda data: zlib.compress(data, wbits=31)], ids=["plain", "gzip"])
def test_what_has_no_lines_is_refused(tmp_path, pack):
    """Before it fills the memory; the error names the line."""
    with pytest.raises(PairsError, match="line 3: over a million bytes long; it is no list of distances"):
        blocks_of(tmp_path, pack(b"a,b,1\nb,c,2\n" + b"x" * 30_000_000))

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_eda.errors import ArchiveError, TransferError
from lightning_eda.tables.unpack.archive import Limits, open_csv

CSV = b"a,b\n1,2\n" * 1000


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def unpack(data: bytes, limits: Limits | None = None, size: int = 700) -> tuple[str, bytes]:
    with open_csv(io.BytesIO(data), "s3://b/x", limits) as source:
        parts = list(iter(lambda: source.read(size), b""))
        return source.kind, b"".join(parts)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (CSV, "plain"),
        (b"", "plain"),
        (gzip.compress(CSV), "gzip"),
        (gzip.compress(CSV[:4000]) + gzip.compress(CSV[4000:]), "gzip"),
        (gzip.compress(CSV) + bytes(5000), "gzip"),
        (zip_of({"x.csv": CSV}), "zip"),
        (zip_of({"x.csv": CSV}, zipfile.ZIP_STORED), "zip"),
        (zip_of({"x.csv": CSV}, zipfile.ZIP_LZMA), "zip"),
        (
            zip_of({"__MACOSX/._x.csv": b"m", "d/": b"", "d/.DS_Store": b"s", "d/x.csv": CSV}),
            "zip",
        ),
    ],
)
def test_the_kind_is_told_by_content(data, kind):
    """No name is looked at; the bytes come out exact."""
    assert unpack(data) == (kind, CSV if data else b"")


@pytest.mark.parametrize(
    "members",
    [
        {"/etc/x.csv": CSV},
        {"C:\\out\\x.csv": CSV},
        {"x.csv": CSV, "Thumbs.db": b"d", "desktop.ini": b"[.ShellClassInfo]"},
        {"x.csv": CSV, "x.csv.md5": b"0", "_SUCCESS": b"", "README.txt": b"see x.csv"},
        {"a/x.csv": CSV, "__MACOSX/a/._x.csv": b"m", "a/.DS_Store": b"s"},
    ],
)
def test_case_20_a_zip_is_read_by_what_it_holds(members):
    """Nothing is extracted by name, so absolute names do no harm; what systems leave there is no CSV."""
    assert unpack(zip_of(members)) == ("zip", CSV)


def test_a_zip64_is_read(tmp_path):
    """As writers make it that do not know the size beforehand."""
    with (
        zipfile.ZipFile(tmp_path / "x", "w") as archive,
        archive.open("x.csv", "w", force_zip64=True) as file,
    ):
        file.write(CSV)
    assert unpack((tmp_path / "x").read_bytes())[1] == CSV


def encrypted_zip() -> bytes:
    data = bytearray(zip_of({"x.csv": CSV}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def zip_of_method(method: int) -> bytes:
    data = bytearray(zip_of({"x.csv": CSV}))
    data[8] = method
    data[data.index(b"PK\x01\x02") + 10] = method
    return bytes(data)


def tar_of_csv() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.csv"), io.BytesIO())
    return file.getvalue()


def damaged(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


NOISE = os.urandom(3000)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zip_of({"a.csv": CSV, "b.csv": CSV}), "holds 2 data members, 'a.csv', 'b.csv'; pack one CSV"),
        (zip_of({}), "holds no data member; pack"),
        (zip_of({"__MACOSX/._x": b"m"}), "holds no data member, only '__MACOSX/._x'"),
        (zip_of({"[Content_Types].xml": b"<", "xl/x.xml": b"<"}), "Excel.*save it as CSV"),
        (zip_of({"../x.csv": CSV}), "'../x.csv' leads out of the archive"),
        (zip_of({"..\\x.csv": CSV}), "leads out"),
        (encrypted_zip(), "'x.csv' is encrypted; pack it without a password"),
        (zip_of_method(9), "method deflate64, which is not read"),
        (zip_of_method(77), "method number 77"),
        (zip_of({"x.csv": CSV})[:-30], "damaged or was cut short"),
        (zip_of({"x.csv": CSV})[:40], "damaged or was cut short"),
        (damaged(zip_of({"x.csv": NOISE}, zipfile.ZIP_STORED), 500), "damaged .*Bad CRC"),
        (damaged(zip_of({"x.csv": CSV}), 50), "damaged"),
        (zip_of({"x.zip": zip_of({"x.csv": CSV})}), "holds zip data inside its zip"),
        (zip_of({"x.csv": gzip.compress(CSV)}), "holds gzip data inside its zip"),
        (gzip.compress(gzip.compress(CSV)), "holds gzip data inside its gzip"),
        (gzip.compress(tar_of_csv()), "holds tar data inside its gzip"),
        (tar_of_csv(), "holds tar data; send the CSV plain"),
        (bz2.compress(CSV), "holds bzip2 data"),
        (lzma.compress(CSV), "holds xz data"),
        (gzip.compress(NOISE)[:-9], "gzip data are .*end too early"),
        (gzip.compress(NOISE)[:-4], "gzip data are .*end too early"),
        (damaged(gzip.compress(NOISE), -6), "gzip data are damaged .*check"),
        (gzip.compress(CSV) + b"something", "something else follows the gzip data"),
    ],
)
def test_what_cannot_be_trusted_is_refused(data, message):
    """Each in a sentence that names the object and says what to do."""
    with pytest.raises(ArchiveError, match="(?s)s3://b/x.*" + message):
        unpack(data)


SMALL = Limits(max_bytes=1 << 20, max_ratio=400, ratio_free_bytes=100_000)


@pytest.mark.parametrize("pack", [lambda data: zip_of({"x.csv": data}), gzip.compress])
def test_bombs_are_refused_while_they_are_unpacked(pack):
    """By size and by ratio; a file of few distinct rows, packed 200 times smaller, is none."""
    with pytest.raises(ArchiveError, match="unpacks to more than 1,048,576 bytes"):
        unpack(pack(os.urandom(1 << 20) + b"x"), SMALL)
    with pytest.raises(ArchiveError, match="more than 400 times its size, as only a bomb does"):
        unpack(pack(bytes(1_000_000)), SMALL)
    honest = b"".join(b"2024-01-01 00:00:00,Bern,%d\n" % (row // 90) for row in range(30_000))
    assert len(honest) / len(pack(honest)) > 100
    assert unpack(pack(honest), SMALL)[1] == honest


def test_a_zip_that_states_a_small_size_gives_no_more():
    """The header is not trusted: what is longer than it says is damage."""
    data = bytearray(zip_of({"x.csv": bytes(500_000)}))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (1000).to_bytes(4, "little")
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(bytes(data))


def test_the_stream_is_closed_and_its_errors_pass_through():
    """An error of the store stays what it is: it may be worth trying again."""

    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 20_000:
                raise TransferError("gone")
            return super().read(min(size, 10_000) if size and size > 0 else size)

    stream = Broken(gzip.compress(os.urandom(300_000)))
    with pytest.raises(TransferError, match="gone"), open_csv(stream, "s3://b/x") as source:
        while source.read(50_000):
            pass
    assert stream.closed


@given(st.binary(max_size=3000), st.integers(1, 999), st.booleans())
def test_packing_changes_nothing(content, size, zipped):
    """Whatever the bytes and the size of the reads; unless the content is itself an archive."""
    content = b"h" + content
    data = zip_of({"x": content}) if zipped else gzip.compress(content)
    assert unpack(data, size=size)[1] == content


@given(st.data())
def test_a_zip_cut_or_changed_anywhere_is_exact_or_refused(data):
    """Never wrong bytes without an error."""
    whole = zip_of({"x.csv": CSV[:200] + NOISE[:300]})
    place = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    try:
        kind, content = unpack(whole[:place] if cut else damaged(whole, place))
    except ArchiveError:
        return
    assert kind == "plain" or content == CSV[:200] + NOISE[:300]

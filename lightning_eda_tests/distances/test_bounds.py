"""A day of pairs takes no more memory than its bytes can honestly need, whatever they unpack to."""

import gzip
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from lightning_eda.distances import blocks
from lightning_eda.distances import day as module
from lightning_eda.distances.blocks import FREE_LINES
from lightning_eda.errors import PairsError
from lightning_eda_tests.distances.buckets import read

CHILD = """
import sys
from datetime import date
from pathlib import Path
from lightning_eda.distances import blocks
from lightning_eda.distances.day import read_day
from lightning_eda.errors import PairsError
from lightning_eda.storage.folder import FolderStore
blocks.FREE_LINES = int(sys.argv[2])
try:
    read_day(FolderStore(Path(sys.argv[1])), "in", date(2024, 10, 1), max_records=0)
except PairsError as error:
    print(error)
print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""
LINE = b"a,b,0.1\n"


def bomb(megabytes: int, line: bytes = LINE) -> bytes:
    """So many megabytes of one line, packed a thousandfold as one stream: one of them, over and over."""
    lines, check = line * ((1 << 20) // len(line)), 0
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(lines) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        check = zlib.crc32(lines, check)
    trailer = struct.pack("<II", check, megabytes * len(lines))
    return gzip.compress(b"")[:10] + packed * megabytes + packer.flush() + trailer


def peak(root: Path, objects: dict[str, bytes], free_lines: int) -> tuple[str, int]:
    """What a process of its own says of a day, and the most memory it had, MB.

    By /proc, as `ru_maxrss` of a child begins at the most that its parent ever had.
    """
    for name, data in objects.items():
        path = root / "in" / "day=2024-10-01" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    command = [sys.executable, "-c", CHILD, str(root), str(free_lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *words, memory = done.stdout.splitlines()
    return " ".join(words), int(memory)


@pytest.mark.parametrize(
    "free_lines", [500_000, pytest.param(FREE_LINES, marks=pytest.mark.slow)], ids=["few", "as it is"]
)
def test_a_bomb_is_refused_and_memory_is_flat(tmp_path: Path, free_lines: int):
    """Of 400 MB, many small ones, and blank lines: as for the few rows that are free."""
    _, plain = peak(tmp_path / "plain", {"a.csv": LINE * free_lines}, free_lines)
    for name, objects in {
        "large": {"a.csv.gz": bomb(200) * 2},
        "many": {f"{number:03}.csv.gz": packed for number, packed in enumerate([bomb(12)] * 20)},
        "blank": {"a.csv.gz": bomb(200, b"\n")},
    }.items():
        words, memory = peak(tmp_path / name, objects, free_lines)
        assert "as only a bomb does" in words
        assert memory < plain + 150, (name, memory, plain)


def test_pairs_that_pack_well_are_no_bomb(tmp_path: Path, monkeypatch):
    """More lines than are free, each pair once, and long items that repeat: all are read."""
    monkeypatch.setattr(blocks, "FREE_LINES", 40_000)
    side = 290
    lines = "".join(f"{i},{j},1\n" for i in range(side) for j in range(i)).encode()
    assert lines.count(b"\n") > blocks.FREE_LINES
    assert read(tmp_path / "short", {"a.csv.gz": gzip.compress(lines, 9)}).counts.rows == lines.count(b"\n")
    long = "".join(f"{'x' * 400}{i},{'x' * 400}{j},1\n" for i in range(200) for j in range(i)).encode()
    packed = gzip.compress(long, 9)
    assert len(long) > 100 * len(packed)
    assert read(tmp_path / "long", {"a.csv.gz": packed}).counts.rows == long.count(b"\n")


def test_as_many_rows_as_are_free_are_no_bomb(tmp_path: Path, monkeypatch):
    """One more is; the objects of a day count together."""
    monkeypatch.setattr(blocks, "FREE_LINES", 1000)
    packed = gzip.compress(LINE * 500, 9)
    assert read(tmp_path / "a", {"a.csv.gz": packed, "b.csv.gz": packed}).counts.rows == 1000
    with pytest.raises(PairsError, match="unpack to over 1,000 rows"):
        read(tmp_path / "b", {"a.csv.gz": packed, "b.csv.gz": packed, "c.csv": LINE})


def test_a_bomb_beyond_the_rows_that_are_wanted_is_not_unpacked(tmp_path: Path):
    """MAX_RECORDS bounds memory by itself."""
    assert read(tmp_path, {"a.csv.gz": bomb(60)}, max_records=1000).counts.truncated


def test_a_day_of_more_bytes_than_memory_holds_is_refused_unread(tmp_path: Path, monkeypatch):
    """By the listing; with MAX_RECORDS the first rows are read all the same."""
    monkeypatch.setattr(module, "MAX_DAY_BYTES", 20)
    objects = {"a.csv": LINE * 2, "b.csv": b"no pairs at all"}
    with pytest.raises(PairsError, match="has 31 bytes of pairs; most allowed: 20"):
        read(tmp_path, objects)
    assert read(tmp_path, objects, max_records=1).counts.truncated

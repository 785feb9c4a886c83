"""Days of objects that are not only rows."""

import codecs

import pytest

from lightning_eda.errors import PairsError
from lightning_eda_tests.distances.buckets import read


def test_case_1_side_files_are_passed_over_and_named(tmp_path):
    """What programs and systems leave in a day's folder; uploads under way, too."""
    others = [".DS_Store", "_SUCCESS", "manifest.json", "a.csv.crc", ".a.csv.crc", "b.csv.gz.filepart"]
    graph = read(tmp_path, {"a.csv": "a,b,1\n", **dict.fromkeys(others, b"\x00\x01 no rows")})
    assert graph.items.to_pylist() == ["a", "b"]
    assert graph.counts.objects == 1
    assert sorted(graph.counts.passed_over.split(", ")) == sorted(others)
    assert graph.counts.doubts == [
        f"passed over, as their names are none of data: {graph.counts.passed_over}"
    ]


@pytest.mark.parametrize("twin", ["b\u00a0", "\u200bb", "\ufeffb", "b\u200f", "b\t", "\u3000b"], ids=ascii)
def test_case_19_what_nobody_sees_around_items_is_told(tmp_path, twin):
    """Of blanks of any width, and of marks of no width at all."""
    counts = read(tmp_path, {"a.csv": f"a,{twin},0.1\nb,c,0.2\n"}).counts
    assert counts.padded_items == 1
    assert "1 item with blanks or invisible characters around" in counts.doubts[0]


def test_items_that_differ_by_composition_alone_are_told(tmp_path):
    """MacOS writes é as two characters; they stay two items, as bytes differ."""
    graph = read(tmp_path, {"a.csv": "caf\u00e9,b,0.1\n", "b.csv": "cafe\u0301,c,0.2\n"})
    assert len(graph.items) == 4
    assert graph.counts.composed_items == 1
    assert graph.counts.doubts[0].startswith("1 item like another one but for how Unicode composes letters")
    pair = read(tmp_path, {"a.csv": "caf\u00e9,cafe\u0301,0.1\n", "b.csv": ""})
    assert pair.counts.composed_items == 1
    assert read(tmp_path / "x", {"a.csv": "caf\u00e9,b\u00e9,0.1\n"}).counts.doubts == []


def test_case_10_several_marks_are_none_of_an_item(tmp_path):
    """Where a file of nothing but its mark was joined to another, at the start or later."""
    mark = codecs.BOM_UTF8
    graph = read(tmp_path, {"a.csv": mark * 2 + b"a,b,0.1\n" + mark * 3 + b"a,c,0.2\n"})
    assert graph.items.to_pylist() == ["a", "b", "c"]


def test_a_nul_is_damage_and_no_item(tmp_path):
    """The line is named, whichever way the block is read."""
    for end in ("", '"q""q",b,1\n'):
        with pytest.raises(
            PairsError, match=r"a\.csv, line 2: a NUL character in 'a\\x00,b,0\.1', as in damaged"
        ):
            read(tmp_path, {"a.csv": "x,y,1\na\0,b,0.1\n" + end})


def test_case_19_blanks_around_items_are_kept_and_counted(tmp_path):
    """An item is what stands between the commas; that ` b` is another item than `b` is told."""
    graph = read(tmp_path, {"a.csv": "a, b, 0.1\nb,c,0.2\n"})
    assert graph.items.to_pylist() == ["a", " b", "b", "c"]
    assert graph.counts.padded_items == 1

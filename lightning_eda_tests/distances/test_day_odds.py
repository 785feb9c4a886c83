"""Days of objects that are not only rows."""

from lightning_eda_tests.distances.buckets import read


def test_case_1_side_files_are_passed_over_and_named(tmp_path):
    """What programs and systems leave in a day's folder; uploads under way, too."""
    others = [".DS_Store", "_SUCCESS", "manifest.json", "a.csv.crc", ".a.csv.crc", "b.csv.gz.filepart"]
    graph = read(tmp_path, {"a.csv": "a,b,1\n", **dict.fromkeys(others, b"\x00\x01 no rows")})
    assert graph.items.to_pylist() == ["a", "b"]
    assert graph.counts.objects == 1
    assert sorted(graph.counts.passed_over.split(", ")) == sorted(others)


def test_case_19_blanks_around_items_are_kept_and_counted(tmp_path):
    """An item is what stands between the commas; that ` b` is another item than `b` is told."""
    graph = read(tmp_path, {"a.csv": "a, b, 0.1\nb,c,0.2\n"})
    assert graph.items.to_pylist() == ["a", " b", "b", "c"]
    assert graph.counts.padded_items == 1

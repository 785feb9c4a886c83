from datetime import UTC, datetime, timedelta

from lightning_eda.tables.dataset.object_names import ObjectName, loaded_run, new_run

NOW = datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
VERSION, OTHER = "9a3f5c0d7b21e864", "0000000000000001"


def key(folder: str, run: str, version: str = VERSION, index: int = 1, count: int = 1) -> str:
    return f"t/{folder}/{ObjectName(run, version, index, count)}"


def test_a_name_tells_what_it_was_made_of():
    """A name that anyone else gave tells nothing."""
    run = new_run(NOW, "1f0a9c3e", [])
    assert run == "20240102T030405678901Z-1f0a9c3e"
    name = ObjectName(run, VERSION, 2, 3)
    assert str(name) == f"{run}-{VERSION}-00002-of-00003.parquet"
    assert ObjectName.of(f"a/b=c/{name}") == name
    assert ObjectName.of("a/b=c/0f3a.snappy.parquet") is None


def test_later_runs_have_greater_ids():
    """As texts, so that a listing shows them in order."""
    runs = [new_run(NOW + timedelta(microseconds=n), f"{9 - n:08x}", []) for n in range(5)]
    assert runs == sorted(runs)


def test_a_run_is_newer_than_all_it_could_see():
    """Also where the clock of the machine that wrote them is an hour ahead."""
    seen = key("d=1", new_run(NOW + timedelta(hours=1), "ffffffff", []))
    run = new_run(NOW, "00000000", ["t/d=1/foreign.parquet", seen])
    assert run == "20240102T040405678902Z-00000000"


def test_a_run_stands_when_it_is_whole_and_alone():
    """Neither a part of it, nor one with leftovers beside it, nor of another version."""
    run = new_run(NOW, "1f0a9c3e", [])
    both = [key("d=1", run, index=1, count=2), key("d=2", run, index=2, count=2)]
    assert loaded_run(both, VERSION) == both
    assert loaded_run([*both, key("d=3", run, OTHER)], VERSION) == both
    assert loaded_run(both[:1], VERSION) == []
    assert loaded_run(both, OTHER) == []
    assert loaded_run([*both, "t/d=2/leftover.parquet"], VERSION) == []
    assert loaded_run([*both, "t/d=2/deeper/leftover.parquet"], VERSION) == []
    assert loaded_run([], VERSION) == []


def test_of_two_whole_runs_the_newer_stands():
    """They are in different partitions."""
    old, new = new_run(NOW, "1f0a9c3e", []), new_run(NOW + timedelta(days=1), "1f0a9c3e", [])
    assert loaded_run([key("d=1", old), key("d=2", new)], VERSION) == [key("d=2", new)]

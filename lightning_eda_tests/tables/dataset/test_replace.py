import itertools
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any

import pytest

from lightning_eda.errors import DatasetError, StorageError
from lightning_eda.storage.folder import FolderStore
from lightning_eda.tables.dataset.object_names import ObjectName
from lightning_eda.tables.dataset.replace import NewPartition, Outcome, replace_partitions
from lightning_eda_tests.tables.dataset.interleaving import KilledError, Turn, TurnStore, interleave
from lightning_eda_tests.tables.dataset.parquet_files import SCHEMA, new_partition, run_of

FOLDER = "data/day=20240101/"
FOREIGN = FOLDER + "0a1b2c.snappy.parquet"


def nothing() -> None:
    """A catalogue that there is none of."""


class Scene:
    """One partition in a folder, and the runs that replace it.

    Runs have numbers, 1 the oldest; 0 is what was there before.
    """

    def __init__(self, place: Path, before: str) -> None:
        self.place = place
        self.root = place / "bucket"
        rmtree(self.root, ignore_errors=True)
        (self.root / FOLDER).mkdir(parents=True)
        self.files = {number: new_partition(place, f"w{number}") for number in range(5)}
        if before == "foreign":
            (self.root / FOREIGN).write_bytes(self.files[0].file.path.read_bytes())
        elif before == "ours":
            self.replace(0)
        self.had_rows = before != "nothing"
        self.looks: list[set[int]] = []

    def replace(self, number: int) -> Outcome:
        """One run alone."""
        (outcome,) = replace_partitions(
            FolderStore(self.root), run_of(number), [self.files[number]], SCHEMA, nothing
        )
        return outcome

    def holds(self) -> set[int]:
        """The runs of which objects are there."""
        names = [path.name for path in (self.root / FOLDER).iterdir() if path.suffix == ".parquet"]
        found = [ObjectName.of(name) for name in names]
        return {int(name.run[-8:], 16) if name else 0 for name in found}

    def look(self) -> None:
        """What a reader finds now: once there were rows, there are rows."""
        seen = self.holds()
        assert seen or not self.had_rows
        self.looks.append(seen)

    def play(self, schedule: Any, turns: list[Turn]) -> list[Any]:
        """Runs 1, 2, ... at once, in the order of the schedule; their ends."""

        def run(number: int, turn: Turn) -> list[Outcome]:
            store = TurnStore(self.root, turn)
            files: list[NewPartition] = [self.files[number]]
            return replace_partitions(store, run_of(number), files, SCHEMA, turn.take)

        bodies = [
            lambda number=number, turn=turn: run(number, turn) for number, turn in enumerate(turns, start=1)
        ]
        return interleave(bodies, turns, schedule, self.look)


def winners(ends: list[Any]) -> list[int]:
    """The runs that say they have won."""
    return [
        number for number, end in enumerate(ends, start=1) if isinstance(end, list) and end[0].won_by is None
    ]


@pytest.mark.parametrize("before", ["nothing", "foreign", "ours"])
def test_a_replaced_partition_holds_exactly_the_new_object(tmp_path: Path, before: str):
    """Whatever wrote the old ones."""
    scene = Scene(tmp_path, before)
    outcome = scene.replace(1)
    assert scene.holds() == {1}
    assert (outcome.rows, outcome.won_by) == (3, None)
    assert (scene.root / outcome.key).stat().st_size == outcome.size


def test_a_sibling_whose_name_begins_alike_is_not_touched(tmp_path: Path):
    """`day=2024010` and `day=20240101x`, and `data_x/` beside `data/`, keep their objects."""
    scene = Scene(tmp_path, "foreign")
    others = ["data/day=20240101x/a.parquet", "data/day=2024010/a.parquet", "data_x/day=20240101/a.parquet"]
    for other in others:
        (scene.root / other).parent.mkdir(parents=True)
        (scene.root / other).write_bytes(b"other")
    scene.replace(1)
    assert all((scene.root / other).read_bytes() == b"other" for other in others)
    assert scene.holds() == {1}


def test_what_a_foreign_writer_adds_meanwhile_stays(tmp_path: Path):
    """Only what was listed before is deleted: rows that came later are not ours to judge."""
    scene = Scene(tmp_path, "foreign")
    late = scene.root / FOLDER / "late.parquet"

    def register() -> None:
        late.write_bytes(b"late")
        (scene.root / FOREIGN).write_bytes(b"replaced")

    replace_partitions(FolderStore(scene.root), run_of(1), [scene.files[1]], SCHEMA, register)
    assert late.read_bytes() == b"late"
    assert (scene.root / FOREIGN).read_bytes() == b"replaced"


def test_an_older_run_that_comes_late_puts_nothing(tmp_path: Path):
    """It finds the newer one and leaves it alone."""
    scene = Scene(tmp_path, "nothing")
    scene.replace(2)
    outcome = scene.replace(1)
    assert outcome.won_by is not None
    assert outcome.won_by.run == run_of(2).id
    assert scene.holds() == {2}


def test_leftovers_of_killed_runs_go_with_the_next(tmp_path: Path):
    """However many there are."""
    scene = Scene(tmp_path, "foreign")
    for number in (1, 2):
        scene.play([], [Turn() for _ in range(number - 1)] + [Turn(dies_at=5)])
    assert len(scene.holds()) > 1
    scene.replace(3)
    assert scene.holds() == {3}


def test_a_file_with_other_rows_than_sent_is_taken_back(tmp_path: Path):
    """What is read back is compared with what was written."""
    scene = Scene(tmp_path, "foreign")
    lying = new_partition(tmp_path, "w1", rows=3)
    lying = NewPartition(lying.folder, type(lying.file)(("20240101",), lying.file.path, 4, lying.file.size))
    with pytest.raises(DatasetError, match=r"holds 3 rows .* in place of the 4 rows"):
        replace_partitions(FolderStore(scene.root), run_of(1), [lying], SCHEMA, nothing)
    assert scene.holds() == {0}


def requests_of_a_run(tmp_path: Path, before: str) -> int:
    turn = Turn()
    Scene(tmp_path, before).play([], [turn])
    return turn.requests


def orders(count: int, most: int) -> list[tuple[int, ...]]:
    """The places of one run's requests among those of two; a sample of `most`."""
    every = list(itertools.combinations(range(2 * count), count))
    return Random(count).sample(every, min(most, len(every)))


def play_two(tmp_path: Path, before: str, most: int) -> None:
    count = requests_of_a_run(tmp_path, before)
    for places in orders(count, most):
        scene = Scene(tmp_path, before)
        ends = scene.play([int(place in places) for place in range(2 * count)], [Turn(), Turn()])
        assert scene.holds() == {2}, (places, ends)
        assert 2 in winners(ends), (places, ends)
        assert all(isinstance(end, list) for end in ends), (places, ends)


@pytest.mark.parametrize("before", ["nothing", "foreign", "ours"])
def test_whatever_the_order_of_two_runs_the_newer_wins_whole(tmp_path: Path, before: str):
    """There are always rows, and at the end one run's alone; a sample of all interleavings."""
    play_two(tmp_path, before, 50)


@pytest.mark.long
@pytest.mark.parametrize("before", ["nothing", "foreign", "ours"])
def test_in_every_order_of_two_runs_the_newer_wins_whole(tmp_path: Path, before: str):
    """Each of the 252 to 3,432 interleavings of their requests."""
    play_two(tmp_path, before, 10**6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("end", ["dies", "fails"])
def test_runs_that_die_or_fail_among_others_lose_no_rows(tmp_path: Path, seed: int, end: str):
    """Three runs in any order, two of which may end at any request; the next run finds all well."""
    random = Random(f"{seed} {end}")
    for _ in range(60):
        before = random.choice(["nothing", "foreign", "ours"])
        scene = Scene(tmp_path, before)
        at = [random.choice([None, random.randint(1, 8)]) for _ in range(2)]
        ended = [Turn(dies_at=n) if end == "dies" else Turn(fails_at=n) for n in at]
        turns = random.sample([*ended, Turn()], 3)
        ends = scene.play(random.choices(range(3), k=30), turns)
        story = (before, [(turn.dies_at, turn.fails_at) for turn in turns], ends)
        won = winners(ends)
        if won:
            assert max(scene.holds(), default=0) >= max(won), story
        if end == "fails" and not any(isinstance(e, DatasetError) for e in ends):
            assert len(scene.holds()) <= 1, story
        assert all(isinstance(e, (list, StorageError, DatasetError, KilledError)) for e in ends), story
        scene.replace(4)
        assert scene.holds() == {4}, story

"""A load that is killed, or finds the disk full, leaves the old hour or the new one, and a rerun heals."""

import random
import resource
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from lightning_eda.errors import WarehouseError
from lightning_eda.series import TABLES
from lightning_eda.warehouse.database.connection import writer
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.warehouse.child import LoadingProcess
from lightning_eda_tests.warehouse.contents import content_hash, load
from lightning_eda_tests.warehouse.hours import NOW, hour_at, make_hour, write_series

HOUR = hour_at("2024-05-01T03:00")


@pytest.fixture
def versions(tmp_path: Path) -> list[Path]:
    """Two versions of one hour, in folders named by the hour."""
    folders = [tmp_path / name / "2024-05-01T03" for name in ("old", "new")]
    for seed, folder in enumerate(folders):
        write_series(folder, make_hour(HOUR, seed=seed, granules=90, flashes=20, groups_per_flash=8))
    return folders


def undisturbed(database: Path, folder: Path) -> tuple[str, float]:
    """The content hash of a load nothing happens to, and its seconds in a process of its own."""
    child = LoadingProcess(database, [folder])
    began = time.perf_counter()
    child.go()
    child.finish()
    seconds = time.perf_counter() - began
    return content_hash(database), seconds


@pytest.mark.parametrize(("kills", "span"), [(7, 2.0), pytest.param(20, 1.4, marks=pytest.mark.slow)])
def test_killed_loads_leave_old_or_new_and_a_rerun_heals(
    tmp_path: Path, versions: list[Path], kills: int, span: float
) -> None:
    """Killed at moments spread over the load: the hour is all old or all new, and a rerun heals it.

    Where the machine was slower, or quicker, than in the load that was timed, more moments are tried.
    """
    old_database = tmp_path / "old.duckdb"
    old_hash, _ = undisturbed(old_database, versions[0])
    replaced = Path(shutil.copy(old_database, tmp_path / "replaced.duckdb"))
    new_hash, seconds = undisturbed(replaced, versions[1])
    assert old_hash != new_hash
    moments = random.Random(17)
    outcomes: list[str] = []
    number = 0
    while number < kills or (number < 2 * kills and not {"old", "new"} <= set(outcomes)):
        database = tmp_path / f"{number}.duckdb"
        makes_it = number % 4 == 0  # every fourth load makes the database, too
        if not makes_it:
            shutil.copy(old_database, database)
        child = LoadingProcess(database, [versions[1]])
        child.go()
        wait_s = span * seconds * (number + moments.random()) / kills
        time.sleep(wait_s if number < kills or "new" not in outcomes else seconds / 2 ** (number - kills + 2))
        child.kill()
        outcomes.append(check_whole(database, old_hash, new_hash, makes_it))
        series = {name: versions[1] / f"{name}.csv" for name in TABLES}
        replace_hour(database, HOUR, ["G18"], series, NOW)
        assert content_hash(database) == new_hash
        left = {path.name for path in tmp_path.glob(f"{number}.duckdb*")}
        assert left == {database.name, f"{database.name}.lock"}
        number += 1
    assert {"old", "new"} <= set(outcomes), f"the moments did not span the load: {outcomes}"


def check_whole(database: Path, old_hash: str, new_hash: str, made_by_child: bool) -> str:
    """Which of the two the database holds; it must be exactly one of them."""
    if made_by_child and not database.exists():
        return "absent"
    found = content_hash(database)
    if found == new_hash:
        return "new"
    if made_by_child:
        with_nothing = database.with_name("empty.duckdb")
        if not with_nothing.exists():
            load_nothing(with_nothing)
        assert found == content_hash(with_nothing)
        return "made"
    assert found == old_hash
    return "old"


def load_nothing(database: Path) -> None:
    """Makes a database without rows: its one load is refused inside the transaction."""
    with suppress(InterruptedError), writer(database):
        raise InterruptedError


FULL_DISK = """
import resource, sys
from pathlib import Path
from lightning_eda.errors import WarehouseError
from lightning_eda.warehouse.writing.hour import replace_hour
from lightning_eda_tests.warehouse.hours import NOW, hour_at
database, folder, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
series = {name: folder / f"{name}.csv" for name in ("granules", "flashes", "groups", "events")}
try:
    replace_hour(database, hour_at("2024-05-01T03:00"), ["G18"], series, NOW)
except WarehouseError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no file size limit on this system")
def test_a_full_disk_is_one_error_and_changes_nothing(tmp_path: Path, versions: list[Path]) -> None:
    """When the file cannot grow, the load fails with WarehouseError naming it; the old hour stays."""
    database = tmp_path / "small.duckdb"
    old_hash, _ = undisturbed(database, versions[0])
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(database), str(versions[1]), str(database.stat().st_size)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert str(database) in ran.stdout
    assert content_hash(database) == old_hash
    assert undisturbed(database, versions[1])[0] != old_hash


def test_an_error_in_the_transaction_undoes_all_of_it(tmp_path: Path) -> None:
    """A statement that fails after others succeeded leaves the hour as it was."""
    database = tmp_path / "x.duckdb"
    load(database, tmp_path / "series", HOUR, make_hour(HOUR))
    before = content_hash(database)
    with pytest.raises(WarehouseError, match="nothing was changed"), writer(database) as connection:
        connection.execute("DELETE FROM flashes")
        connection.execute("SELECT 1 FROM no_such_table")
    assert content_hash(database) == before
    with duckdb.connect(str(database)) as free:  # closed: a foreign program can write
        free.execute("CREATE TABLE notes (line VARCHAR)")

"""Hours in the lake: the same assets, the same rows, and nothing of it is loaded where there is no lake."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lightning_eda.fleet.workers import each_done
from lightning_eda.lake.layout import HourKey
from lightning_eda.lake.location import Lake
from lightning_eda.series import TABLES
from lightning_eda_tests.lake.lakes import hour_rows, lake_at
from lightning_eda_tests.orchestration.conftest import LIGHTNING_GROUPS
from lightning_eda_tests.orchestration.ingestor.test_assets import failure, metadata
from lightning_eda_tests.support.hours import HOUR, simulate
from lightning_eda_tests.support.opened import opened
from lightning_eda_tests.warehouse.contents import stored

KEY = "2024-07-01-20:00"
FEW_K = {"ops": {"kmeans_cluster": {"config": {"k_min": 2, "k_max": 4, "n_init": 1}}}}


@pytest.fixture
def both(tmp_path: Path, settings):
    """Settings without a lake, and the same with one, in data folders of their own."""
    plain = settings(tiers="flash,group,event")
    with_lake = dataclasses.replace(
        plain,
        data_dir=str(tmp_path / "other"),
        duckdb_path=str(tmp_path / "other" / "lightning.duckdb"),
        lake=f"{tmp_path}/lake",
    )
    return plain, with_lake


def lake_of(settings) -> Lake:
    return lake_at(settings.lake)


def equal_rows(plain, with_lake) -> bool:
    """Whether database and lake hold the same rows of the hour, in every column of every table."""
    found = hour_rows(lake_of(with_lake), HourKey(HOUR, "G18"))
    for name, table in TABLES.items():
        expected = stored(Path(plain.duckdb_path), name)
        order = [(key, "ascending") for key in table.key]
        rows = found[name].select(expected.column_names).cast(expected.schema)
        if not rows.sort_by(order).equals(expected.sort_by(order)):
            return False
    return True


def test_the_lake_holds_the_rows_of_the_database(tmp_path, both, run):
    """Damaged granules, a gap and all tiers; a second run changes neither, a late granule both."""
    late = simulate(tmp_path / "archive", faults=[("truncated", 0), ("lost_blocks", 2)])[3]
    content = late.read_bytes()
    late.unlink()
    plain, with_lake = both
    results = [run(chosen, KEY) for chosen in both]
    assert all(result.success for result in results)
    assert equal_rows(plain, with_lake)
    names = [name for name in metadata(results[0], "load") if name.startswith("rows_")]
    assert [metadata(results[0], "load")[name] for name in names] == [
        metadata(results[1], "load")[name] for name in names
    ]
    again = run(with_lake, KEY)
    assert metadata(again, "load")["changed"] is False
    late.write_bytes(content)
    for chosen in both:
        assert metadata(run(chosen, KEY), "load")["changed"] is True
    assert equal_rows(plain, with_lake)


@pytest.mark.slow
def test_an_hour_that_is_emptied_goes_from_the_lake(tmp_path, both, run):
    """As from the database: its source is known, and has no granule of it any more."""
    paths = simulate(tmp_path / "archive")
    simulate(tmp_path / "archive", hour=HOUR.replace(hour=22))
    _, with_lake = both
    run(with_lake, KEY)
    for path in paths:
        path.unlink()
    result = run(with_lake, KEY)
    assert metadata(result, "load")["rows_replaced"] > 0
    assert all(rows.num_rows == 0 for rows in hour_rows(lake_of(with_lake), HourKey(HOUR, "G18")).values())


@pytest.mark.slow
@pytest.mark.usefixtures("undrawn")
def test_the_analysis_of_the_lake_is_that_of_the_database(tmp_path, both, run):
    """The same rows to cluster, bit for bit; scores and clusters are in the DuckDB file in both cases."""
    simulate(tmp_path / "archive")
    plain, with_lake = both
    for chosen in both:
        assert run(chosen, KEY, run_config=FEW_K, group=LIGHTNING_GROUPS).success
    cleaned = [next(Path(one.data_dir).glob("clusters/*/rows.parquet")) for one in (plain, with_lake)]
    assert pq.read_table(cleaned[0]).equals(pq.read_table(cleaned[1]))
    scores = []
    for chosen in both:
        with opened(chosen.duckdb_path) as database:
            scores.append(database.sql("SELECT * FROM k_scores ORDER BY k").fetchall())
    assert scores[0] == scores[1] != []


def test_a_cluster_without_a_lake_is_refused(tmp_path, settings, run):
    """Its workers have no way to the database file."""
    simulate(tmp_path / "archive")
    result = run(settings(dask_scheduler="tcp://127.0.0.1:1"), KEY)
    assert failure(result).startswith("LIGHTNING_LAKE: it is not set; allowed: s3://bucket/prefix")


@pytest.mark.slow
def test_the_default_run_loads_neither_dask_nor_deltalake(tmp_path, settings):
    """The packages are an extra: whoever has no lake needs none of them, and waits for none."""
    simulate(tmp_path / "archive")
    (tmp_path / "up" / "20240101").mkdir(parents=True)
    (tmp_path / "up" / "20240101" / "a.csv").write_text("id\n1\n")
    chosen = settings()
    code = f"""
import sys, dagster as dg
from lightning_eda.definitions import build_definitions
from lightning_eda.settings import Settings
d = build_definitions(Settings(bucket={chosen.bucket!r}, archive_dir={chosen.archive_dir!r},
    data_dir={chosen.data_dir!r}, duckdb_path={chosen.duckdb_path!r}))
assets = [a for a in d.assets if "ingestor" in a.group_names_by_key.values()]
with dg.DagsterInstance.ephemeral() as instance:
    result = dg.materialize(assets, resources=dict(d.resources), partition_key={KEY!r}, instance=instance)
assert result.success
from datetime import UTC, datetime
from pathlib import Path
from lightning_eda.settings import CsvSettings
from lightning_eda.storage.aws import Access
from lightning_eda.tables.load import load_table
from lightning_eda.tables.task import Servers, TableTask
root = Path({str(tmp_path)!r})
csv = CsvSettings(bucket_src=f"{{root}}/up", prefix="", bucket_dstn=f"{{root}}/up", pathoutput="table")
task = TableTask.from_settings(csv, Servers(Access()))
assert load_table(task, "20240101", root / "scratch", datetime.now(UTC)).rows == 1
import lightning_eda.fleet.hours, lightning_eda.warehouse.cleaning.cell_sums  # what long windows load
assert not {{"dask", "distributed", "deltalake", "lightning_eda.lake"}} & set(sys.modules), "loaded"
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_without_an_address_the_tasks_run_here():
    """One after the other; what goes wrong with one does not keep the others from being done."""
    from lightning_eda.errors import SeriesError

    def halve(number: int) -> int:
        if number % 2:
            raise SeriesError(f"{number} is odd")
        return number // 2

    done = dict(each_done(None, halve, {"a": 4, "b": 3, "c": 2}))
    assert (done["a"], done["c"], str(done["b"])) == (2, 1, "3 is odd")

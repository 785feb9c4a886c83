"""From the flashes of a day to storm cells: the assets, and the same by distance clustering."""

import gzip
import json
import logging
import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from lightning_eda.definitions import build_definitions
from lightning_eda.figures.maps import storm_map
from lightning_eda.settings import DistanceSettings
from lightning_eda_tests.clustering.storms.flash_keys import parse_flash_item
from lightning_eda_tests.orchestration.conftest import logged
from lightning_eda_tests.orchestration.storm_cells.days import (
    DAY,
    GROUP,
    START,
    clusters_of,
    config,
    failure,
    metadata,
    only,
    pairs_path,
    storms_of_day,
)
from lightning_eda_tests.servers.s3 import S3Bucket
from lightning_eda_tests.warehouse.contents import rows_with
from lightning_eda_tests.warehouse.detections import store

pytest_plugins = ["lightning_eda_tests.servers.fixtures"]
run_cells = only("flash_pairs", "storm_cells")


def test_a_day_becomes_cells_on_a_map(stormy, run, tmp_path):
    """Three storms are three cells; offline, without any setting, everything is in the data folder."""
    result = run(stormy, DAY, group=GROUP)
    assert result.success
    cells = cells_of(stormy)
    assert sorted(cell["flashes"] for cell in cells) == [25, 30, 40]
    largest = max(cells, key=lambda cell: cell["flashes"])
    assert (largest["center_lat"], largest["center_lon"]) == pytest.approx((10.0, -130.0), abs=0.02)
    (dateline,) = [cell for cell in cells if cell["flashes"] == 25]
    assert abs(dateline["center_lon"]) == pytest.approx(179.98, abs=0.02)
    assert max(cell["radius_km"] for cell in cells) < 12.0
    assert len(flashes_of(stormy)) == 95
    figures = tmp_path / "data" / "figures" / "2024-07-01T00_2024-07-02T00"
    endings = {path.suffix for path in figures.glob("storm_cells.*")}
    assert endings == {".png", ".html", ".geojson", ".parquet"}
    with duckdb.connect() as reader:
        files = f"'{figures}/storm_cells.parquet'"
        shapes = reader.sql(
            f"SELECT cell, ST_AsText(geometry).regexp_extract('\\w+') FROM {files}"
        ).fetchall()
    assert dict(shapes)[dateline["cell"]] == "MULTIPOLYGON"
    assert sorted(kind for _, kind in shapes) == ["MULTIPOLYGON", "POLYGON", "POLYGON"]
    shown = metadata(result, "storm_cells")
    assert shown["dagster/row_count"] == 3
    assert shown["noise_share"] == pytest.approx(10 / 105)
    assert shown["granules"] == granules(stormy)
    assert re.match(r"!\[[^]]+\]\(data:image/png;base64,", shown["map"])
    assert len(shown["map"]) < 140_000
    assert [record["flashes"] for record in json_table(shown["largest_cells"])] == [40, 30, 25]
    pairs = metadata(result, "flash_pairs")
    assert (pairs["flashes"], pairs["isolated_flashes"], pairs["granules"]) == (105, 10, granules(stormy))
    lines = gzip.decompress(pairs_path(tmp_path).read_bytes()).count(b"\n")
    assert pairs["neighbours_per_flash"] == pytest.approx(2 * lines / 105), "of a pair both are neighbours"
    assert not list((tmp_path / "data" / "clusters").rglob("*.csv.gz"))


def cells_of(settings, day: str = DAY) -> list[dict]:
    return rows_with(settings.duckdb_path, "storm_cells", day=day).to_pylist()


def flashes_of(settings, day: str = DAY) -> list[dict]:
    return rows_with(settings.duckdb_path, "storm_cell_flashes", day=day).to_pylist()


def json_table(value) -> list[dict]:
    return [json.loads(json.dumps(record.data)) for record in value.records]


def granules(stormy) -> str:
    starts = {row["granule_start"] for row in storms_of_day()}
    return f"{len(starts)} of 4,320"


def test_pairs_are_in_the_format_of_distance_clustering(with_cells, tmp_path):
    """item,item,km without a header; each item names a flash of the day."""
    lines = gzip.decompress(pairs_path(tmp_path).read_bytes()).decode().splitlines()
    assert len(lines) > 500
    known = {(row["granule_start"], row["flash_id"]) for row in storms_of_day()}
    for line in lines:
        first, second, km = line.split(",")
        assert re.fullmatch(r"\d+\.\d{3}", km)
        assert float(km) <= 15.0
        for item in (first, second):
            assert parse_flash_item(item)[1:] in known


def test_distance_clustering_of_the_pairs_gives_the_same_clusters(with_cells, run, tmp_path):
    """System 2 with INPUT_FOLDER=flash_pairs and the same EPSILON: the same bytes."""
    other = DistanceSettings(
        bucket=str(tmp_path / "data" / "bucket"),
        input_folder="flash_pairs",
        output_folder="clusters",
        epsilon="12",
        min_samples="5",
        max_records="0",
    )
    assert run(replace(with_cells, distances=other), DAY, group="distance_clustering").success
    bucket = tmp_path / "data" / "bucket"
    name = f"day={DAY}/clusters.csv.gz"
    assert (bucket / "clusters" / name).read_bytes() == (bucket / "storm_cells" / name).read_bytes()


def test_the_file_and_the_tables_number_alike(with_cells, tmp_path):
    """The cluster of an item is the cell of its flash."""
    clusters = clusters_of(tmp_path / "data" / "bucket" / "storm_cells" / f"day={DAY}" / "clusters.csv.gz")
    rows = flashes_of(with_cells)
    by_key = {(row["satellite"], row["granule_start"], row["flash_id"]): row["cell"] for row in rows}
    assert {parse_flash_item(item): cell for item, cell in clusters.items()} == by_key


@pytest.mark.usefixtures("undrawn")
def test_in_a_bucket(stormy, tmp_path, s3_bucket: S3Bucket, monkeypatch):
    """BUCKET takes both objects; the folders can be named; nothing goes to the local folder."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    chosen = replace(
        stormy,
        distances=DistanceSettings(bucket=s3_bucket.name, flash_pairs_folder="p/", storm_cells_folder="c"),
        s3_endpoint_url=s3_bucket.endpoint_url,
    )
    result = run_cells(chosen)
    assert result.success, failure(result)
    listed = s3_bucket.client.list_objects_v2(Bucket=s3_bucket.name)["Contents"]
    assert {entry["Key"] for entry in listed} == {
        f"p/day={DAY}/flash_pairs.csv.gz",
        f"c/day={DAY}/clusters.csv.gz",
    }
    assert not (tmp_path / "data" / "bucket").exists()


@pytest.mark.slow
def test_running_it_again_writes_the_same(stormy, tmp_path):
    """Both objects, both tables, both figures."""

    def contents():
        roots = [tmp_path / "data" / name for name in ("bucket", "figures")]
        files = {str(path): path.read_bytes() for root in roots for path in root.rglob("*") if path.is_file()}
        return files, cells_of(stormy), flashes_of(stormy)

    run_cells(stormy)
    before = contents()
    assert run_cells(stormy).success
    assert contents() == before


@pytest.mark.usefixtures("undrawn")
def test_a_range_is_one_run_day_by_day(stormy, monkeypatch):
    """Each day with its own numbers; one that was never loaded has 0 cells, and its map says why."""
    told = []
    monkeypatch.setattr(storm_map, "notice", lambda _, *words: told.append(words))
    store(Path(stormy.duckdb_path), flashes=storms_of_day(day=START + timedelta(days=2), seed=4))
    result = run_cells(stormy, (DAY, "2024-07-03"))
    assert result.success
    events = result.asset_materializations_for_node("storm_cells")
    by_day = {event.partition: event.metadata["dagster/row_count"].value for event in events}
    assert by_day == {DAY: 3, "2024-07-02": 0, "2024-07-03": 3}
    (empty,) = [event for event in events if event.partition == "2024-07-02"]
    assert empty.metadata["status"].value == "no flashes are loaded for this day"
    assert cells_of(stormy, "2024-07-02") == []
    assert told == [("No storm cells", "Nothing of this window is loaded.")]


@pytest.mark.usefixtures("undrawn")
def test_a_day_without_flashes_is_a_warning_in_the_log(stormy, run):
    """Once by each that looks for flashes; nothing else would say so. A day with flashes has no warning."""
    assert logged(run.instance, run(stormy, DAY, group=GROUP), logging.WARNING) == []
    told = "2024-07-02: no flashes are loaded for this day: are its hours loaded?"
    assert logged(run.instance, run(stormy, "2024-07-02", group=GROUP), logging.WARNING) == 3 * [told]


@pytest.mark.usefixtures("undrawn")
def test_two_satellites_are_kept_apart(settings, tmp_path):
    """The same lightning twice gives the cells of each; one can be chosen, in small letters, too.

    How much of the day is loaded, and of that in quarantine, is then said of that one.
    """
    made = settings()
    (tmp_path / "data").mkdir()
    store(Path(made.duckdb_path), flashes=storms_of_day("G18") + storms_of_day("G16", seed=2))
    late = {"granule_start": datetime(2024, 7, 1, 23), "status": "quarantined"}
    store(Path(made.duckdb_path), granules=[{"satellite": name, **late} for name in ("G16", "G18")])
    assert run_cells(made).success
    assert sorted((cell["satellite"], cell["flashes"]) for cell in cells_of(made)) == [
        (name, count) for name in ("G16", "G18") for count in (25, 30, 40)
    ]
    result = run_cells(made, DAY, config(flash_pairs={"satellites": ["g16"]}))
    assert metadata(result, "storm_cells")["granules"] == metadata(result, "flash_pairs")["granules"]
    assert metadata(result, "storm_cells")["granules"].endswith(" of 4,320, 1 of them quarantined")
    assert {row["satellite"] for row in cells_of(made)} == {"G16"}
    assert {row["satellite"] for row in flashes_of(made)} == {"G16"}


@pytest.mark.usefixtures("undrawn")
def test_the_limits_can_be_chosen(stormy):
    """With 60 km, the two storms half a degree apart are one cell."""
    options = config(flash_pairs={"max_km": 60.0}, storm_cells={"eps_km": 60.0, "min_samples": 3})
    assert run_cells(stormy, DAY, options).success
    assert sorted(cell["flashes"] for cell in cells_of(stormy)) == [25, 70]


def test_hours_feed_days_pinned_or_not(settings):
    """The definitions hold together in both shapes."""
    for made in (settings(), settings(goes_year="2024", goes_doy="183")):
        definitions = build_definitions(made)
        dg.Definitions.validate_loadable(definitions)
        graph = definitions.resolve_asset_graph()
        assert graph.get(dg.AssetKey("flash_pairs")).parent_keys == {dg.AssetKey("load")}
        assert graph.get(dg.AssetKey("storm_cells")).parent_keys == {dg.AssetKey("flash_pairs")}
